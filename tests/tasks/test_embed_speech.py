"""An hour's embedding is written piece by piece."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.embed_speech import _FRAMES_PER_ROW, _rows


@given(lengths=st.lists(st.integers(0, 2 * _FRAMES_PER_ROW + 7), max_size=8))
def test_pieces_of_any_lengths_become_full_rows_and_a_rest(lengths):
    low = np.arange(sum(lengths), dtype=np.float32)[:, None]
    pieces = np.split(low, np.cumsum(lengths)[:-1]) if lengths else []
    rows = list(_rows((piece, -piece) for piece in pieces))
    assert [len(row) for row, _ in rows[:-1]] == [_FRAMES_PER_ROW] * (len(rows) - 1)
    assert all(0 < len(row) <= _FRAMES_PER_ROW and np.array_equal(row, -other) for row, other in rows)
    assert np.array_equal(np.concatenate([np.zeros((0, 1)), *(row for row, _ in rows)]), low)


def test_what_was_given_is_not_held():
    rows = _rows((np.zeros((_FRAMES_PER_ROW, 1)),) * 2 for _ in range(3))
    assert [len(next(rows)[0]) for _ in range(3)] == [_FRAMES_PER_ROW] * 3
    with pytest.raises(StopIteration):
        next(rows)
