"""The least visible way is kept, and nothing is tried beyond what is good enough."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation import auto, rife
from tango_models.interpolation.acinterp.refiner import Refiner, RefinerConfig, save_refiner
from tango_models.interpolation.auto import AutoInterpolator, filmed_residual, made_visibility, make
from tango_models.interpolation.interpolators import HardCut, create_interpolator
from tango_models.interpolation.seam import Seam, frames_around, settings_id
from tasks.views.paths.interpolation import open_interpolator
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


def test_a_way_that_is_seen_about_as_much_does_not_take_the_place_of_an_earlier_one():
    runs = scene()
    cut = HardCut().interpolate(runs)
    nearly = cut.copy()
    first = COUNT // 2
    nearly[first] = 0.95 * cut[first] + 0.05 * cut[first - 1]  # a little less of it is seen
    made = AutoInterpolator({"cut": Way(cut), "nearly": Way(nearly)}).choose(runs)
    assert 0.85 < made.visibility["nearly"] / made.visibility["cut"] < 1 and made.way == "cut"


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


def refiner_file(folder: Path, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    save_refiner(Refiner(RefinerConfig(widths=(8, 8, 8))), folder / f"{seed}.safetensors", notes={})
    return folder / f"{seed}.safetensors"


def test_with_weights_what_learned_to_make_frames_is_one_more_way_and_without_nothing_changes(tmp_path, monkeypatch):
    plain = create_interpolator("auto")
    assert list(plain.ways) == ["flow"] and frames_around(plain) == 0
    # Of the ways, and so of what was made without weights before there were any.
    assert plain.id == settings_id("auto", auto.VERSION, {"flow": plain.ways["flow"].id})
    weights = refiner_file(tmp_path)
    ids = [create_interpolator("auto", weights=weights, content=content).id for content in "ab"]
    assert len({plain.id, *ids}) == 3
    assert open_interpolator("auto", None).id == plain.id != open_interpolator("auto", str(weights)).id
    assert open_interpolator("auto", str(weights)).id != open_interpolator("auto", str(refiner_file(tmp_path, 1))).id

    def absent():
        raise InputError("interpolator 'rife'", "its package is not installed", "install it")

    monkeypatch.setattr(rife, "find_weights", absent)
    assert list(create_interpolator("auto", weights=weights).ways) == ["flow", "acinterp"]
    monkeypatch.setattr(rife, "find_weights", lambda: tmp_path)
    assert list(create_interpolator("auto", weights=weights).ways) == ["flow", "rife", "acinterp"]
    with pytest.raises(InputError, match=r"none\.safetensors"):
        create_interpolator("auto", weights=tmp_path / "none.safetensors")


class Telling(Way):
    """One that looks beyond its seam and says so."""

    around = 2

    def tell(self, seam: Seam) -> tuple[np.ndarray, str]:
        return self.interpolate(seam), "no footage before it"


@pytest.mark.parametrize("best", ["flow", "acinterp"])
def test_the_least_visible_is_shown_whoever_made_it_and_the_report_says_which_and_why(best):
    runs = scene()
    cut = HardCut().interpolate(runs)
    frames = {name: runs.outgoing if name == best else cut for name in ("flow", "acinterp")}
    ways = {"flow": Way(frames["flow"]), "acinterp": Telling(frames["acinterp"])}
    tried = AutoInterpolator(dict(reversed(ways.items())) if best == "flow" else ways)
    made = make("auto", tried, runs)
    assert made.way == best and np.array_equal(made.frames, runs.outgoing) and frames_around(tried) == 2
    assert set(made.visibility) == {"flow", "acinterp"} == set(re.findall(r"(\w+) \d+\.\d", made.why))
    assert re.search(r"acinterp \d+\.\d \(no footage before it\)", made.why)
    assert make("acinterp", ways["acinterp"], runs).why.endswith("(no footage before it)")


def test_its_id_follows_what_it_may_choose():
    usual = create_interpolator("auto")
    assert usual.id.startswith("auto-") and usual.id == create_interpolator("auto").id
    assert AutoInterpolator({"cut": HardCut()}).id != usual.id
