"""Strips of seams: the worst are kept, within the room there is, and no more frames are held than are open."""

import numpy as np
import pytest

from data_catalog import clip_id
from tango_models.interpolation.seam_placement import Placement
from tasks.rendering.seam_strips import SeamStrips, frames_around, inlined
from tasks.views.paths.playback import Playback, play

SIZE = (96, 54)


def playback(seams: int, clips_between: int = 3) -> Playback:
    clips = [clip_id("v", (7 * (k // clips_between) + k) % 500) for k in range((seams + 1) * clips_between)]
    jumps = [clips_between * (k + 1) for k in range(seams)]
    return play(clips, jumps, 4 * len(clips), place=lambda s, d, before, after: Placement(0, min(before, after, 3)))


def show(strips: SeamStrips, shown: Playback, cost, late: int = 30) -> int:
    """Let every frame be seen, and seams be ranked so many frames behind their cut, those at the end when all was seen;
    returns the most bytes of pictures that were held of seams without a rank."""
    rng, most = np.random.default_rng(0), 0
    noise = rng.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    for t in range(len(shown.frame) + late):
        if t < len(shown.frame):
            strips.see(t, np.roll(noise, t, axis=1))
        for k, seam in enumerate(shown.seams):
            if seam.cut + late == t:
                strips.rank(k, float(cost[k]))
        raw = sum(small.nbytes for frames in strips._open.values() for small in frames)
        most = max(most, raw + sum(len(jpeg) for drawn in strips._drawn.values() for jpeg in drawn))
    return most


@pytest.mark.parametrize("late", [0, 30], ids=["ranked before", "ranked behind"])
@pytest.mark.parametrize("order", ["rising", "falling", "mixed"])
def test_the_worst_seams_fill_the_room_in_whatever_order_they_come(order, late):
    shown = playback(40)
    cost = np.arange(40, dtype=float)
    cost = {"rising": cost, "falling": cost[::-1], "mixed": np.random.default_rng(1).permutation(cost)}[order]
    all_of_them = SeamStrips(shown, most_bytes=10**9)
    show(all_of_them, shown, cost, late)
    assert len(all_of_them.strips) == 40
    one = max(inlined(strip) for strip in all_of_them.strips.values())
    strips = SeamStrips(shown, most_bytes=10 * one)
    show(strips, shown, cost, late)
    kept = sorted(cost[k] for k in strips.strips)
    assert kept == list(range(40 - len(kept), 40))  # a top of all costs
    assert 8 <= len(kept) <= 12 and sum(map(inlined, strips.strips.values())) <= 10 * one
    assert all(strips.strips[k] == all_of_them.strips[k] for k in strips.strips)


def test_of_seams_that_are_all_alike_the_first_are_kept():
    shown = playback(20)
    every = SeamStrips(shown, most_bytes=10**9)
    show(every, shown, np.zeros(20))
    strips = SeamStrips(shown, most_bytes=5 * max(map(inlined, every.strips.values())))
    show(strips, shown, np.zeros(20))
    assert len(strips.strips) >= 4 and sorted(strips.strips) == list(range(len(strips.strips)))


def test_pictures_are_held_of_seams_that_are_not_ranked_only():
    held = [show(SeamStrips(p, most_bytes=1), p, [1.0] * len(p.seams)) for p in (playback(10), playback(200))]
    assert 0 < held[1] < 1.2 * held[0]


@pytest.mark.parametrize("worst", [0, 5, 11])
def test_the_poster_is_the_worst_seam_whatever_has_room(worst):
    shown = playback(12)
    cost = np.random.default_rng(2).permutation(12).astype(float)
    cost[worst] = 99
    strips = SeamStrips(shown, most_bytes=10**9)
    show(strips, shown, cost)
    assert strips.poster[:2] == b"\xff\xd8" and len(strips.poster) < len(strips.strips[worst])
    room = inlined(strips.strips[worst])
    scarce = SeamStrips(shown, most_bytes=room)
    show(scarce, shown, cost)
    assert list(scarce.strips) == [worst] and scarce.poster == strips.poster
    none = SeamStrips(shown, most_bytes=1)
    show(none, shown, cost)
    assert not none.strips and none.poster == strips.poster


def test_a_seam_at_the_ends_shows_the_frames_there_are():
    shown = playback(1, clips_between=1)
    assert frames_around(shown.seams[0], len(shown.frame)) == range(0, 8)
    strips = SeamStrips(shown, most_bytes=10**9)
    show(strips, shown, [1.0])
    assert list(strips.strips) == [0]
