from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp import checkpoints, diffuse, fitting
from tango_models.interpolation.acinterp.configuration import SamplingConfig
from tango_models.interpolation.acinterp.diffuse import DiffusionInterpolator, frames_beyond
from tango_models.interpolation.acinterp.learning.windows import WindowConfig
from tango_models.interpolation.acinterp.modeling import ACInterp
from tango_models.interpolation.acinterp.refiner import Refiner, RefinerConfig, save_refiner
from tango_models.interpolation.interpolators import create_interpolator
from tango_models.interpolation.seam import Seam
from tango_models.interpolation.warping.flow import FlowInterpolator
from tango_models.truth.gaps import AFTER, BEFORE, Place, Seen, take_out
from tests.tango_models.interpolation.acinterp.speakers import seam_of, waving
from tests.tango_models.interpolation.acinterp.tiny import shake, tiny_model


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    model = tiny_model(motion_positions=12)
    shake(model)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    checkpoints.save(model, path, notes={"side": 32, "avatars": []})
    return path


def interpolator(weights: Path) -> DiffusionInterpolator:
    return DiffusionInterpolator(weights, sampling=SamplingConfig(steps=2))


@pytest.mark.parametrize("size", [(160, 160), (200, 120), (90, 161)])
def test_the_ends_are_true_the_arms_are_made_and_the_rest_is_flow(weights: Path, size):
    seam = seam_of(waving(30, width=size[0], height=size[1]), 0, 18, 3)
    made, flow = interpolator(weights).interpolate(seam), FlowInterpolator().interpolate(seam)
    assert (made[0] == seam.outgoing[0]).all() and (made[-1] == seam.incoming[-1]).all()
    differs = np.abs(made.astype(int) - flow).max(-1) > 2
    assert differs[1:-1].any()
    x, y, radius = seam.outgoing_heads[0]
    assert not differs[:, max(0, int(y - radius)) : int(y), int(x - 3) : int(x + 3)].any()
    assert (made == interpolator(weights).interpolate(seam)).all()


def test_without_known_hands_it_is_flow(weights: Path):
    take = waving(20)
    seam = Seam(take.read(range(4)), take.read(range(10, 14)))
    assert (interpolator(weights).interpolate(seam) == FlowInterpolator().interpolate(seam)).all()


@pytest.mark.parametrize(("half", "said"), [(4, ""), (7, "two halves"), (11, "12 apart are too many")])
def test_a_seam_longer_than_the_model_tells_apart_is_made_in_halves_or_by_flow(weights: Path, half, said):
    seam = seam_of(waving(60), 10, 34, half)
    seam = replace(seam, before=seam.outgoing[:2], after=seam.incoming[-2:])
    made, note = interpolator(weights).tell(seam)
    assert said in note and bool(said) == bool(note)
    assert (made[0] == seam.outgoing[0]).all() and (made[-1] == seam.incoming[-1]).all()
    assert (made == FlowInterpolator().interpolate(seam)).all() == ("flow" in said or half == 11)


@pytest.mark.parametrize("held", ["nothing", "rows", "frames", "everything", "the model"])
def test_out_of_gpu_memory_less_is_tried_at_a_time_and_then_flow(weights: Path, monkeypatch, held):
    """`held`: what does not fit. The network's double counts pictures as memory does."""
    seam = seam_of(waving(40), 4, 24, 4)
    seam = replace(seam, before=seam.outgoing[:2], after=seam.incoming[-2:])
    flow, whole = FlowInterpolator().interpolate(seam), interpolator(weights).interpolate(seam)
    room = {"nothing": 99, "rows": 8, "frames": 5, "everything": 0, "the model": 99}[held]
    true, seen = ACInterp.denoise, []

    def small(self, sample, timestep, given, *, guided=False):
        seen.append(sample.shape[1] * (1 + guided))
        if seen[-1] > room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return true(self, sample, timestep, given, guided=guided)

    def none(path, device):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(ACInterp, "denoise", small)
    if held == "the model":
        monkeypatch.setattr(diffuse, "_model", none)
    made, note = interpolator(weights).tell(seam)
    if held in ("nothing", "rows"):  # the same picture, in less memory
        assert np.abs(made.astype(int) - whole).max() <= 1 and note == ""
    elif held == "frames":
        assert (made != flow).any() and note == "made in two halves"
        assert (made[0] == seam.outgoing[0]).all() and (made[-1] == seam.incoming[-1]).all()
    else:
        assert (made == flow).all() and "8 frames of 32 px did not fit into memory" in note
    monkeypatch.undo()
    assert (interpolator(weights).interpolate(seam) == whole).all()  # nothing is left of a try that failed


