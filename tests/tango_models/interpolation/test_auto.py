"""The least visible way is kept, and nothing is tried beyond what is good enough."""

import numpy as np
import pytest

from tango_models.interpolation.auto import AutoInterpolator, filmed_residual, made_visibility
from tango_models.interpolation.interpolators import HardCut, create_interpolator
from tango_models.interpolation.seam import Seam
from tests.tango_models.interpolation.scenes import seam

COUNT = 8


class Way:
    """Makes given frames, and counts how often."""

    def __init__(self, frames: np.ndarray) -> None:
        self.id, self.frames, self.asked = f"way-{frames.mean()}", frames, 0

    def interpolate(self, seam: Seam) -> np.ndarray:
        self.asked += 1
        return self.frames


def moving(start: float) -> list[dict]:
    return [{"x": start + k, "y": 75} for k in range(COUNT)]


def scene() -> Seam:
    return seam(moving(40), moving(70))


def test_a_seam_that_is_not_seen_is_made_once():
    runs = scene()
    good, other = Way(runs.outgoing), Way(runs.incoming)
    made = AutoInterpolator({"good": good, "other": other}).choose(runs)
    assert made.way == "good" and good.asked == 1 and other.asked == 0
    assert made.visibility["good"] < 1.5 and made.why.startswith("good ")


@pytest.mark.parametrize("order", [("good", "cut"), ("cut", "good")])
def test_the_least_visible_way_is_kept_whatever_their_order(order):
    runs = scene()
    ways = {"good": Way(runs.outgoing), "cut": HardCut()}
    made = AutoInterpolator({name: ways[name] for name in order}).choose(runs)
    assert made.way == "good" and np.array_equal(made.frames, runs.outgoing)


def test_a_way_does_not_win_by_blurring():
    runs = scene()
    flat = np.broadcast_to(runs.outgoing.mean(axis=(1, 2), keepdims=True), runs.outgoing.shape).astype(np.uint8)
    flat = np.concatenate([runs.outgoing[:1], flat[1:-1], runs.outgoing[-1:]])
    made = AutoInterpolator({"flat": Way(flat), "true": Way(runs.outgoing)}).choose(runs)
    assert made.way == "true" and made.visibility["flat"] > made.visibility["true"]


def test_footage_is_as_visible_as_itself_and_a_cut_more():
    runs = scene()
    usual = filmed_residual(runs)
    assert 0.9 < made_visibility(runs.outgoing, usual) < 2 < made_visibility(HardCut().interpolate(runs), usual)
    held = Seam(np.stack([runs.outgoing[0]] * COUNT), np.stack([runs.incoming[0]] * COUNT))
    assert filmed_residual(held) > 0  # nothing moves there


def test_its_id_follows_what_it_may_choose():
    auto = create_interpolator("auto")
    assert auto.id.startswith("auto-") and auto.id == create_interpolator("auto").id
    assert AutoInterpolator({"cut": HardCut()}).id != auto.id
