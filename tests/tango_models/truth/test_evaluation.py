"""The truth protocol is exact for a perfect interpolator, and tells the others apart."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp import checkpoints
from tango_models.interpolation.acinterp.refiner import Refiner, RefinerConfig, save_refiner
from tango_models.interpolation.seam import Seam
from tango_models.truth.evaluation import FOOTAGE, evaluate, known_interpolators, trained_interpolators
from tango_models.truth.gaps import AFTER, BEFORE, Place, Seen, choose, paces, places, take_out
from tests.tango_models.interpolation.acinterp.tiny import tiny_model
from tests.tango_models.interpolation.scenes import figure

HAND = np.stack([9 * np.cos(np.arange(21) * 0.3), 9 * np.sin(np.arange(21) * 0.3)], axis=1)


class Finder:
    """Finds the drawn figure's hand: a bright disc."""

    def find(self, frame, box):
        bright = (frame[..., 0] > 215).astype(np.uint8)
        found = cv2.connectedComponentsWithStats(bright)
        middle = (box[:2] + box[2:]) / 2
        near = [c for c, row in zip(found[3][1:], found[2][1:], strict=True) if row[4] > 60]
        near = [c for c in near if np.abs(c - middle).max() < (box[2] - box[0])]
        return np.array([HAND + c for c in near], np.float32).reshape(-1, 21, 2)

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Perfect:
    """Knows what was taken out."""

    id = "perfect"

    def __init__(self, gap):
        self.gap = gap

    def interpolate(self, seam):
        window = seam.cut_at(self.gap.made.start)
        window[self.gap.made.start : self.gap.made.stop] = self.gap.true
        return window


def footage(count, step, hand=(20, 90)):
    """Frames of a figure whose left hand moves by `step` px a frame, and what is known of them."""
    at = [(hand[0] + step * k, hand[1]) for k in range(count)]
    frames = np.stack([figure(64, 60, hand=place) for place in at])
    hands = np.full((count, 2, 21, 2), np.nan, np.float32)
    hands[:, 0] = np.array(at)[:, None] + HAND
    boxes = np.full((count, 2, 4), np.nan, np.float32)
    boxes[:, 0] = np.concatenate([hands[:, 0].min(1) - 3, hands[:, 0].max(1) + 3], axis=1)
    body, visible = np.zeros((count, 33, 2), np.float32), np.zeros((count, 33), np.float32)
    face = np.full((count, 7, 2), np.nan, np.float32)
    person = np.zeros((count, 8, 8), bool)
    person[np.arange(count), np.arange(count) % 8] = True  # tells the frames apart
    return frames, Seen(body, visible, hands, boxes, face, person)


def gap(length=7, step=8.0):
    place = Place(BEFORE - 1, length, 1.0)
    frames, seen = footage(len(place.window), step)
    return take_out(frames, seen, place)


def judged(one, **methods):
    return {row.interpolator: row for row in evaluate(methods, [one], finder=Finder()) if row.pace == "all"}


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6, 7, 8, 11])
def test_a_perfect_interpolator_is_told_from_the_footage_by_nothing(length):
    one = gap(length, step=80 / (length + 6))
    found = judged(one, perfect=Perfect(one))
    made, true = found["perfect"], found[FOOTAGE]
    assert made.recall == 1 and made.hands == length and made.stray == 0
    assert made.hand_error == 0 and made.gradients == 1 and made.warping == 0
    assert made.sharpness == true.sharpness and made.worst == true.worst


def test_what_is_no_hand_in_its_place_is_no_hand_found():
    one = gap()
    found = judged(one, **known_interpolators(["cut", "fade"]))
    assert found["cut"].recall == 0 and found["fade"].recall < 0.5
    assert found["cut"].stray > 0.4  # it stands where it was, or where it will be, once it has left that place
    assert found["cut"].hand_error > 10 < found["fade"].hand_error
    assert found["fade"].sharpness < 0.9 * found[FOOTAGE].sharpness < found["cut"].sharpness
    assert found["cut"].warping > 0.1 and found["cut"].gradients < 0.99


def test_frames_that_are_off_by_more_are_worse():
    one = gap()
    shifted = [Perfect(replace(one, true=np.roll(one.true, by, axis=2))) for by in (0, 2, 12)]
    rows = [judged(one, it=method)["it"] for method in shifted]
    assert [row.recall for row in rows] == [1, 1, 0]
    for name, better in (("hand_error", -1), ("gradients", 1), ("warping", -1)):
        values = [better * getattr(row, name) for row in rows]
        assert values == sorted(values, reverse=True) and len(set(values)) == 3


def test_a_second_hand_is_seen():
    one = gap()
    twice = one.true.copy()
    x0, y0, x1, y1 = one.ends[0, 0].astype(int)
    twice[3:, y0:y1, x0:x1] = one.seam.outgoing[BEFORE - 1, y0:y1, x0:x1]
    found = judged(one, it=Perfect(replace(one, true=twice)))["it"]
    assert found.recall == 1 and found.stray == 4 / 7


