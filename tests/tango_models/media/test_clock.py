"""One clock for a file's streams, whatever its timestamps do: random fps, jitter, gaps, restarts, holes and offsets."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tango_models.media.clock import LONGEST_HOLE, MediaClock

BASE = Fraction(1, 90000)


@dataclass
class _Stream:
    index: int
    type: str


@dataclass
class _Packet:
    stream: _Stream
    pts: int | None
    dts: int | None
    duration: int
    size: int = 1000
    time_base: Fraction = field(default=BASE)


VIDEO, AUDIO = _Stream(0, "video"), _Stream(1, "audio")


def part(fps: float, seconds: float, start: float, *, late_sound: float = 0.0):
    """(time, packet) of a recording whose clock begins at `start`, in the order of a file."""
    step = {VIDEO.index: 1 / fps, AUDIO.index: 0.024}
    found = []
    for stream, begin in ((VIDEO, 0.0), (AUDIO, late_sound)):
        for k in range(round((seconds - begin) / step[stream.index])):
            time = begin + k * step[stream.index]
            stamp = round((start + time) / BASE)
            packet = _Packet(stream, stamp, stamp, round(step[stream.index] / BASE))
            found.append((time, packet))
    return sorted(found, key=lambda item: item[0])


def placed(parts):
    """The clock; for each packet (part, stream, true time in its part, seconds on the clock)."""
    clock, rows = MediaClock(), []
    for number, packets in enumerate(parts):
        for time, packet in packets:
            clock.place(packet)
            rows.append((number, packet.stream.index, time, float(packet.pts * BASE)))
    return clock, rows


@settings(deadline=None, max_examples=30)
@given(
    fps=st.floats(5, 120),
    parts=st.lists(st.tuples(st.floats(1.5, 4), st.floats(-20000, 95000), st.floats(0, 0.8)), min_size=1, max_size=4),
)
@example(fps=30.0, parts=[(2.0, 0.0, 0.0)] * 3)
def test_joined_recordings_follow_one_another_and_stay_in_step(fps, parts):
    begins = np.cumsum([0.0, *(seconds for seconds, _, _ in parts)])
    for number, (_, start, _) in enumerate(parts):
        for before in range(number):
            # a clock that goes on within a moment of where an earlier one would be cannot be told from that one
            assume(not -1.6 < start - parts[before][1] + begins[before] - begins[number] < LONGEST_HOLE + 0.5)
    clock, rows = placed([part(fps, seconds, start, late_sound=late) for seconds, start, late in parts])
    total, step = sum(seconds for seconds, _, _ in parts), 1 / fps
    rows = np.array(rows)
    origin = rows[0, 3]
    begun = 0.0
    for number, (seconds, _, _) in enumerate(parts):
        here = rows[rows[:, 0] == number]
        offsets = here[:, 3] - origin - here[:, 2]
        # picture and sound of one recording are moved by the same time, except around its first moments
        assert np.ptp(offsets) <= 2 * BASE, (number, np.ptp(offsets))
        assert abs(offsets[0] - begun) <= 2 * step + 0.1 + number * (step + 0.05)
        begun += seconds
    assert clock.end - origin <= total + len(parts) * (step + 0.1)
    for stream in (0, 1):
        assert (np.diff(rows[rows[:, 1] == stream, 3]) > 0).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.floats(5, 60))
def test_ordinary_clocks_are_left_alone(seed, fps):
    rng = np.random.default_rng(seed)
    packets = part(fps, 4, rng.uniform(-3, 1e5), late_sound=rng.uniform(0, 2))
    kept = [p for p in packets if rng.random() > 0.2 or p[1].stream is AUDIO]  # pictures that were dropped
    for _, packet in kept:
        jitter = round(rng.uniform(-0.4, 0.4) / fps / BASE)
        packet.dts += jitter
        packet.pts += jitter
    before = [(packet.pts, packet.dts) for _, packet in kept]
    clock, _ = placed([kept])
    assert [(packet.pts, packet.dts) for _, packet in kept] == before and not clock.jumps


def test_a_picture_that_is_held_while_sound_goes_on_is_no_jump():
    packets = [p for p in part(30, 40, 0) if p[1].stream is AUDIO or not 5 < p[0] < 35]
    clock, rows = placed([packets])
    assert not clock.jumps and rows[-1][3] > 39


@pytest.mark.parametrize("hole", [1.5, 60.0, 3 * 3600.0, 26 * 3600.0])
def test_hours_without_picture_and_sound_are_closed(hole):
    clock, _ = placed([part(30, 2, 0), part(30, 2, 2 + hole)])
    assert clock.end <= 4.1 and len(clock.jumps) == 1
    assert clock.jumps[0].hole == pytest.approx(hole, abs=0.1)


@settings(deadline=None, max_examples=30)
@given(
    step=st.floats(0.004, 20),
    block=st.floats(0, 200),
    sound_first=st.booleans(),
    ahead=st.integers(0, 16),
    dated=st.sampled_from(["both", "showing", "first"]),
)
@example(step=2.0, block=200.0, sound_first=False, ahead=0, dated="both")
def test_pictures_of_any_rate_stay_in_step_however_sound_stands_between_them(step, block, sound_first, ahead, dated):
    video = []
    for group in range(0, max(24, round(4 / step)), ahead + 1):
        shown = [group + ahead, *range(group, group + ahead)]  # the last one is stored ahead of the others
        for number, place in enumerate(shown, group):
            dts = None if dated == "showing" or (dated == "first" and number < 3) else round((number - 1) * step / BASE)
            video.append((number * step, _Packet(VIDEO, round(place * step / BASE), dts, round(step / 60 / BASE))))
    seconds = len(video) * step
    # a picture that is shown is placed by its own time; sound has none but that of decoding
    sound = [
        (k * 0.5, _Packet(AUDIO, stamp := round(k * 0.5 / BASE), stamp, round(0.5 / BASE), 20_000))
        for k in range(int(seconds / 0.5))
    ]
    packets = sorted(
        [*video, *sound], key=lambda item: (item[0] // max(block, 0.01), (item[1].stream is AUDIO) ^ sound_first)
    )
    before = [(packet.pts, packet.dts) for _, packet in packets]
    clock = MediaClock()
    clock.usual = {VIDEO.index: step}
    for _, packet in packets:
        clock.place(packet)
    assert [(packet.pts, packet.dts) for _, packet in packets] == before and not clock.jumps


def test_one_wild_timestamp_moves_nothing_behind_it():
    packets = part(30, 4, 0)
    packets[100][1].pts += 10**9
    packets[100][1].dts += 10**9
    clock, rows = placed([packets])
    after = np.array(rows[110:])
    assert np.abs(after[:, 3] - after[:, 2]).max() < 1e-4 and clock.end < 4.1


def test_a_length_that_cannot_be_is_not_believed():
    packets = part(30, 2, 0)
    packets[20][1].duration = 10**10
    clock, _ = placed([packets, part(30, 2, 2 + 50)])
    assert clock.end < 4 + LONGEST_HOLE + 1


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-(2**40), 2**40), st.integers(-(2**31), 2**40)), max_size=80))
def test_nonsense_is_bounded_by_the_packets(stamps):
    clock = MediaClock()
    first = None
    for stream, stamp, duration in stamps:
        clock.place(_Packet((VIDEO, AUDIO)[stream], stamp, stamp, duration))
        first = clock.end if first is None else first
    if stamps:
        assert clock.end - first <= 2.5 * len(stamps)
