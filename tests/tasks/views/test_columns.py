"""Arrays survive the way into columns and back."""

import numpy as np
import pyarrow as pa

from tasks.views.columns import matrix, pack_masks, unpack_masks, vectors


def test_masks_come_back_bit_for_bit():
    masks = np.random.default_rng(0).random((7, 64, 64)) > 0.5
    assert np.array_equal(unpack_masks(pack_masks(masks)), masks)


def test_several_masks_in_one_value_come_back_in_order():
    masks = np.random.default_rng(1).random((8, 64, 64)) > 0.5
    values = [b"".join(pack_masks(clip)) for clip in masks.reshape(2, 4, 64, 64)]
    assert np.array_equal(unpack_masks(values), masks)


def test_vectors_and_matrix_are_inverse_over_chunks():
    array = np.random.default_rng(2).random((5, 2, 3)).astype(np.float32)
    kind = pa.list_(pa.float32(), 6)
    column = pa.chunked_array([pa.array(vectors(array[:2]), kind), pa.array(vectors(array[2:]), kind)])
    assert np.array_equal(matrix(column).reshape(5, 2, 3), array)


def test_matrix_keeps_nan():
    column = pa.chunked_array([pa.array([np.array([np.nan, 1], np.float32)], pa.list_(pa.float32(), 2))])
    assert np.array_equal(matrix(column), [[np.nan, 1]], equal_nan=True)
