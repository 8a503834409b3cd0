"""A fit for the eye: some frames of a video side by side with the fitted skeleton over them, the worst one too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tango_models.body.camera import project
from tango_models.body.motion_io import Motion
from tango_models.perception.landmarks import Landmarks
from tango_models.report.drawing import draw_skeleton

if TYPE_CHECKING:
    from tango_models.body.smplx_body import Body

CELL = 300  # px a frame is wide; four make a strip
_QUALITY = 85
_CAPTION = 24  # px below each frame
_ACCENT = (214, 72, 46)  # RGB
_ARM_LANDMARKS = [11, 13, 15, 12, 14, 16]
_ARM_POINTS = [f"{side}_{name}" for side in ("left", "right") for name in ("mark", "elbow_mark", "wrist")]


@dataclass(frozen=True)
class FittedFrame:
    """One frame for the strip.

    Attributes:
        number: of the frame in its video.
        error: as of `reprojection_error`.
        picture: (H, W, 3) uint8 RGB.
        joints: (55, 2) fitted joints in pixels of the picture.
        worst: whether it is the worst of the video.
    """

    number: int
    error: float
    picture: np.ndarray
    joints: np.ndarray
    worst: bool


def reprojection_error(landmarks: Landmarks, motion: Motion, camera: Mapping[str, Any], body: Body) -> np.ndarray:
    """How far the fitted arms lie from their landmarks in each frame.

    Args:
        landmarks: T frames, cleaned.
        motion: of the same frames, in the camera's axes.

    Returns:
        (T,) float32: mean over the visible ones of shoulders, elbows and wrists, as a share of the median height of the
        person in the picture; NaN where none is visible.
    """
    import torch

    from tango_models.body.fit.model_points import POINT, pose_points, rest_points, rotation_matrices

    with torch.no_grad():
        rotations = rotation_matrices(torch.as_tensor(motion.poses, dtype=torch.float32).reshape(-1, 55, 3))
        points = pose_points(rest_points(body, motion.betas), rotations)[0].numpy()
    points = points[:, [POINT[name] for name in _ARM_POINTS]] + np.asarray(motion.trans)[:, None]
    seen = landmarks.body_xy[:, _ARM_LANDMARKS]
    with np.errstate(invalid="ignore"):
        inside = ((seen >= 0) & (seen < np.array(landmarks.image_size))).all(-1)
    visible = inside & (landmarks.body_visibility[:, _ARM_LANDMARKS] > 0.5)
    heights = landmarks.person_box[:, 3] - landmarks.person_box[:, 1]
    heights = heights[np.isfinite(heights)]
    height = float(np.median(heights)) if len(heights) else float(landmarks.image_size[1])
    off = np.where(visible, np.linalg.norm(project(points, camera) - seen, axis=-1), 0.0)
    count = visible.sum(1)
    share = off.sum(1) / np.maximum(count, 1) / max(height, 1.0)
    return np.where(count > 0, share, np.nan).astype(np.float32)


def choose_frames(error: np.ndarray, parts: int = 3) -> list[int]:
    """The best frame of the middle half of each of so many equal parts of a video, and the worst of all, in order.

    Args:
        error: (T,) of `reprojection_error`; NaN is no candidate.
    """
    known = np.flatnonzero(np.isfinite(error))
    if not len(known):
        return []
    chosen = {int(known[np.argmax(error[known])])}
    for part in range(parts):
        low, high = (int(len(error) * (part + share) / parts) for share in (0.25, 0.75))
        middle = known[(known >= low) & (known < max(high, low + 1))]
        if len(middle):
            chosen.add(int(middle[np.argmin(error[middle])]))
    return sorted(chosen)


def joints_in_picture(motion: Motion, camera: Mapping[str, Any], body: Body) -> np.ndarray:
    """(T, 55, 2) pixels of a fitted motion's joints."""
    return project(body.joints(motion.poses, motion.trans, motion.betas).numpy(), camera)


def fit_strip(frames: Sequence[FittedFrame]) -> bytes:
    """A JPEG of the frames side by side, `CELL` pixels each, with frame number and error below; the worst in red.

    Of a picture wider than high only a square about the person is shown.
    """
    import cv2

    strip = np.concatenate([_cell(frame) for frame in frames], axis=1)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(strip, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()


def _cell(frame: FittedFrame) -> np.ndarray:
    import cv2

    height, width = frame.picture.shape[:2]
    side = min(width, height)
    middle = float(np.nanmedian(frame.joints[:, 0])) if np.isfinite(frame.joints).any() else width / 2
    left = int(np.clip(round(middle - side / 2), 0, width - side))
    scale = CELL / side
    small = cv2.resize(
        frame.picture[:, left : left + side], (CELL, max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    drawn = draw_skeleton(small, (frame.joints - (left, 0)) * scale)
    caption = np.full((_CAPTION, CELL, 3), _ACCENT if frame.worst else (40, 40, 40), np.uint8)
    text = f"{'worst: ' if frame.worst else ''}frame {frame.number}, off by {100 * frame.error:.1f} %"
    cv2.putText(caption, text, (8, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.48, (255, 255, 255), 1, cv2.LINE_AA)
    return np.concatenate([drawn, caption])
