"""Strips of seams: the worst are kept, within the room there is, and no more frames are held than are open."""

import numpy as np
import pytest

from data_catalog import clip_id
from tango_models.interpolation.seam_placement import Placement
from tasks.rendering.seam_strips import SeamStrips, frames_around, inlined
from tasks.views.playback import Playback, play

SIZE = (96, 54)


def playback(seams: int, clips_between: int = 3) -> Playback:
    clips = [clip_id("v", (7 * (k // clips_between) + k) % 500) for k in range((seams + 1) * clips_between)]
    jumps = [clips_between * (k + 1) for k in range(seams)]
    return play(clips, jumps, 4 * len(clips), place=lambda s, d, before, after: Placement(0, min(before, after, 3)))


def show(strips: SeamStrips, shown: Playback) -> int:
    """Let every frame be seen; returns the most bytes of raw pictures that were held."""
    rng, most = np.random.default_rng(0), 0
    noise = rng.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    for t in range(len(shown.frame)):
        strips.see(t, np.roll(noise, t, axis=1))
        most = max(most, sum(small.nbytes for frames in strips._open.values() for small in frames))
    return most


@pytest.mark.parametrize("order", ["rising", "falling", "mixed"])
def test_the_worst_seams_fill_the_room_in_whatever_order_they_come(order):
    shown = playback(40)
    cost = np.arange(40, dtype=float)
    cost = {"rising": cost, "falling": cost[::-1], "mixed": np.random.default_rng(1).permutation(cost)}[order]
    all_of_them = SeamStrips(shown, cost, most_bytes=10**9, poster=None)
    show(all_of_them, shown)
    assert len(all_of_them.strips) == 40
    one = max(inlined(strip) for strip in all_of_them.strips.values())
    strips = SeamStrips(shown, cost, most_bytes=10 * one, poster=None)
    show(strips, shown)
    kept = sorted(cost[k] for k in strips.strips)
    assert kept == list(range(40 - len(kept), 40))  # a top of all costs
    assert 8 <= len(kept) <= 12 and sum(map(inlined, strips.strips.values())) <= 10 * one
    assert all(strips.strips[k] == all_of_them.strips[k] for k in strips.strips)


def test_raw_pictures_are_held_of_open_seams_only():
    few, many = playback(5), playback(200)
    held = [show(SeamStrips(p, [1.0] * len(p.seams), most_bytes=10**9, poster=None), p) for p in (few, many)]
    assert held[0] == held[1] > 0


def test_the_poster_is_kept_before_all_others():
    shown = playback(12)
    cost = np.arange(12, dtype=float)
    strips = SeamStrips(shown, cost, most_bytes=10**9, poster=0)
    show(strips, shown)
    assert strips.poster[:2] == b"\xff\xd8" and len(strips.poster) < len(strips.strips[0])
    room = inlined(strips.strips[0])
    scarce = SeamStrips(shown, cost, most_bytes=room, poster=0)
    show(scarce, shown)
    assert list(scarce.strips) == [0] and scarce.poster == strips.poster
    none = SeamStrips(shown, cost, most_bytes=1, poster=0)
    show(none, shown)
    assert not none.strips and none.poster == strips.poster


def test_a_seam_at_the_ends_shows_the_frames_there_are():
    shown = playback(1, clips_between=1)
    assert frames_around(shown.seams[0], len(shown.frame)) == range(0, 8)
    strips = SeamStrips(shown, [1.0], most_bytes=10**9, poster=0)
    show(strips, shown)
    assert list(strips.strips) == [0]
