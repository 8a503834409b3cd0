"""Frames made ahead in another thread: the same ones, in order, and no more bytes of them than there is room for."""

import threading

import numpy as np
import pytest

from tasks.views.footage.read_ahead import ahead


def frames(count: int, made: list[int]):
    for k in range(count):
        made.append(k)
        yield np.full(1000, k, np.uint8)


def waited_for(made: list[int], count: int) -> int:
    """How many were made once no more are: the maker is blocked, or `count` was not reached within a second."""
    steps = threading.Event()
    for _ in range(50):
        if len(made) >= count:
            break
        steps.wait(0.02)
    steps.wait(0.1)
    return len(made)


@pytest.mark.parametrize("most_bytes", [1, 2500, 10**9])
def test_all_frames_come_in_order(most_bytes):
    assert [int(f[0]) for f in ahead(frames(50, []), most_bytes=most_bytes)] == list(range(50))


@pytest.mark.parametrize(("most_bytes", "waiting"), [(1, 1), (2500, 2), (10**9, 8)])
def test_no_more_is_made_than_there_is_room_for(most_bytes, waiting):
    made: list[int] = []
    reader = ahead(frames(50, made), most_bytes=most_bytes)
    assert int(next(reader)[0]) == 0
    # The first is in use, `waiting` wait, and one more is made and waits for room.
    assert waited_for(made, 1 + waiting + 1) == 1 + waiting + 1
    reader.close()
    assert len(made) == 1 + waiting + 1


def test_what_the_maker_raises_arrives_after_the_frames_before_it():
    def broken():
        yield np.zeros(3, np.uint8)
        raise ValueError("damaged")

    reader = ahead(broken())
    next(reader)
    with pytest.raises(ValueError, match="damaged"):
        next(reader)