@pytest.mark.parametrize("seed", range(6))
def test_what_moves_before_and_behind_a_seam_is_shown_to_it_as_in_training(weights: Path, monkeypatch, seed):
    """The frames around are the footage's own, as those of training windows, and none of them stands still."""
    rng = np.random.default_rng(seed)
    take, half = waving(60, seed=seed), int(rng.integers(2, 5))
    first, second = int(rng.integers(2, 15)), int(rng.integers(25, 45))
    behind = second + 2 * half
    seam = seam_of(take, first, second, half)
    seam = replace(seam, before=take.read([first - 2, first - 1]), after=take.read([behind, behind + 1]))
    shown = []

    def keep(load, window, sampling, **given):
        shown.append(window)
        return None, ""

    monkeypatch.setattr(fitting, "fitting_pictures", keep)
    ours = interpolator(weights)
    ours.interpolate(seam)
    (window,) = shown
    assert (
        window.context.shape[1] == 2 * ours.around == 2 * WindowConfig().context == 2 * (AFTER - 1) == 2 * (BEFORE - 1)
    )
    near = [window.context[0, 0], window.context[0, 1], window.frames[0, 0]]
    near += [window.frames[0, -1], window.context[0, 2], window.context[0, 3]]
    for one, other in ((0, 1), (1, 2), (3, 4), (4, 5)):
        assert (near[one] != near[other]).any()
    # The same of a training window that begins and ends in the same frames.
    given = frames_beyond(seam, 0, 2 * half - 1, 2)[0]
    assert (given == take.read([first - 2, first - 1, behind, behind + 1])).all()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [(2, 2, ""), (0, 2, "no footage before it"), (1, 2, "no footage before it"), (2, 0, "no footage behind it"),
     (0, 0, "no footage before and behind it")],
)  # fmt: skip
def test_where_footage_ends_its_last_frame_stands_and_that_is_said(weights: Path, before, after, said):
    take = waving(40)
    seam = seam_of(take, 4, 20, 3)
    seam = replace(seam, before=take.read(range(4 - before, 4)), after=take.read(range(26, 26 + after)))
    frames, note = frames_beyond(seam, 0, 5, 2)
    assert note == said
    wanted = [max(4 - before, k) for k in (2, 3)] + [min(25 + after, k) for k in (26, 27)]
    assert (frames == take.read(wanted)).all()
    assert interpolator(weights).tell(seam)[1] == said


@pytest.mark.parametrize("length", [3, 4, 5, 7, 10, 11])
def test_a_true_gap_shows_as_many_frames_around_as_training(length):
    rng = np.random.default_rng(length)
    count = BEFORE + length + AFTER
    frames = rng.integers(0, 255, (count, 8, 8, 3), dtype=np.uint8)
    points = [np.zeros((count, *shape)) for shape in ((33, 2), (33,), (2, 21, 2), (2, 4), (7, 2))]
    seen = Seen(*points, person=np.zeros((count, 8, 8), bool))
    gap = take_out(frames, seen, Place(BEFORE - 1, length, 1.0))
    around, note = frames_beyond(gap.seam, gap.made.start - 1, gap.made.stop, WindowConfig().context)
    assert (around == frames[[0, 1, -2, -1]]).all() and not note


def test_the_name_acinterp_opens_either_kind_and_says_what_is_missing(weights: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"import-weights acinterp.*TANGO_ACINTERP"):
        create_interpolator("acinterp")
    with pytest.raises(InputError, match="no such file"):
        create_interpolator("acinterp", weights=tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"bad")
    with pytest.raises(InputError, match="safetensors"):
        create_interpolator("acinterp", weights=tmp_path / "bad.safetensors")
    torch.manual_seed(0)
    save_refiner(Refiner(RefinerConfig(widths=(8, 8, 8))), tmp_path / "r.safetensors", notes={})
    ids = [create_interpolator("acinterp", weights=p, content=c).id
           for p, c in ((weights, "a"), (weights, "b"), (tmp_path / "r.safetensors", "a"))]  # fmt: skip
    assert len(set(ids)) == 3 and ids[0].startswith("acinterp-") and ids[2].startswith("refiner-")
