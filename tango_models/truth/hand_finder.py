"""Where a hand is in a picture, looked for where it should be."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np

from tango_models.perception.quiet import quiet_native_logs

_AROUND = 2.0  # the crop's side over the hand's: a palm detector wants to see what the hand hangs on
_SIDE = 256  # px of the crop as the detector gets it
_LEAST = 12  # px of a hand's longer side; smaller ones have no fingers to be seen
_CONFIDENCE = 0.5
_SAME = 0.25  # of the hand's longer side: mean distance of the 21 points up to which it is the same hand, in its place


class HandFinder:
    """MediaPipe's hand networks on a crop, from scratch for each (the networks are in its wheel). About 20 ms."""

    def __init__(self) -> None:
        self._network: Any = None

    def find(self, frame: np.ndarray, box: np.ndarray) -> np.ndarray:
        """(K, 21, 2) px of the frame, the hands (two at most) in a square around a box.

        Args:
            frame: (H, W, 3) uint8 RGB.
            box: (4,) px x0, y0, x1, y1.
        """
        import cv2

        size = float(max(box[2] - box[0], box[3] - box[1]))
        if not np.isfinite(size) or size < _LEAST:
            return np.zeros((0, 21, 2), np.float32)
        middle, side = (box[:2] + box[2:]) / 2, size * _AROUND
        scale = _SIDE / side
        to_crop = np.array([[scale, 0, _SIDE / 2 - scale * middle[0]], [0, scale, _SIDE / 2 - scale * middle[1]]])
        if scale < 1:  # no pixel of the picture is passed over
            frame = cv2.blur(frame, (max(1, round(1 / scale)),) * 2)
        crop = cv2.warpAffine(frame, to_crop, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        found = self._process(crop).multi_hand_landmarks or []
        points = np.array([[(p.x, p.y) for p in hand.landmark] for hand in found], np.float32).reshape(-1, 21, 2)
        return points * np.float32(side) + (middle - side / 2).astype(np.float32)

    def _process(self, crop: np.ndarray) -> Any:
        if self._network is not None:
            return self._network.process(crop)
        from mediapipe.python.solutions.hands import Hands

        with quiet_native_logs():
            self._network = Hands(static_image_mode=True, max_num_hands=2, min_detection_confidence=_CONFIDENCE)
            return self._network.process(crop)

    def close(self) -> None:
        """Free the networks; they are loaded again when needed."""
        if self._network is not None:
            self._network.close()
        self._network = None

    def __enter__(self) -> HandFinder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def same_hand(found: np.ndarray, true: np.ndarray) -> bool:
    """Whether one of the hands found (K, 21, 2) is the true one (21, 2), in its place and posture."""
    if not len(found):
        return False
    return bool(distances(found, true).min() <= _SAME)


def distances(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(K,) mean distance of the points of hands (K, 21, 2) from those of one (21, 2), over its longer side."""
    return np.linalg.norm(found - true, axis=-1).mean(axis=-1) / max(float(np.ptp(true, axis=0).max()), 1e-6)