def test_an_interpolator_that_returns_something_else_is_named():
    class Short:
        id = "short"

        def interpolate(self, seam):
            return seam.outgoing[1:]

    with pytest.raises(ValueError, match="short"):
        judged(gap(), short=Short())


def test_what_is_taken_out_is_given_to_nobody():
    frames, seen = footage(BEFORE + 5 + AFTER, 6.0)
    one = take_out(frames, seen, Place(BEFORE - 1, 5, 1.0))
    for run in (one.seam.outgoing, one.seam.incoming):
        assert not any((frame == true).all() for frame in run for true in one.true)
    for arms in (one.seam.outgoing_arms, one.seam.incoming_arms):
        assert {row.tobytes() for row in arms[one.made.start : one.made.stop]} <= {
            arms[one.made.start - 1].tobytes(), arms[one.made.stop].tobytes()
        }  # fmt: skip
    for person in (one.seam.outgoing_person, one.seam.incoming_person):
        assert (person[: one.made.start] == seen.person[: one.made.start]).all() or (
            person[one.made.stop :] == seen.person[one.made.stop : len(person)]
        ).all()
        assert not any((frame == true).all() for frame in person for true in seen.person[BEFORE : BEFORE + 5])
    assert one.seam.alphas[one.made.start - 1] == 0 and one.seam.alphas[one.made.stop] == 1
    assert len(one.seam) % 2 == 0


@pytest.mark.parametrize("name", ["flow", "none"])
def test_interpolators_leave_what_is_given_as_it_was(name):
    one = gap(5, step=2.0)
    window = known_interpolators([name])[name].interpolate(one.seam)
    assert (window[:BEFORE] == one.seam.outgoing[:BEFORE]).all()
    assert (window[one.made.stop :] == one.seam.incoming[one.made.stop :]).all()


def test_flow_follows_a_hand_that_a_cut_loses():
    one = gap(5, step=3.0)
    found = judged(one, **known_interpolators(["cut", "flow"]))
    assert found["flow"].recall > found["cut"].recall


def test_several_files_of_weights_stand_in_one_table_by_what_they_are(tmp_path):
    files = [tmp_path / f"{k}.safetensors" for k in range(4)]
    torch.manual_seed(0)
    for path in files[::2]:
        save_refiner(Refiner(RefinerConfig(widths=(8, 8, 8))), path, notes={})
    for path, size in zip(files[1::2], ("small", "sd15"), strict=True):
        checkpoints.save(tiny_model(size=size), path, notes={"side": 32})
    found = trained_interpolators(files)
    assert list(found) == ["refiner", "small", "refiner 2", "sd15"]
    rows = judged(gap(3), **found, **known_interpolators(["cut", "fade", "flow"]))
    assert set(rows) == {FOOTAGE, "cut", "fade", "flow", *found}
    with pytest.raises(InputError, match="no such file"):
        trained_interpolators([tmp_path / "none.safetensors"])


def test_gaps_are_chosen_by_lot_from_each_speed():
    rng = np.random.default_rng(0)
    hands = np.cumsum(rng.normal(0, 1, (400, 2, 1, 2)) * (1 + np.arange(400) / 80)[:, None, None, None], axis=0)
    hands = np.repeat(hands, 21, axis=2).astype(np.float32)
    hands[100:130] = np.nan
    found = places(hands, 768, 7)
    assert not any(place.first in range(104, 122) for place in found)
    pace = paces(found)
    for count in (1, 3, 12, 10_000):
        chosen = choose(found, count, np.random.default_rng(3))
        assert chosen == choose(found, count, np.random.default_rng(3)) == sorted(set(chosen))
        assert len(chosen) == min(count, len(found))
        if count % 3 == 0:
            assert np.bincount(pace[chosen]).tolist() == [count // 3] * 3
    assert choose([], 5, rng) == []


def test_unknown_interpolators_are_refused():
    with pytest.raises(InputError, match="is not known"):
        known_interpolators(["flw"])
    assert {"cut", "fade", "flow"} <= set(known_interpolators())


def test_times_of_a_seam_must_rise():
    frames = np.zeros((4, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match="rise"):
        Seam(frames, frames, times=np.array([0, 0.5, 0.2, 1]))


@pytest.mark.parametrize("length", range(1, 14))
def test_gaps_of_every_length_lie_inside_of_their_footage_and_are_even_seams(length):
    hands = np.zeros((60, 2, 21, 2), np.float32)
    found = places(hands, 768, length)
    assert found[0].window.start == 0 and found[-1].window.stop == len(hands)
    assert all(len(place.window) == BEFORE + length + AFTER for place in found)
    frames, seen = footage(len(found[0].window), 1.0)
    one = take_out(frames, seen, found[0])
    assert len(one.seam) % 2 == 0 and len(one.made) == length
    assert (one.true == frames[BEFORE : BEFORE + length]).all()
