"""What the refiner is trained on: true gaps in footage, cut into pieces around the hands and kept on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.learning.takes import Take
from tango_models.interpolation.acinterp.refine import network_input
from tango_models.interpolation.acinterp.refiner import CHANNELS, LAYERS, NOISE, Refiner, compose
from tango_models.interpolation.acinterp.refiner_input import flow_frames, sights
from tango_models.interpolation.seam import Seam

GAPS = (3, 7, 11)
"""Frames that are missing."""
SIDE = 128
"""px of a piece."""
PLANES = CHANNELS + 3 + 1 + 3
_POSE = slice(3 * LAYERS + 1, 3 * LAYERS + 4)  # of the input: see `CHANNELS`
_PICTURES = (*range(0, 3 * LAYERS, 3), CHANNELS)
"""Where the first of the three planes of each picture stands: those that it chooses among, and the true one."""
_GAIN, _LIFT = (0.75, 1.25), (-0.08, 0.08)  # of each colour
_HANDS = 4.0  # how much more than elsewhere an error counts where the arms are on the way


@dataclass(frozen=True)
class Pieces:
    """(N, PLANES, SIDE, SIDE) uint8 on disk: the refiner's input, the true picture, where the arms are, and the pose's
    picture with left as right."""

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def batch(self, rng: np.random.Generator, count: int) -> Tensor:
        """(count, CHANNELS + 4, SIDE, SIDE) float 0..1, some of them mirrored: there left limbs have the colours of
        right ones, as in any picture of a left arm."""
        rows = np.sort(rng.choice(len(self), count, replace=count > len(self)))
        values = torch.from_numpy(self.values[rows]).float() / 255
        batch, swapped = values.split([PLANES - 3, 3], 1)
        mirrored = torch.from_numpy(rng.random(count) < 0.5)
        batch[mirrored, _POSE] = swapped[mirrored]
        batch[mirrored] = batch[mirrored].flip(-1)
        return batch


def varied(batch: Tensor, rng: np.random.Generator) -> Tensor:
    """Pieces turned, and in other colours. Few people are in the footage: without this the refiner learned those, and
    on somebody else its frames were worse the longer it learned."""
    return torch.stack([_recoloured(piece.rot90(int(rng.integers(4)), (-2, -1)), rng) for piece in batch])


def _recoloured(piece: Tensor, rng: np.random.Generator) -> Tensor:
    """A piece in which all pictures have other colours, the same others."""
    order = rng.permutation(3)
    gain, lift = (torch.from_numpy(rng.uniform(*limits, (3, 1, 1)).astype(np.float32)) for limits in (_GAIN, _LIFT))
    piece = piece.clone()
    for first in _PICTURES:
        piece[first : first + 3] = (gain * piece[first : first + 3][order] + lift).clamp(0, 1)
    return piece


def gap_seam(take: Take, first: int, length: int) -> tuple[Seam, np.ndarray]:
    """A gap behind frame `first` + 1 of a take: a seam of length + 3 frames whose runs stand still in it, and what was
    there, (length, H, W, 3) uint8: frames 2 .. length + 1 of the seam."""
    count = length + 3
    frames = take.read(list(range(first, first + count)))
    old, new = np.minimum(np.arange(count), 1), np.full(count, count - 1)
    poses, person = take.poses.at(np.arange(first, first + count)), take.person[first : first + count]
    seam = Seam(
        frames[old], frames[new], poses.points[old], poses.points[new], poses.arms[old], poses.arms[new],
        poses.heads[old], poses.heads[new], person[old], person[new],
        times=np.clip(np.arange(-1, count - 1) / (length + 1), 0, 1),
    )  # fmt: skip
    return seam, frames[2:-1]


def cut_pieces(take: Take, rng: np.random.Generator, count: int) -> np.ndarray:
    """About `count` pieces, (N, PLANES, SIDE, SIDE) uint8, from gaps at random places of a take.

    Args:
        count: fewer are returned from a take in which hands are hardly known.
    """
    pieces: list[np.ndarray] = []
    tries = 0
    lengths = [length for length in GAPS if len(take) >= length + 3]
    while lengths and len(pieces) < count and tries < 4 + count:
        tries += 1
        length = int(rng.choice(lengths))
        first = int(rng.integers(len(take) - length - 2))
        seam, true = gap_seam(take, first, length)
        moved = np.nanmax(np.abs(seam.incoming_arms[1, :, 2:] - seam.outgoing_arms[1, :, 2:]), initial=0)  # type: ignore[index]
        if moved < 0.01 * max(true.shape[1:3]):
            continue  # nothing to learn where hands stand still
        for sight in sights(seam, flow_frames(seam)):
            truth = true[sight.index - 2].transpose(2, 0, 1) / 255
            for left, top, right, bottom in sight.boxes:
                rows, columns = slice(top, bottom), slice(left, right)
                arms = sight.hands[None, rows, columns].astype(np.float32)
                swapped = sight.mirrored[rows, columns].transpose(2, 0, 1) / 255
                whole = np.concatenate([sight.channels(rows, columns), truth[:, rows, columns], arms, swapped])
                pieces.append(_piece(network_input(whole.astype(np.float32))[0], rng))
    return np.stack(pieces) if pieces else np.zeros((0, PLANES, SIDE, SIDE), np.uint8)


def _piece(planes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(C, SIDE, SIDE) uint8 somewhere in planes (C, h, w) 0..1; what is smaller goes on as its edge."""
    room = [(0, 0), *((0, max(0, SIDE - side)) for side in planes.shape[1:])]
    planes = np.pad(planes, room, mode="edge")
    top, left = (int(rng.integers(side - SIDE + 1)) for side in planes.shape[1:])
    return np.rint(255 * planes[:, top : top + SIDE, left : left + SIDE]).clip(0, 255).astype(np.uint8)


