"""MediaPipe Holistic as a landmark detector: body, both hands, face and person mask in one pass over the frames."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np

from tango_models.perception.face_points import FACE_POINTS
from tango_models.perception.hands import hand_boxes, hand_scores, metric_hand
from tango_models.perception.landmarks import MASK_SIZE, Landmarks, empty_row, letterbox, stack_rows
from tango_models.perception.quiet import quiet_native_logs

# The networks look at 224-256 px crops. Beyond this side a frame only costs time (the mask is enlarged to the frame).
_LONGEST_SIDE = 768


class HolisticDetector:
    """Landmarks of the most prominent person, with MediaPipe Holistic (models inside its wheel, nothing downloaded).

    The network tracks: a frame is searched where the person was in the frame before. Consecutive calls of
    :meth:`detect` go on with the same video, so a video can be read in pieces with the result of one call;
    :meth:`reset` starts the next video. The same frames after a reset give identical arrays.

    Measured with complexity 1 on 2 cores: about 20 frames/s at 768x768.

    Args:
        model_complexity: Body network: 1 (6 MB, the one in the wheel).
    """

    def __init__(self, model_complexity: int = 1) -> None:
        if model_complexity != 1:
            # The package would fetch the other two networks from the internet when first used.
            raise ValueError(f"model_complexity {model_complexity}: only 1 has its network inside the wheel")
        # Compiled protobuf files of this release ask for a message class in a way that protobuf 4 warns about.
        warnings.filterwarnings("ignore", message=r"SymbolDatabase\.GetPrototype")
        from mediapipe.python.solutions.holistic import Holistic

        self._build = partial(
            Holistic,
            model_complexity=model_complexity,
            # Both smoothers look only back, so they lag behind fast gestures; the fit smooths both ways instead.
            smooth_landmarks=False,
            enable_segmentation=True,
            smooth_segmentation=False,
        )
        self._network: Any = None
        self._size: tuple[int, int] | None = None

    def detect(self, frames: Iterable[np.ndarray]) -> Landmarks:
        """Landmarks of every frame, in order.

        Args:
            frames: (H, W, 3) uint8 RGB pictures of one video, all of one size. Read one at a time.

        Raises:
            ValueError: a frame has another shape or type, or another size than the ones before it.
        """
        rows = [self._detect_one(frame) for frame in frames]
        return stack_rows(self._size or (0, 0), rows, len(FACE_POINTS))

    def reset(self) -> None:
        """Forget the video seen so far; the next frame starts another one."""
        self._size = None

    def close(self) -> None:
        """Free the networks. The detector can be used again; it then loads them anew."""
        if self._network is not None:
            self._network.close()
        self._network, self._size = None, None

    def __enter__(self) -> HolisticDetector:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _detect_one(self, frame: np.ndarray) -> dict[str, np.ndarray]:
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise ValueError(f"a frame must be (H, W, 3) uint8, not {frame.shape} {frame.dtype}")
        size = (frame.shape[1], frame.shape[0])
        picture = np.ascontiguousarray(_shrink(frame))
        if self._size is None:
            self._size = size
            # The native threads report their start until the first picture has come through.
            with quiet_native_logs():
                if self._network is None:
                    self._network = self._build()
                else:
                    self._network.reset()
                return _row(self._network.process(picture), size)
        if self._size != size:
            raise ValueError(f"frame of {size} after frames of {self._size}; reset() starts another video")
        return _row(self._network.process(picture), size)


def _shrink(frame: np.ndarray) -> np.ndarray:
    scale = _LONGEST_SIDE / max(frame.shape[:2])
    if scale >= 1:
        return frame
    import cv2

    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def _points(landmarks: Any, indices: Iterable[int]) -> np.ndarray:
    points = landmarks.landmark
    return np.array([(points[i].x, points[i].y, points[i].z) for i in indices], np.float32)


def _row(result: Any, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """One frame's network output as the arrays of :class:`Landmarks` (without the time axis)."""
    row = empty_row(len(FACE_POINTS))
    if result.pose_landmarks is None:
        return row
    # Landmarks are in units of the picture: x and z of its width, y of its height.
    unit = np.array([size[0], size[1], size[0]], np.float32)
    row["body_xy"] = (_points(result.pose_landmarks, range(33)) * unit)[:, :2]
    row["body_visibility"] = np.array([point.visibility for point in result.pose_landmarks.landmark], np.float32)
    # MediaPipe's world has y down and z away from the camera.
    row["body_world"] = _points(result.pose_world_landmarks, range(33)) * np.array([1, -1, -1], np.float32)
    for side, found in enumerate((result.left_hand_landmarks, result.right_hand_landmarks)):
        if found is not None:
            hand = _points(found, range(21)) * unit
            row["hands_xy"][side], row["hands_local"][side] = hand[:, :2], metric_hand(hand)
    scores = hand_scores(row["hands_xy"], row["body_xy"])
    for side in (0, 1):
        if scores[side] == 0:
            row["hands_xy"][side] = row["hands_local"][side] = np.nan
    row["hands_score"] = scores
    if result.face_landmarks is not None:
        face = _points(result.face_landmarks, FACE_POINTS) * unit
        row["face_xy"], row["face_z"] = face[:, :2], -face[:, 2]
        row["face_score"] = np.ones((), np.float32)
    row["hand_boxes"] = hand_boxes(row["hands_xy"], row["body_xy"], row["body_visibility"], size)
    row["mask"], row["person_box"] = _outline(result.segmentation_mask, row, size)
    return row


def _outline(
    probability: np.ndarray | None, row: dict[str, np.ndarray], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The person's small mask and box from the segmentation (H', W') in 0..1; the box also holds visible landmarks."""
    import cv2

    mask = np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)
    seen = row["body_xy"][row["body_visibility"] >= 0.5]
    corners = [seen] if len(seen) else []
    if probability is not None:
        left, top, width, height = letterbox(*size)
        inside = cv2.resize(probability, (width, height), interpolation=cv2.INTER_AREA) >= 0.5
        mask[top : top + height, left : left + width] = inside
        person = probability >= 0.5
        columns, lines = np.flatnonzero(person.any(0)), np.flatnonzero(person.any(1))
        if len(columns) and len(lines):
            scale = np.array(size, np.float32) / (probability.shape[1], probability.shape[0])
            corners.append(np.array([[columns[0], lines[0]], [columns[-1] + 1, lines[-1] + 1]], np.float32) * scale)
    if not corners:
        return mask, np.full(4, np.nan, np.float32)
    points = np.clip(np.concatenate(corners), 0, np.array(size, np.float32))
    return mask, np.concatenate([points.min(0), points.max(0)]).astype(np.float32)
