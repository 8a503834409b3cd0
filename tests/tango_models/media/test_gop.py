import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.media.gop import encode_gop, iter_gop


def picture_run(count: int, height: int = 96, width: int = 128) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    frames = []
    for k in range(count):
        grey = 120 + 60 * np.sin((x + 3 * k) / 9) + 40 * np.cos(y / 7)
        frames.append(np.stack([grey, grey * 0.9 + 8, 0.8 * grey + 20 + x / 9], axis=-1))
    return np.clip(frames, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_round_trip_is_nearly_lossless_and_complete(count):
    frames = picture_run(count)
    back = np.stack(list(iter_gop(encode_gop(frames))))
    assert back.shape == frames.shape and back.dtype == np.uint8
    assert 10 * np.log10(255**2 / np.mean((back.astype(float) - frames) ** 2)) >= 42


def test_passing_through_again_and_again_does_not_darken():
    frames = picture_run(2)
    again = frames
    for _ in range(3):
        again = np.stack(list(iter_gop(encode_gop(again))))
    assert abs(float(again.mean()) - float(frames.mean())) < 0.5


def test_each_gop_stands_alone_and_does_not_depend_on_what_came_before():
    frames = picture_run(8)
    first = encode_gop(frames[4:])
    encode_gop(frames[:4])
    assert encode_gop(frames[4:]) == first
    assert np.array_equal(np.stack(list(iter_gop(first))), np.stack(list(iter_gop(first))))


def test_wrong_shapes_and_damaged_bytes_are_refused():
    with pytest.raises(ValueError, match="even"):
        encode_gop(np.zeros((4, 95, 128, 3), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        encode_gop(np.zeros((4, 96, 128, 3), np.float32))
    with pytest.raises(InputError, match=r"damaged|no frame"):
        np.stack(list(iter_gop(b"nothing of the kind")))
    with pytest.raises(InputError):
        np.stack(list(iter_gop(b"")))
