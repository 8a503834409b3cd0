"""What makes the lips of a render: nothing, the footage, or a network that a user brings."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
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
    """Refuse a name of `--lips` that is none. Raises InputError, also for a plug that is not installed, or by several
    packages."""
    if name not in (OFF, MATCH):
        _find(name)
    return name


def lips_id(name: str) -> str:
    """What decides the lips of a render: the name and, of a plug, its package and that one's version.

    Raises:
        InputError: as `check_lips`.
    """
    if name in (OFF, MATCH):
        return name
    return f"{name} of {_package(_find(name))}"


def load_plug(name: str) -> LipPlug:
    """The plug of `plug:NAME`. Raises InputError, as `check_lips`."""
    return _find(name).load()


def _find(name: str) -> EntryPoint:
    if not name.startswith(PLUG):
        raise InputError(f"--lips {name}", "is not known", f"choose {MATCH}, {OFF} or {PLUG}NAME")
    known = entry_points(group=GROUP)
    found = list(known.select(name=name.removeprefix(PLUG)))
    if not found:
        names = ", ".join(sorted(known.names))
        have = f"choose one of {names}" if names else f"install a package with an entry point of {GROUP}"
        raise InputError(f"--lips {name}", "no such plug is installed", have)
    if len(found) > 1:
        packages = " and ".join(sorted(map(_package, found)))
        raise InputError(f"--lips {name}", f"is a plug of {packages}", "uninstall all of them but one")
    return found[0]


def _package(plug: EntryPoint) -> str:
    assert plug.dist is not None  # it was found by its package
    return f"{plug.dist.name} {plug.dist.version}"


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
