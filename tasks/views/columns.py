"""Arrays to column values and back: the one place that knows how a mask becomes bits."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from data_catalog.tables.sizes import MASK_SIDE


def pack_masks(masks: np.ndarray) -> list[bytes]:
    """(T, 64, 64) 0/1 → T values of 512 bytes."""
    bits = np.packbits(masks.reshape(len(masks), -1).astype(bool), axis=1)
    return [row.tobytes() for row in bits]


def unpack_masks(values: Sequence[bytes] | pa.ChunkedArray) -> np.ndarray:
    """T binary values of n·512 bytes → (T·n, 64, 64) bool."""
    data = b"".join(value.as_py() if isinstance(value, pa.Scalar) else value for value in values)
    bits = np.frombuffer(data, np.uint8).reshape(-1, MASK_SIDE * MASK_SIDE // 8)
    return np.unpackbits(bits, axis=1).reshape(-1, MASK_SIDE, MASK_SIDE).astype(bool)


def pack_bits(flags: np.ndarray) -> bytes:
    """(T,) bool → a bit each, the last byte filled with zeros."""
    return np.packbits(np.asarray(flags, bool)).tobytes()


def unpack_bits(value: bytes, count: int) -> np.ndarray:
    """The first `count` flags of `pack_bits`, (count,) bool."""
    return np.unpackbits(np.frombuffer(value, np.uint8), count=count).astype(bool)


def images(values: Sequence[bytes] | pa.ChunkedArray, side: int) -> np.ndarray:
    """Binary values of n·side² bytes each → (all images, side, side) uint8."""
    data = b"".join(value.as_py() if isinstance(value, pa.Scalar) else value for value in values)
    return np.frombuffer(data, np.uint8).reshape(-1, side, side)


def matrix(column: pa.ChunkedArray) -> np.ndarray:
    """A list column whose values are of one length → (T, length) array of its own dtype."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    values = array.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(array), -1) if len(array) else values.reshape(0, 0)


def vectors(array: np.ndarray) -> list[np.ndarray]:
    """(T, …) → T flat float32 vectors."""
    return list(np.ascontiguousarray(array, np.float32).reshape(len(array), -1))
