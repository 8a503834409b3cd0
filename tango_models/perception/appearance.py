"""What a speaker and the room look like, as numbers that two videos of one avatar can be compared by.

Measured on seven real clips of four people and a synthetic one: between clips of one person in one room the shares of
colour outside the person differ by 0.02 to 0.09 (a fifth brighter by 0.14 to 0.30), in two rooms by 0.43 to 0.94; the
stiff part of the face by 0.007 to 0.035 and 0.023 to 0.055 of its size.

Of the clothes a pose shows more or less: an arm brings a jacket before the shirt. So their colours count, not how much
of each: see `other_clothes`. In 12000 pairs of stretches of 0.5 to 3 s of one person's it is 0.07 at most (where shares
are compared, 0.48), under light that is warmer, colder or a third brighter 0.04 at most (0.59); the same clothes dyed
by 60 to 90 Lab differ by more than 0.12 in 92 of 100 pairs, by more than 90 in 98. With any of the four people left
out, the others are at 0.04 to 0.07. Two dark suits are alike. So the room tells, the clothes tell where their colours
do, and the face alone does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tango_models.perception.colours import colour_counts
from tango_models.perception.landmarks import letterbox

_SPREAD = (1.0, 0.5, 0.5)  # bins: light changes more than hue
_OTHER_ROOM, _OTHER_CLOTHES, _OTHER_FACE = 0.36, 0.12, 0.04
_MORE_SEEN = 3.0  # times the most of a colour that the other frames show, which a pose may bring into sight


@dataclass(frozen=True)
class Appearance:
    """Shares of colour in the clothes below the face, (S, 216) float32 of S frames, and outside the person, (216,)
    of all, and the stiff part of the face as in `body.fit.face_pose.face_shape`, (12, 3); NaN where it was not seen."""

    clothes: np.ndarray
    room: np.ndarray
    face: np.ndarray


def colours(picture: np.ndarray, mask: np.ndarray, face_xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of colour in a frame's clothes and room, (216,) float32 each; NaN where there is nothing of it.

    Args:
        picture: (H, W, 3) uint8 RGB.
        mask: (64, 64) 1 on the person, letterboxed.
        face_xy: (F, 2) pixels; NaN without a face.
    """
    import cv2

    height, width = picture.shape[:2]
    left, top, inner_width, inner_height = letterbox(width, height)
    inside = np.ascontiguousarray(mask[top : top + inner_height, left : left + inner_width], np.uint8)
    person = cv2.resize(inside, (width, height), interpolation=cv2.INTER_NEAREST)
    below = np.zeros_like(person)
    if np.isfinite(face_xy).all() and len(face_xy):
        (x0, y0), (x1, y1) = face_xy.min(0), face_xy.max(0)
        x, y, size = (x0 + x1) / 2, (y0 + y1) / 2, y1 - y0
        below[max(0, round(y + 0.9 * size)) : round(y + 2.4 * size), max(0, round(x - size)) : round(x + size)] = 1
    return _shares(picture, below * person), _shares(picture, 1 - person)


def _shares(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    counts = colour_counts(picture, mask)
    counts = gaussian_filter(counts, _SPREAD, mode="nearest").ravel()  # a colour between two bins counts in both
    total = float(counts.sum())
    return (counts / total if total else np.full_like(counts, np.nan)).astype(np.float32)


def differences(one: Appearance, other: Appearance) -> list[str]:
    """In what two videos differ so much that they may show different people: of 'room', 'clothes' and 'face'; empty
    where they go together. A face counts only beside other clothes or another room: alone it says too little."""

    found = []
    if 1 - np.minimum(one.room, other.room).sum() > _OTHER_ROOM:  # NaN is not: what was not seen tells nothing
        found.append("room")
    if other_clothes(one.clothes, other.clothes) > _OTHER_CLOTHES:
        found.append("clothes")
    if found and float(np.linalg.norm(one.face - other.face, axis=-1).mean()) > _OTHER_FACE:
        found.append("face")
    return found


def other_clothes(one: np.ndarray, other: np.ndarray) -> float:
    """How much of the clothes has colours that the others have not: 0 to 1, the mean of both directions, each in the
    frame of which most is found among the others. What was not seen differs in nothing.

    Args:
        one, other: (S, 216) shares of colour of some frames, NaN where no clothes were seen.
    """
    one, other = (frames[np.isfinite(frames).all(1)] for frames in (one, other))
    if not len(one) or not len(other):
        return 0.0

    def unknown(frames: np.ndarray, others: np.ndarray) -> float:
        return float(1 - np.minimum(frames, _MORE_SEEN * others.max(0)).sum(1).max())

    return (unknown(one, other) + unknown(other, one)) / 2
