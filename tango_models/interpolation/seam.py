"""The seam, and the one interface of whatever makes its frames."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np


@dataclass(frozen=True)
class Seam:
    """Both runs at the output times -m .. m-1 around a cut; the cut lies between index m-1 and index m.

    outgoing         (2m, H, W, 3) uint8 RGB: the old run, and after the cut its continuation (last frame held if none)
    incoming         (2m, H, W, 3) uint8 RGB: the new run, and before the cut its lead-in (first frame held if none)
    *_points         (2m, P, 2) px: the same P torso points (shoulders, hips) in both; NaN where unknown
    *_arms           (2m, 2, 24, 2) px, or None: left and right arm as in `arms.POINTS`, shoulder, elbow, wrist and 21
                     points of the hand; NaN where unknown
    *_heads          (2m, 3) px, or None: middle (x, y) and radius of the head; NaN where unknown
    *_person         (2m, h, w) bool, or None: where the speaker is, over the whole frame at any size
    *_faces          (2m, P, 2) px, or None: the same P stiff points of the face in both; NaN where unknown
    times            (2m,), or None: how far from the outgoing to the incoming run each frame lies, 0 at the first and
                     1 at the last, never decreasing; at 0 and 1 a run is shown as it is. None: `window_alpha`
    before, after    (K, H, W, 3) uint8, or None where nobody asked: frames of the old run just before the first, and of
                     the new one just behind the last, for whoever looks at how things move; none of them is made anew.
                     Fewer than were asked for where no footage goes on
    """

    outgoing: np.ndarray
    incoming: np.ndarray
    outgoing_points: np.ndarray | None = None
    incoming_points: np.ndarray | None = None
    outgoing_arms: np.ndarray | None = None
    incoming_arms: np.ndarray | None = None
    outgoing_heads: np.ndarray | None = None
    incoming_heads: np.ndarray | None = None
    outgoing_person: np.ndarray | None = None
    incoming_person: np.ndarray | None = None
    outgoing_faces: np.ndarray | None = None
    incoming_faces: np.ndarray | None = None
    times: np.ndarray | None = None
    before: np.ndarray | None = None
    after: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.outgoing.shape != self.incoming.shape or self.outgoing.ndim != 4 or self.outgoing.shape[3] != 3:
            raise ValueError(f"seam frames must be two (2m, H, W, 3), got {self.outgoing.shape} {self.incoming.shape}")
        if self.outgoing.dtype != np.uint8 or self.incoming.dtype != np.uint8:
            raise ValueError("seam frames must be uint8")
        if not len(self.outgoing) or len(self.outgoing) % 2:
            raise ValueError(f"a seam has an even number of frames, not {len(self.outgoing)}")
        for points in (self.outgoing_points, self.incoming_points, self.outgoing_faces, self.incoming_faces):
            if points is not None and (points.ndim != 3 or points.shape[0] != len(self) or points.shape[2] != 2):
                raise ValueError(f"seam points must be ({len(self)}, P, 2), got {points.shape}")
        for arms in (self.outgoing_arms, self.incoming_arms):
            if arms is not None and arms.shape != (len(self), 2, 24, 2):
                raise ValueError(f"seam arms must be ({len(self)}, 2, 24, 2), got {arms.shape}")

        for heads in (self.outgoing_heads, self.incoming_heads):
            if heads is not None and heads.shape != (len(self), 3):
                raise ValueError(f"seam heads must be ({len(self)}, 3), got {heads.shape}")
        for person in (self.outgoing_person, self.incoming_person):
            if person is not None and (person.ndim != 3 or len(person) != len(self)):
                raise ValueError(f"seam persons must be ({len(self)}, h, w), got {person.shape}")
        for beyond in (self.before, self.after):
            if beyond is not None and (beyond.shape[1:] != self.outgoing.shape[1:] or beyond.dtype != np.uint8):
                raise ValueError(f"frames beyond a seam must be as its own, got {beyond.shape} {beyond.dtype}")
        if self.times is not None:
            rises = self.times.shape == (len(self),) and bool((np.diff(self.times) >= 0).all())
            if not rises or self.times[0] != 0 or self.times[-1] != 1:
                raise ValueError(f"seam times must rise from 0 to 1 over {len(self)} frames")

    def __len__(self) -> int:
        return len(self.outgoing)

    @property
    def half(self) -> int:
        """m: frames on either side of the cut."""
        return len(self.outgoing) // 2

    def cut_at(self, index: int) -> np.ndarray:
        """(2m, H, W, 3) uint8: the outgoing run up to frame `index`, the incoming from it on."""
        return np.concatenate([self.outgoing[:index], self.incoming[index:]])

    @property
    def alphas(self) -> np.ndarray:
        """(2m,) how far each frame lies from the outgoing run to the incoming."""
        return window_alpha(len(self)) if self.times is None else self.times


class Interpolator(Protocol):
    """Replaces the 2m frames around a cut. The same seam gives the same frames.

    The first frame it returns is outgoing[0] and the last is incoming[-1], bit for bit, so the result
    joins the footage on both sides.
    """

    @property
    def id(self) -> str:
        """Name, version and a hash of the settings: the key under which its frames may be cached."""
        ...

    def interpolate(self, seam: Seam) -> np.ndarray:
        """(2m, H, W, 3) uint8 RGB for the output times -m .. m-1."""
        ...


@runtime_checkable
class TellingInterpolator(Interpolator, Protocol):
    """One that wants to see beyond its seam, and may have something to say of what it made.

    Attributes:
        around: frames wanted in `Seam.before` and `Seam.after`.
    """

    around: int

    def tell(self, seam: Seam) -> tuple[np.ndarray, str]:
        """As `interpolate`, and what a person should know of these frames; "" for nothing."""
        ...


def frames_around(interpolator: Interpolator) -> int:
    """How many frames beyond a seam an interpolator wants to see, on each side."""
    return interpolator.around if isinstance(interpolator, TellingInterpolator) else 0


def frames_and_note(interpolator: Interpolator, seam: Seam) -> tuple[np.ndarray, str]:
    """What any interpolator makes of a seam, and what it has to say of it."""
    if isinstance(interpolator, TellingInterpolator):
        return interpolator.tell(seam)
    return interpolator.interpolate(seam), ""


def settings_id(name: str, version: int, settings: dict[str, Any]) -> str:
    """`name-version-hash`: what an interpolator is called in caches."""
    digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=4).hexdigest()
    return f"{name}-{version}-{digest}"


def window_alpha(count: int) -> np.ndarray:
    """(count,) blend position, 0 at the first frame of the window and 1 at the last, smoothstep between."""
    x = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.0])
    return x * x * (3 - 2 * x)
