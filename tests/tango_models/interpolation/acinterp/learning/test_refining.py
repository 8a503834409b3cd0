import numpy as np
import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.learning.refining import (
    PLANES,
    SIDE,
    Pieces,
    cut_pieces,
    gap_seam,
    open_pieces,
    refiner_loss,
    varied,
)
from tango_models.interpolation.acinterp.learning.runs import Run, RunConfig
from tango_models.interpolation.acinterp.poses import Poses, draw_poses
from tango_models.interpolation.acinterp.refiner import CHANNELS, LAYERS, Refiner, RefinerConfig
from tests.tango_models.interpolation.acinterp.speakers import waving

TINY = RefinerConfig(widths=(8, 8, 8))


def test_a_gap_is_a_seam_that_knows_nothing_of_what_was_between():
    take = waving(20)
    seam, true = gap_seam(take, 4, 7)
    assert len(true) == 7 and (true == take.read(list(range(6, 13)))).all()
    assert (seam.outgoing[1:] == take.read([5])).all() and (seam.incoming == take.read([13])).all()
    np.testing.assert_allclose(seam.alphas, [0, 0, *np.arange(1, 8) / 8, 1])


def test_pieces_hold_the_input_and_the_truth():
    pieces = cut_pieces(waving(24), np.random.default_rng(0), 6)
    assert pieces.shape[1:] == (PLANES, SIDE, SIDE) and len(pieces) >= 6
    true, composed = (pieces[:, k : k + 3].astype(float) for k in (CHANNELS, 6))
    arms = pieces[:, CHANNELS + 3] > 127
    assert 0.02 < arms.mean() < 0.9
    assert 0 < np.abs(true - composed).mean() < 40


@pytest.mark.parametrize("seed", range(4))
def test_a_mirrored_pose_has_left_limbs_where_right_ones_were(seed):
    """As drawn of the mirrored speaker: a left arm's colours never stand where a right arm's should."""
    take = waving(6, seed=seed)
    poses = take.poses
    turned = np.array([159, 0], np.float32) + poses.points * [-1, 1], np.array([159, 0]) + poses.arms * [-1, 1]
    heads = poses.heads * [-1, 1, 1] + [159, 0, 0]
    mirrored = Poses(turned[0][:, [1, 0, 3, 2]].astype(np.float32), turned[1][:, [1, 0]].astype(np.float32), heads)
    wanted = draw_poses(mirrored, 160, 160).astype(int)
    swapped = draw_poses(poses.sides_swapped(), 160, 160)[:, :, ::-1].astype(int)
    plain = draw_poses(poses, 160, 160)[:, :, ::-1].astype(int)
    assert np.abs(swapped - wanted).mean() < 0.2 * np.abs(plain - wanted).mean()


def test_what_is_mirrored_is_mirrored_in_every_plane_and_its_pose_redrawn():
    values = np.random.default_rng(0).integers(0, 255, (12, PLANES, SIDE, SIDE), dtype=np.uint8)
    first, last = 3 * LAYERS + 1, 3 * LAYERS + 4
    batch = (Pieces(values).batch(np.random.default_rng(1), 12) * 255).round().numpy().astype(np.uint8)
    plain, turned = values[:, : CHANNELS + 4], values[:, : CHANNELS + 4, :, ::-1].copy()
    turned[:, first:last] = values[:, CHANNELS + 4 :, :, ::-1]
    as_it_was = [bool((made == given).all()) for made, given in zip(batch, plain, strict=True)]
    as_turned = [bool((made == given).all()) for made, given in zip(batch, turned, strict=True)]
    assert [a != b for a, b in zip(as_it_was, as_turned, strict=True)] == [True] * 12
    assert 0 < sum(as_turned) < 12
    pieces = cut_pieces(waving(24), np.random.default_rng(0), 6)
    own, swapped = pieces[:, first:last].astype(int), pieces[:, CHANNELS + 4 :].astype(int)
    assert ((own.max(1) > 0) == (swapped.max(1) > 0)).mean() > 0.99  # the same limbs
    assert np.abs(own - swapped).max() > 100  # in other colours


@pytest.mark.parametrize("seed", range(5))
def test_a_piece_in_other_colours_is_made_of_its_pictures_as_before(seed):
    """What was the outgoing picture, or a mixture of two, still is, however the piece is turned."""
    rng = np.random.default_rng(seed)
    batch = torch.from_numpy(rng.uniform(0.3, 0.6, (4, CHANNELS + 4, SIDE, SIDE)).astype(np.float32))
    batch[:, CHANNELS : CHANNELS + 3] = 0.25 * batch[:, :3] + 0.75 * batch[:, 3:6]
    made = varied(batch, rng)
    true = made[:, CHANNELS : CHANNELS + 3]
    torch.testing.assert_close(true, 0.25 * made[:, :3] + 0.75 * made[:, 3:6], atol=1e-5, rtol=0)
    assert ((made[:, :3] - batch[:, :3]).abs().mean(dim=(1, 2, 3)) > 0.01).all()
    rest = [*range(3 * LAYERS, CHANNELS), CHANNELS + 3]
    for after, before in zip(made[:, rest], batch[:, rest], strict=True):
        assert any(torch.equal(after, before.rot90(turns, (-2, -1))) for turns in range(4))


def test_pieces_are_made_once_and_footage_without_hands_is_refused(tmp_path):
    one = open_pieces([waving(24)], tmp_path, count=4, seed=0)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    two = open_pieces([waving(24)], tmp_path, count=4, seed=0)
    assert (one.values == two.values).all()
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    take = waving(24)
    take.poses.arms[:] = np.nan
    with pytest.raises(InputError, match="hand"):
        open_pieces([take, waving(4)], tmp_path / "none", count=4, seed=0)


@pytest.mark.parametrize("flow_steps", [0, 2])
def test_it_learns_what_flow_does_not_know(flow_steps, tmp_path):
    """In pieces whose truth is the incoming picture, it learns to show that."""
    torch.manual_seed(0)
    model = Refiner(RefinerConfig(TINY.widths, flow_steps))
    batch = torch.rand(2, CHANNELS + 4, SIDE, SIDE)
    batch[:, CHANNELS : CHANNELS + 3] = batch[:, 3:6]
    run = Run(model, RunConfig(steps=30, lr=0.02, warm_up=1, ema=0.0), {})
    figures = []
    for step in range(30):
        loss, seen = refiner_loss(model, batch, torch.Generator().manual_seed(step))
        run.advance(loss)
        figures.append(seen)
    assert figures[-1]["hands"] < 0.6 * figures[0]["hands"]
    assert figures[-1]["hands_flow"] == figures[0]["hands_flow"]
