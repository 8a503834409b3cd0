import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.interpolation.interpolators import create_interpolator
from tango_models.interpolation.seam import Seam, window_alpha
from tango_models.interpolation.warping.alignment import torso_similarity
from tango_models.interpolation.warping.flow import FlowInterpolator
from tests.tango_models.interpolation.scenes import SIDE, backdrop, figure, points, seam


def torso_centre(frame: np.ndarray) -> float:
    """Horizontal centre of what differs from the backdrop in the torso's rows."""
    difference = np.abs(frame.astype(int) - backdrop()).max(-1)[50:100] > 25
    return float(np.average(np.arange(SIDE), weights=difference.sum(0)))


def shifted(pixels: float, count: int = 8, **options) -> Seam:
    return seam([{"x": 58, "y": 75, **options}] * count, [{"x": 58 + pixels, "y": 75, **options}] * count)


def test_ends_are_the_true_frames_and_the_same_seam_gives_the_same_frames():
    scene = shifted(8)
    made = FlowInterpolator().interpolate(scene)
    assert made.shape == scene.outgoing.shape and made.dtype == np.uint8
    assert np.array_equal(made[0], scene.outgoing[0]) and np.array_equal(made[-1], scene.incoming[-1])
    assert np.array_equal(made, FlowInterpolator().interpolate(scene))


@pytest.mark.parametrize("pixels", [3, 8, 16])
def test_the_figure_travels_steadily_from_one_place_to_the_other(pixels):
    scene = shifted(pixels)
    made = FlowInterpolator().interpolate(scene)
    start, end = torso_centre(scene.outgoing[0]), torso_centre(scene.incoming[0])
    expected = start + window_alpha(8) * (end - start)
    places = np.array([torso_centre(frame) for frame in made])
    assert np.abs(places - expected).max() < 0.15 * pixels + 0.6, (places, expected)


def test_a_moved_figure_stays_as_sharp_as_it_was():
    scene = shifted(8)
    made = FlowInterpolator().interpolate(scene)

    def detail(frame):
        return np.abs(np.diff(frame[48:102, 45:80].astype(float), axis=1)).mean()

    faded = scene.outgoing[4].astype(float) / 2 + scene.incoming[4].astype(float) / 2
    assert min(detail(frame) for frame in made) > 0.85 * detail(scene.outgoing[0])
    assert detail(faded) < 0.85 * detail(scene.outgoing[0])  # the test would notice a cross-fade


def test_a_hand_that_cannot_be_followed_goes_over_within_a_few_frames():
    scene = seam(
        [{"x": 60, "y": 80, "hand": (20, 30)}] * 16,
        [{"x": 60, "y": 80, "hand": (106, 100)}] * 16,
    )
    made = FlowInterpolator().interpolate(scene)
    hand = np.array([235, 190, 165])
    between = 0
    for frame in made:
        solid = np.abs(frame.astype(int) - hand).max(-1) < 20
        at_old, at_new = solid[15:46, 5:36].sum(), solid[85:116, 91:122].sum()
        full = np.pi * 81
        between += not (max(at_old, at_new) > 0.7 * full and min(at_old, at_new) < 0.1 * full)
    assert between <= 5


def test_the_static_background_keeps_every_pixel():
    scene = shifted(6)
    made = FlowInterpolator().interpolate(scene)
    corner = (slice(0, 20), slice(100, SIDE))
    for frame in made:
        assert np.abs(frame[corner].astype(int) - backdrop()[corner]).max() <= 1


def test_a_difference_in_exposure_fades_in_without_a_step():
    scene = seam([{"x": 60, "y": 75}] * 8, [{"x": 60, "y": 75, "gain": 1.1}] * 8)
    made = FlowInterpolator().interpolate(scene)
    levels = made.reshape(8, -1).mean(1)
    total = levels[-1] - levels[0]
    assert total > 5 and np.diff(levels).min() > -0.2
    assert np.diff(levels).max() < 0.4 * total


def test_unknown_points_and_small_windows_are_fine():
    scene = shifted(5)
    unknown = np.full((8, 4, 2), np.nan, np.float32)
    FlowInterpolator().interpolate(Seam(scene.outgoing, scene.incoming, unknown, unknown))
    FlowInterpolator().interpolate(Seam(scene.outgoing, scene.incoming))
    short = FlowInterpolator().interpolate(Seam(scene.outgoing[:2], scene.incoming[:2]))
    assert np.array_equal(short[0], scene.outgoing[0]) and np.array_equal(short[1], scene.incoming[1])


def test_identical_runs_pass_through_unchanged():
    moving = [{"x": 50 + 2 * k, "y": 75} for k in range(8)]
    scene = seam(moving, moving)
    made = FlowInterpolator().interpolate(scene)
    assert np.abs(made.astype(int) - scene.outgoing).max() <= 1


