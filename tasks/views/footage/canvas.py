"""One picture size for an avatar whose videos have several: the commonest; others are fitted into it."""

from collections import Counter

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals

_MASK_PIXEL = 8  # canvas px of a pixel of reduced masks, which are stored 64 a side


def canvas_size(source: Source, videos: list[str]) -> tuple[int, int]:
    """(width, height) that most frames of these videos have; the larger of equals."""
    rows = source.table("videos").read(["video_id", "width", "height", "n_frames"], where=equals(video_id=videos))
    frames: Counter = Counter()
    for row in rows.to_pylist():
        frames[row["width"], row["height"]] += row["n_frames"]
    return max(frames, key=lambda size: (frames[size], size))


def scale_and_offset(width: int, height: int, canvas: tuple[int, int]) -> tuple[float, float, float]:
    """Scale and offset (x, y) that fit a picture into the canvas, centred."""
    scale = min(canvas[0] / width, canvas[1] / height)
    return scale, (canvas[0] - width * scale) / 2, (canvas[1] - height * scale) / 2


def fit_frame(frame: np.ndarray, canvas: tuple[int, int]) -> np.ndarray:
    """A frame (H, W, 3) on the canvas, its edge colours continued where the shapes differ."""
    height, width = frame.shape[:2]
    if (width, height) == canvas:
        return frame
    import cv2

    scale, x, y = scale_and_offset(width, height, canvas)
    inside = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(frame, inside, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = round(x), round(y)
    right, bottom = canvas[0] - inside[0] - left, canvas[1] - inside[1] - top
    return cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_REPLICATE)


def fit_points(points: np.ndarray, size: tuple[int, int], canvas: tuple[int, int]) -> np.ndarray:
    """Pixel positions (…, 2) of a (width, height) picture on the canvas."""
    scale, x, y = scale_and_offset(*size, canvas)
    return points * scale + np.array([x, y], np.float32)


def fit_masks(masks: np.ndarray, size: tuple[int, int], canvas: tuple[int, int]) -> np.ndarray:
    """Masks (T, 64, 64) of a (width, height) picture on the canvas, reduced: (T, h, w) bool."""
    import cv2

    from tango_models.perception.landmarks import letterbox

    x, y, width, height = letterbox(*size)
    inside, reduced = ((max(1, -(-w // _MASK_PIXEL)), max(1, -(-h // _MASK_PIXEL))) for w, h in (size, canvas))
    own = masks[:, y : y + height, x : x + width].astype(np.float32)
    shown = [fit_frame(cv2.resize(mask, inside, interpolation=cv2.INTER_LINEAR), reduced) for mask in own]
    return np.stack(shown) > 0.5
