"""How a video shows its speaker: what a chunk of its landmarks cannot tell on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tango_models.body.fit.cleaning import body_weights
from tango_models.body.fit.face_pose import face_shape
from tango_models.perception.landmarks import Landmarks

_SMALLEST = 1 / 40  # of the picture a metre: a speaker a twentieth as high as it
_UPPER = [11, 12, 13, 14, 15, 16]
_KNEES = [25, 26]
_JUDGED = [0, 11, 12, 13, 14, 15, 16]  # nose, shoulders, elbows, wrists: what confidence is judged by


@dataclass(frozen=True)
class Framing:
    """Measured on some frames, taken to hold for all."""

    image_size: tuple[int, int]
    """(width, height) in pixels."""
    pixels_per_metre: float
    """Picture scale at the person by the network's own metres: right to a tenth or so."""
    legs_seen: bool
    """Whether the video shows the speaker's knees."""
    face_shape: np.ndarray
    """(P, 3) of :func:`~tango_models.body.fit.face_pose.face_shape`."""
    person_height: float
    """Median height of the person's outline in pixels."""
    visibility: float
    """Median over the frames of the upper body's mean visibility, 0..1."""


def frame_person(landmarks: Landmarks) -> Framing:
    """Framing from cleaned landmarks with somebody in at least one frame."""
    seen = landmarks.found
    px, metres = landmarks.body_xy[seen][:, _UPPER], landmarks.body_world[seen][:, _UPPER, :2]
    spread = [np.linalg.norm(p - np.nanmean(p, 1, keepdims=True), axis=-1) for p in (px, metres)]
    ratio = spread[0] / np.maximum(spread[1], 1e-3)
    ratio = ratio[np.isfinite(ratio)]
    heights = landmarks.person_box[seen, 3] - landmarks.person_box[seen, 1]
    heights = heights[np.isfinite(heights)]
    height = landmarks.image_size[1]
    return Framing(
        image_size=landmarks.image_size,
        pixels_per_metre=max(float(np.median(ratio)) if len(ratio) else height / 1.0, _SMALLEST * height),
        legs_seen=bool((body_weights(landmarks)[seen][:, _KNEES] > 0.5).mean() > 0.5),
        face_shape=face_shape(landmarks.face_xy, landmarks.face_z, landmarks.face_score),
        person_height=float(np.median(heights)) if len(heights) else float(landmarks.image_size[1]),
        visibility=float(np.median(landmarks.body_visibility[seen][:, _JUDGED].mean(1))),
    )
