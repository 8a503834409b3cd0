"""Landmarks of one person over the frames of a video: plain arrays, small enough to keep for minutes of footage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

MASK_SIZE = 64
"""Side of the stored person mask; the frame is scaled to fit and centred in it (:func:`letterbox`)."""

BODY_POINTS = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
"""The 33 body points in MediaPipe's order; ``left`` is the person's own left."""


@dataclass(frozen=True)
class Landmarks:
    """Landmarks over ``T`` frames. What was not found is NaN, with score or visibility 0.

    Pixels are those of the frames handed to the detector, x right and y down. About 6.3 kB a frame.
    """

    image_size: tuple[int, int]
    """(width, height) of the frames in pixels."""
    body_xy: np.ndarray
    """(T, 33, 2) float32, pixels; may lie outside the picture for limbs out of view."""
    body_visibility: np.ndarray
    """(T, 33) float32 in 0..1."""
    body_world: np.ndarray
    """(T, 33, 3) float32, metres, origin between the hips, x to the picture's right, **y up, z toward the camera**."""
    hands_xy: np.ndarray
    """(T, 2, 21, 2) float32, pixels; index 0 is the person's left hand."""
    hands_local: np.ndarray
    """(T, 2, 21, 3) float32, metres relative to the wrist, axes as ``body_world``. Scaled so that the hand has an
    adult's size; the depth axis is the network's guess and the least certain."""
    hands_score: np.ndarray
    """(T, 2) float32 in 0..1: 0 not found, lower the further the hand is from the wrist of the body."""
    face_xy: np.ndarray
    """(T, F, 2) float32, pixels; the points of ``face_points.FACE_POINTS``."""
    face_z: np.ndarray
    """(T, F) float32, pixels toward the camera relative to the head's centre."""
    face_score: np.ndarray
    """(T,) float32, 1 where a face was found."""
    mask: np.ndarray
    """(T, 64, 64) uint8, 1 on the person, area-sampled from the letterboxed frame."""
    hand_boxes: np.ndarray
    """(T, 2, 4) float32, pixels x0, y0, x1, y1 clipped to the picture; NaN when the hand is out of sight."""
    person_box: np.ndarray
    """(T, 4) float32, pixels x0, y0, x1, y1 of the person's outline; NaN without a person."""

    def __len__(self) -> int:
        return len(self.body_xy)

    @property
    def found(self) -> np.ndarray:
        """(T,) bool: frames in which a body was found."""
        return np.isfinite(self.body_xy[:, 0, 0])

    def frames(self, start: int, stop: int) -> Landmarks:
        """The landmarks of frames ``start`` to ``stop`` (exclusive), without copying."""
        return Landmarks(self.image_size, *(getattr(self, name)[start:stop] for name in _ARRAYS))

    @staticmethod
    def concatenate(parts: Sequence[Landmarks]) -> Landmarks:
        """Join consecutive chunks of one video. Raises ValueError when there is none or their sizes differ."""
        if not parts:
            raise ValueError("nothing to concatenate")
        sizes = {part.image_size for part in parts}
        if len(sizes) != 1:
            raise ValueError(f"landmarks of different picture sizes cannot be joined: {sorted(sizes)}")
        return Landmarks(
            parts[0].image_size, *(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS)
        )

    def to_columns(self) -> dict[str, np.ndarray]:
        """A flat ``name -> array`` dict whose arrays all have ``T`` as first axis (``image_size`` is repeated)."""
        size = np.tile(np.asarray(self.image_size, np.int32), (len(self), 1))
        return {"image_size": size} | {name: getattr(self, name) for name in _ARRAYS}

    @staticmethod
    def from_columns(columns: Mapping[str, np.ndarray]) -> Landmarks:
        """Rebuild from :meth:`to_columns`; further columns are ignored. Raises KeyError when one is missing."""
        sizes = np.asarray(columns["image_size"])
        if len(sizes) == 0 or (sizes != sizes[0]).any():
            raise ValueError("image_size must be present and equal in every row")
        width, height = (int(side) for side in sizes[0])
        arrays = (np.asarray(columns[name], dtype=np.uint8 if name == "mask" else np.float32) for name in _ARRAYS)
        return Landmarks((width, height), *arrays)


_ARRAYS = tuple(field.name for field in fields(Landmarks))[1:]


def empty_row(face_points: int) -> dict[str, np.ndarray]:
    """One frame in which nobody was found: the arrays of :class:`Landmarks` without the time axis."""
    nan = np.nan
    return {
        "body_xy": np.full((33, 2), nan, np.float32),
        "body_visibility": np.zeros(33, np.float32),
        "body_world": np.full((33, 3), nan, np.float32),
        "hands_xy": np.full((2, 21, 2), nan, np.float32),
        "hands_local": np.full((2, 21, 3), nan, np.float32),
        "hands_score": np.zeros(2, np.float32),
        "face_xy": np.full((face_points, 2), nan, np.float32),
        "face_z": np.full(face_points, nan, np.float32),
        "face_score": np.zeros((), np.float32),
        "mask": np.zeros((MASK_SIZE, MASK_SIZE), np.uint8),
        "hand_boxes": np.full((2, 4), nan, np.float32),
        "person_box": np.full(4, nan, np.float32),
    }


def stack_rows(image_size: tuple[int, int], rows: Sequence[Mapping[str, np.ndarray]], face_points: int) -> Landmarks:
    """Rows shaped as :func:`empty_row` into one :class:`Landmarks` (also for no rows at all)."""
    if not rows:
        return Landmarks(image_size, *(array[None][:0] for array in empty_row(face_points).values()))
    return Landmarks(image_size, *(np.stack([row[name] for row in rows]) for name in _ARRAYS))


def letterbox(width: int, height: int, side: int = MASK_SIZE) -> tuple[int, int, int, int]:
    """Where a (width, height) frame lies in the square mask: x offset, y offset, width, height in mask pixels."""
    scale = side / max(width, height)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    return (side - inner_width) // 2, (side - inner_height) // 2, inner_width, inner_height