def test_torso_similarity_recovers_the_movement_and_refuses_nonsense():
    source = points(60, 70)
    angle, scale = np.radians(7), 1.1
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = source @ turn.T + [5, -3]
    matrix = torso_similarity(source, target)
    assert np.allclose(source @ matrix[:, :2].T + matrix[:, 2], target, atol=1e-3)
    assert torso_similarity(source, source * 3) is None
    assert torso_similarity(source, source[::-1]) is None  # upside down: the landmarks are wrong
    assert torso_similarity(np.full((4, 2), np.nan), target) is None
    source[1:] = np.nan
    assert torso_similarity(source, target) is None


def test_registry_ids_and_refusals():
    flow, other = create_interpolator("flow"), create_interpolator("flow", flow_side=256)
    assert flow.id.startswith("flow-") and flow.id == create_interpolator("flow").id != other.id
    scene = shifted(5)
    cut = create_interpolator("none").interpolate(scene)
    assert np.array_equal(cut, np.concatenate([scene.outgoing[:4], scene.incoming[4:]]))
    with pytest.raises(InputError, match="choose one of auto, flow, rife, acinterp, none"):
        create_interpolator("magic")
    with pytest.raises(ValueError, match="even number"):
        Seam(scene.outgoing[:3], scene.incoming[:3])
    with pytest.raises(ValueError, match="uint8"):
        Seam(scene.outgoing.astype(float), scene.incoming)


def test_portrait_and_other_sizes_work():
    frames = np.stack([figure(60, 75)[:, :90]] * 4)
    made = FlowInterpolator().interpolate(Seam(frames, frames))
    assert made.shape == (4, 128, 90, 3)


def arm(x: float, y: float) -> np.ndarray:
    """(2, 24, 2) the left arm of a `figure` whose hand is at (x, y); the right one is unknown."""
    angle = np.linspace(0, 2 * np.pi, 21, endpoint=False)
    found = np.full((2, 24, 2), np.nan, np.float32)
    found[0, 2], found[0, 3:] = (x, y), np.array([x, y]) + 8 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return found


def test_a_hand_in_another_pose_travels_all_the_way_and_is_never_seen_twice():
    skin = np.array([235, 190, 165])

    def place(frame):
        solid = np.abs(frame.astype(int) - skin).max(-1) < 40
        return np.argwhere(solid).mean(0)[::-1] if solid.any() else np.full(2, np.inf)

    scene = seam([{"x": 60, "y": 90, "hand": (24, 24)}] * 8, [{"x": 60, "y": 90, "hand": (56, 32)}] * 8)
    squeezed = scene.incoming.copy()
    squeezed[:, 22:32] = np.where(np.abs(squeezed[:, 22:32].astype(int) - skin).max(-1)[..., None] < 60,
                                  np.uint8([120, 60, 50]), squeezed[:, 22:32])  # half of it in shade  # fmt: skip
    guided = Seam(
        scene.outgoing,
        squeezed,
        outgoing_arms=np.stack([arm(24, 24)] * 8),
        incoming_arms=np.stack([arm(56, 32)] * 8),
    )
    made = [place(frame) for frame in FlowInterpolator().interpolate(guided)]
    blind = [place(frame) for frame in FlowInterpolator().interpolate(Seam(scene.outgoing, squeezed))]
    whole = np.linalg.norm(made[-1] - made[0])
    assert np.linalg.norm(np.diff(made, axis=0), axis=-1).max() < 0.4 * whole
    assert not np.isfinite(blind).all() or np.linalg.norm(np.diff(blind, axis=0), axis=-1).max() > 0.4 * whole


def test_arms_of_another_length_are_refused():
    scene = shifted(5)
    with pytest.raises(ValueError, match="arms"):
        Seam(scene.outgoing, scene.incoming, outgoing_arms=np.zeros((8, 2, 21, 2), np.float32))


def test_light_on_a_hand_that_hardly_moved_fades_in_with_landmarks_as_without():
    scene = seam([{"x": 60, "y": 90, "hand": (40, 40)}] * 8, [{"x": 60, "y": 90, "hand": (42, 40), "gain": 0.93}] * 8)
    hands = {"outgoing_arms": np.stack([arm(40, 40)] * 8), "incoming_arms": np.stack([arm(42, 40)] * 8)}
    made = FlowInterpolator().interpolate(Seam(scene.outgoing, scene.incoming, **hands))
    levels = made[:, 34:46, 36:46].reshape(8, -1).mean(1)
    assert np.abs(np.diff(levels)).max() < 0.5 * (levels[0] - levels[-1])
