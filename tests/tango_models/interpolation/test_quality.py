import numpy as np

from tango_models.interpolation.interpolators import HardCut
from tango_models.interpolation.quality import seam_quality
from tango_models.interpolation.warping.flow import FlowInterpolator
from tests.tango_models.interpolation.scenes import seam


def walk(start: float, step: float = 1.0, hand=(20, 30)) -> list[dict]:
    return [{"x": start + step * k, "y": 75, "hand": (hand[0] + step * k, hand[1])} for k in range(8)]


def test_a_cut_between_distant_poses_shows_as_a_jump_and_flow_softens_it():
    scene = seam(walk(45), walk(54, hand=(27, 33)))
    cut = seam_quality(scene, HardCut().interpolate(scene))
    flow = seam_quality(scene, FlowInterpolator().interpolate(scene))
    assert cut.jump > 2 and cut.sharpness > 0.95
    assert flow.jump < 0.8 * cut.jump and flow.sharpness > 0.8


def test_natural_playback_is_neither_a_jump_nor_blurred():
    scene = seam(walk(50), walk(50))
    quality = seam_quality(scene, scene.outgoing)
    assert quality.jump == 1.0 and quality.sharpness == 1.0


def test_a_cross_fade_shows_as_blur():
    scene = seam(walk(45), walk(57))
    share = np.linspace(0, 1, 8)[:, None, None, None]
    faded = (scene.outgoing * (1 - share) + scene.incoming * share).astype(np.uint8)
    assert seam_quality(scene, faded).sharpness < 0.9
