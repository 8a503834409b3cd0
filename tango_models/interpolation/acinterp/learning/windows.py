"""From takes to what the diffusion model is trained on: pictures and conditions of a window of frames."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.learning.takes import Takes
from tango_models.interpolation.acinterp.poses import draw_poses
from tango_models.interpolation.acinterp.squares import cut_square, person_square, poses_in_square
from tango_models.interpolation.acinterp.windows import Windows, stack, window_of

_REFERENCE_APART = 30  # frames from target to reference at least (AnimateAnyone), where the take is long enough


@dataclass(frozen=True)
class WindowConfig:
    """side: px of the square pictures. frames: of the longest window, both ends included; 1 is Pose2Image. context:
    frames seen before and after it. shortest: frames of the shortest window; lengths are drawn, from those that seams
    have."""

    side: int = 512
    frames: int = 16
    context: int = 2
    shortest: int = 4

    def __post_init__(self) -> None:
        if self.side < 8 or self.frames < 1 or self.frames == 2 or self.context < 0:
            fault = f"has an impossible window (side {self.side}, frames {self.frames}, context {self.context})"
            raise InputError("training configuration", fault, "a window has 1 frame, or 3 and more")
        if self.shortest < 3:
            raise InputError(
                "training configuration", f"has an impossible shortest ({self.shortest})", "give 3 or more"
            )

    @property
    def length(self) -> int:
        """Consecutive frames that the longest window takes."""
        return self.frames + 2 * self.context if self.frames > 1 else 1


def draw_windows(takes: Takes, config: WindowConfig, rng: np.random.Generator, count: int) -> Windows:
    """`count` windows at random, all of the same length, which is drawn too."""
    frames = int(rng.integers(min(config.shortest, config.frames), config.frames + 1))
    return stack([_draw(takes, replace(config, frames=frames), rng) for _ in range(count)])


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