def open_pieces(takes: Sequence[Take], folder: Path, *, count: int, seed: int) -> Pieces:
    """`count` pieces of all takes together, by their length; what `folder` holds is not made again.

    Raises:
        InputError: no hand moves in any of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total, parts = sum(map(len, takes)), []
    for number, take in enumerate(takes):
        path = folder / f"{number:05d}-{seed}-{count}-{PLANES}.npy"
        if not path.exists():
            rng = np.random.default_rng([seed, number])
            partial = path.with_name(f".{path.stem}.{os.getpid()}.npy")
            np.save(partial, cut_pieces(take, rng, max(1, round(count * len(take) / total))))
            os.replace(partial, path)
        parts.append(np.load(path, mmap_mode="r", allow_pickle=False))
    values = np.concatenate([part for part in parts if part.ndim == 4])
    if not len(values):
        fault = "shows no moving hand in any take long enough"
        raise InputError("the footage to train on", fault, "give longer videos in which the hands are seen")
    return Pieces(values)


def refiner_loss(model: Refiner, batch: Tensor, generator: torch.Generator, perceptual=None, weight: float = 0.0):
    """The loss of a batch of pieces, and figures.

    Mean absolute error of the picture and of its gradients, more where the arms are; with `perceptual` that of VGG
    features, `weight` times; with flow matching, the squared error of the velocity.
    """
    given, true, arms = batch.split([CHANNELS, 3, 1], 1)
    time, noisy = given.new_zeros(len(given)), None
    if model.config.flow_steps:
        time = torch.rand(len(given), generator=generator).to(given)
        noise = NOISE * torch.randn(true.shape, generator=generator).to(given)
        with torch.no_grad():  # what is to be added is what the choice leaves
            shares, _ = model.answer(given, noise, torch.zeros_like(time))
        rest = true - compose(given, shares, torch.zeros_like(true))
        part = time.view(-1, 1, 1, 1)
        noisy = (1 - part) * noise + part * rest
        shares, velocity = model.answer(given, noisy, time)
        made = compose(given, shares, torch.zeros_like(true))
        flow = F.mse_loss(velocity, rest - noise)
    else:
        shares, added = model.answer(given, None, time)
        made = compose(given, shares, added)
        flow = made.new_zeros(())
    importance = 1 + (_HANDS - 1) * arms
    error = ((made - true).abs() * importance).mean() / importance.mean()
    slopes = (
        sum(
            ((_slope(made, axis) - _slope(true, axis)).abs() * importance.narrow(axis, 1, SIDE - 1)).mean()
            for axis in (-1, -2)
        )
        / importance.mean()
    )
    loss = error + slopes + flow
    if perceptual is not None:
        loss = loss + weight * perceptual(made, true)
    with torch.no_grad():
        composed = given[:, 6:9]
        figures = {
            "hands": float(((made - true).abs() * arms).sum() / (3 * arms.sum()).clamp_min(1) * 255),
            "hands_flow": float(((composed - true).abs() * arms).sum() / (3 * arms.sum()).clamp_min(1) * 255),
        }
    return loss, figures


def _slope(picture: Tensor, axis: int) -> Tensor:
    return picture.diff(dim=axis)
