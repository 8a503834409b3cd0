"""The small model learns 16 frames by heart, by the stages of its training, and makes them from noise."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tango_models.interpolation.acinterp import checkpoints
from tango_models.interpolation.acinterp.configuration import SamplingConfig
from tango_models.interpolation.acinterp.learning.diffusing import psnr
from tango_models.interpolation.acinterp.learning.stages import train_stage
from tango_models.interpolation.acinterp.learning.takes import Take, Takes
from tango_models.interpolation.acinterp.learning.windows import WindowConfig, draw_windows
from tango_models.interpolation.acinterp.poses import Poses
from tango_models.interpolation.acinterp.sampling import sample
from tango_models.interpolation.acinterp.windows import conditions
from tango_models.interpolation.seam_points import TORSO, arm_points, head_circle
from tango_models.interpolation.warping.arms import bridged
from tango_models.media.pictures.frames import iter_frames
from tango_models.perception.detector import HolisticDetector
from tango_models.synthetic.speaker import SPEAKER_VIDEO

pytestmark = pytest.mark.soak

WINDOW = WindowConfig(side=64, frames=16, context=2, shortest=16)
MOVING = 0.2  # of the range of a colour
FIRST = 40  # from where on the shipped speaker moves both arms
STAGES = {
    "vae": {"steps": 240, "batch": 2, "lr": 1e-3},
    "1": {"steps": 120, "batch": 4, "lr": 1e-3},
    "2": {"steps": 40, "lr": 1e-3, "seeds_first": 0.0, **{k: v for k, v in vars(WINDOW).items() if k != "side"}},
}


def speaker(side: int = 384) -> Take:
    """As many frames of the shipped synthetic speaker as a window takes, with landmarks as the detector sees them."""
    frames = [
        cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)
        for frame in islice(iter_frames(SPEAKER_VIDEO), FIRST, FIRST + WINDOW.length)
    ]
    with HolisticDetector() as detector:
        seen = detector.detect(frames)
    arms = bridged(arm_points(seen.body_xy, seen.body_visibility, seen.hands_xy))
    poses, pictures = Poses(seen.body_xy[:, TORSO], arms, head_circle(seen.body_xy)), np.stack(frames)
    return Take("ann", poses, seen.mask.astype(bool), lambda wanted: pictures[list(wanted)])


def test_sixteen_frames_are_learnt_by_heart_and_made_from_noise(tmp_path: Path):
    take, start = speaker(), None
    for stage, options in STAGES.items():
        given = {"side": WINDOW.side, "warm_up": 10, "checkpoint_every": 1000, **options}
        start = train_stage(stage, [take], tmp_path / stage, start=start, options=given)
    assert start is not None
    model = checkpoints.load(start)
    assert model.parameter_count() <= 20e6
    windows = draw_windows(Takes([take], least=WINDOW.length), WINDOW, np.random.default_rng(0), 1)
    true = windows.frames[0]
    with torch.no_grad():
        coded = model.decode(model.encode(true))
        latents = sample(model, conditions(model, windows), SamplingConfig(guidance=1.0))
        made = model.decode(latents)[0]
    share = torch.linspace(0, 1, len(true)).view(-1, 1, 1, 1)
    faded = (1 - share) * true[:1] + share * true[-1:]
    moving = (true.amax(0) - true.amin(0)).amax(0) > MOVING

    def between(pictures: torch.Tensor) -> tuple[float, float]:
        """Of the frames that were not given, dB over whole pictures and where something moves."""
        return psnr(pictures[1:-1], true[1:-1]), psnr(pictures[1:-1, :, moving], true[1:-1, :, moving])

    figures = {
        "autoencoder": psnr(coded, true), "all frames": psnr(made, true), "made": between(made)[0],
        "made, moving": between(made)[1], "faded": between(faded)[0], "faded, moving": between(faded)[1],
    }  # fmt: skip
    print({name: round(value, 2) for name, value in figures.items()})
    assert figures["autoencoder"] >= 27
    assert figures["made"] >= 24
    # Most of such a picture stands still, and a fade from the first to the last frame is above 24 dB too.
    assert figures["made, moving"] > figures["faded, moving"]
