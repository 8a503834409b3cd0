import numpy as np
import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.learning.refining import (
    SIDE,
    cut_pieces,
    gap_seam,
    open_pieces,
    refiner_loss,
)
from tango_models.interpolation.acinterp.learning.runs import Run, RunConfig
from tango_models.interpolation.acinterp.refiner import CHANNELS, Refiner, RefinerConfig
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
    assert pieces.shape[1:] == (CHANNELS + 4, SIDE, SIDE) and len(pieces) >= 6
    true, composed = (pieces[:, k : k + 3].astype(float) for k in (CHANNELS, 6))
    arms = pieces[:, CHANNELS + 3] > 127
    assert 0.02 < arms.mean() < 0.9
    assert 0 < np.abs(true - composed).mean() < 40


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
