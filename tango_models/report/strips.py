"""One seam as a strip of thumbnails."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

HEIGHT = 200  # px of a thumbnail: hands and mouth can be judged, 8 thumbnails are about 60 KB
_GAP = 3
_ACCENT = (214, 72, 46)


def seam_strip(frames: Sequence[np.ndarray], cut: int, made: Sequence[bool] = (), *, height: int = HEIGHT) -> bytes:
    """JPEG of the frames side by side; a red bar at the cut, a red line under frames that were made."""
    cells: list[np.ndarray] = []
    for index, frame in enumerate(frames):
        width = max(1, round(frame.shape[1] * height / frame.shape[0]))
        small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        foot = np.full((5, width, 3), 128, np.uint8)
        if index < len(made) and made[index]:
            foot[1:] = _ACCENT
        if index:
            bar = np.full((height + 5, _GAP * 2 if index == cut else _GAP, 3), 128, np.uint8)
            if index == cut:
                bar[:] = _ACCENT
            cells.append(bar)
        cells.append(np.concatenate([small, foot]))
    strip = np.concatenate(cells, axis=1)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(strip, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])
    return data.tobytes()
