"""From takes to what the diffusion model is trained on: pictures and conditions of a window of frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.homography import background_between, camera_move
from tango_models.interpolation.acinterp.learning.takes import Takes, cut_square, person_square, poses_in_square
from tango_models.interpolation.acinterp.poses import draw_poses

_REFERENCE_APART = 30  # frames from target to reference at least (AnimateAnyone), where the take is long enough


@dataclass(frozen=True)
class WindowConfig:
    """side: px of the square pictures. frames: of a window, both ends included; 1 is Pose2Image. context: frames seen
    before and after it."""

    side: int = 512
    frames: int = 12
    context: int = 2

    def __post_init__(self) -> None:
        if self.side < 8 or self.frames < 1 or self.frames == 2 or self.context < 0:
            fault = f"has an impossible window (side {self.side}, frames {self.frames}, context {self.context})"
            raise InputError("training configuration", fault, "a window has 1 frame, or 3 and more")

    @property
    def length(self) -> int:
        """Consecutive frames that a window takes."""
        return self.frames + 2 * self.context if self.frames > 1 else 1


@dataclass(frozen=True)
class Windows:
    """Of B windows, pictures 0..1 at S x S px; what `Conditions` is made of, before the autoencoder.

    frames (B, F, 3, S, S); poses likewise; reference (B, 1, 3, S, S); context (B, 2K, 3, S, S) or None;
    background (B, F, 3, S, S) and seen (B, F, 1, S, S); known (B, F) bool
    """

    frames: Tensor
    poses: Tensor
    reference: Tensor
    context: Tensor | None
    background: Tensor
    seen: Tensor
    known: Tensor


def draw_windows(takes: Takes, config: WindowConfig, rng: np.random.Generator, count: int) -> Windows:
    """`count` windows at random."""
    return stack([_draw(takes, config, rng) for _ in range(count)])


def stack(windows: list[Windows]) -> Windows:
    """Several in one batch."""
    parts = {}
    for name in ("frames", "poses", "reference", "background", "seen", "known"):
        parts[name] = torch.cat([getattr(window, name) for window in windows])
    contexts = [window.context for window in windows]
    return Windows(**parts, context=None if contexts[0] is None else torch.cat([c for c in contexts if c is not None]))


def _draw(takes: Takes, config: WindowConfig, rng: np.random.Generator) -> Windows:
    take, first = takes.draw(rng)
    inside = first + (config.context if config.frames > 1 else 0) + np.arange(config.frames)
    around = np.setdiff1d(first + np.arange(config.length), inside)
    if config.frames > 1:
        reference = int(inside[0])
    else:
        others = np.flatnonzero(np.abs(np.arange(len(take)) - first) >= min(_REFERENCE_APART, (len(take) - 1) // 2))
        reference = int(rng.choice(others))
    wanted = [*inside.tolist(), *around.tolist(), reference]
    frames, person = take.read(wanted), take.person[wanted]
    square = person_square(person, frames.shape[2], frames.shape[1])
    poses = poses_in_square(take.poses.at(inside), square, config.side)
    pictures = cut_square(frames, square, config.side)
    x, y, size = square
    rows = slice(y * person.shape[1] // frames.shape[1], -(-(y + size) * person.shape[1] // frames.shape[1]))
    columns = slice(x * person.shape[2] // frames.shape[2], -(-(x + size) * person.shape[2] // frames.shape[2]))
    return window_of(
        pictures[: config.frames],
        draw_poses(poses, config.side, config.side),
        pictures[-1],
        pictures[config.frames : -1] if len(around) else None,
        person[: config.frames, rows, columns],
    )


def window_of(
    frames: np.ndarray, poses: np.ndarray, reference: np.ndarray, context: np.ndarray | None, person: np.ndarray
) -> Windows:
    """One window (B = 1) of pictures in uint8.

    Args:
        frames: (F, S, S, 3); of more than one, the first and the last are the known ones, and the only ones whose
            background is looked at.
        poses: (F, S, S, 3). reference: (S, S, 3). context: (2K, S, S, 3). person: (F, h, w) bool of any size.
    """
    count = len(frames)
    known = torch.zeros(1, count, dtype=torch.bool)
    if count > 1:
        known[:, [0, -1]] = True
        move = camera_move(frames[0], frames[-1], person[0], person[-1])
        between = [
            background_between(frames[0], frames[-1], person[0], person[-1], move, k / (count - 1))
            for k in range(count)
        ]
        background, seen = (np.stack(part) for part in zip(*between, strict=True))
    else:
        background, seen = np.zeros_like(frames), np.zeros(frames.shape[:3], bool)
    return Windows(
        frames=pictures_of(frames)[None],
        poses=pictures_of(poses)[None],
        reference=pictures_of(reference[None])[None],
        context=None if context is None else pictures_of(context)[None],
        background=pictures_of(background)[None],
        seen=torch.from_numpy(seen)[None, :, None].float(),
        known=known,
    )


def pictures_of(frames: np.ndarray) -> Tensor:
    """(T, 3, H, W) float 0..1 of frames (T, H, W, 3) uint8."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255
