"""What makes the lips of a render: nothing, the footage, or a network that a user brings."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Protocol

import numpy as np

from tango_models.errors import InputError

GROUP = "tango.lips"
"""Entry points of this group are what `plug:NAME` names."""
OFF, MATCH, PLUG = "off", "match", "plug:"


class LipPlug(Protocol):
    """A network of one's own, frames in, frames out: called once for each render."""

    def __call__(self, frames: Iterator[np.ndarray], audio: np.ndarray, fps: int) -> Iterator[np.ndarray]:
        """The same frames with other lips, in order, as many, each (H, W, 3) uint8 RGB of the same size.

        Args:
            frames: each (H, W, 3) uint8 RGB; taken one after the other.
            audio: (S,) float32, 16 kHz mono, the speech; sample 0 belongs to the first frame.
            fps: frames per second.
        """


def check_lips(name: str) -> str:
    """Refuse a name of `--lips` that is none. Raises InputError, also for a plug that is not installed."""
    if name in (OFF, MATCH):
        return name
    if not name.startswith(PLUG):
        raise InputError(f"--lips {name}", "is not known", f"choose {MATCH}, {OFF} or {PLUG}NAME")
    known = sorted(entry_points(group=GROUP).names)
    if name.removeprefix(PLUG) not in known:
        have = f"choose one of {', '.join(known)}" if known else f"install a package with an entry point of {GROUP}"
        raise InputError(f"--lips {name}", "no such plug is installed", have)
    return name


def load_plug(name: str) -> LipPlug:
    """The plug of `plug:NAME`. Raises InputError: it is not installed."""
    check_lips(name)
    (found,) = entry_points(group=GROUP, name=name.removeprefix(PLUG))
    return found.load()


def plugged(
    plug: LipPlug, name: str, frames: Iterator[np.ndarray], audio: np.ndarray, fps: int
) -> Iterator[np.ndarray]:
    """The frames of a plug, held to what was agreed. Raises InputError: fewer, more or other frames than it got."""
    taken, size = 0, (0, 0, 0)

    def given() -> Iterator[np.ndarray]:
        nonlocal taken, size
        for frame in frames:
            taken, size = taken + 1, frame.shape
            yield frame

    made, remedy = 0, f"mend the plug, or use --lips {MATCH}"
    for frame in plug(given(), audio, fps):
        made += 1
        frame = np.asarray(frame)
        if frame.shape != size or frame.dtype != np.uint8:
            raise InputError(f"--lips {name}", f"gave a frame of {frame.shape} {frame.dtype}, not {size} uint8", remedy)
        yield frame
    if made != taken or next(frames, None) is not None:
        raise InputError(f"--lips {name}", f"gave {made} frames for {taken} that it took, or did not take all", remedy)
