"""From a stored picture to the displayed one: pixel aspect, rotation flag, even sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import av


@dataclass(frozen=True)
class Geometry:
    """How the stored pictures of one stream become displayed ones."""

    stored_width: int  # after the sample aspect, before the turn
    stored_height: int
    quarter_turns: int  # counter-clockwise, 0..3
    mirrored: bool  # the display matrix flips left and right (some front cameras), applied before the turn

    @property
    def width(self) -> int:
        """Displayed width in px, even."""
        return (self.stored_height if self.quarter_turns % 2 else self.stored_width) & ~1

    @property
    def height(self) -> int:
        """Displayed height in px, even."""
        return (self.stored_width if self.quarter_turns % 2 else self.stored_height) & ~1

    def display(self, stored: np.ndarray) -> np.ndarray:
        """(height, width, 3) contiguous, of (stored_height, stored_width, 3).

        An odd last row or column is cut off: yuv420p needs even sides, and cutting keeps every other pixel as it was.
        """
        picture = stored[:, ::-1] if self.mirrored else stored
        if self.quarter_turns:
            picture = np.rot90(picture, self.quarter_turns)
        return np.ascontiguousarray(picture[: self.height, : self.width])

    def fit(self, picture: np.ndarray) -> np.ndarray:
        """(height, width, 3) of a picture of another size and shape, scaled into this one; black beside it."""
        import cv2

        height, width = picture.shape[:2]
        scale = min(self.height / height, self.width / width)
        size = max(1, min(self.width, round(width * scale))), max(1, min(self.height, round(height * scale)))
        scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        top, left = (self.height - size[1]) // 2, (self.width - size[0]) // 2
        fitted = np.zeros((self.height, self.width, 3), np.uint8)
        fitted[top : top + size[1], left : left + size[0]] = scaled
        return fitted


def geometry_of(frame: av.VideoFrame, sample_aspect: float | None) -> Geometry:
    """Geometry of a decoded frame; `sample_aspect` is the stream's pixel width / height, None or 0 for square."""
    width, height = frame.width, frame.height
    # Nonsense aspects occur in damaged headers; real ones lie between 1/2 and 2.
    if sample_aspect and 0.4 <= sample_aspect <= 2.5 and abs(sample_aspect - 1) > 0.005:
        width = max(2, round(width * sample_aspect))
    mirrored, turns = False, round((frame.rotation or 0) / 90) % 4
    matrix = _display_matrix(frame)
    if matrix is not None:
        a, b, c, d = matrix
        mirrored = a * d - b * c < 0
        if mirrored:  # undo the flip, then read the turn off the first column: x axis of the picture on the display
            a, b = -a, -b
        # FFmpeg's matrix has y downwards, so (a, b) = (0, 1) turns the picture clockwise.
        turns = round(-np.degrees(np.arctan2(b, a)) / 90) % 4
    return Geometry(width, height, turns, mirrored)


def _display_matrix(frame: av.VideoFrame) -> tuple[float, float, float, float] | None:
    from av.sidedata.sidedata import Type

    data = frame.side_data.get(Type.DISPLAYMATRIX)  # type: ignore[call-overload]
    if data is None or data.buffer_size < 36:
        return None
    m = np.frombuffer(bytes(data), np.int32, 9).astype(np.float64)
    return (m[0], m[1], m[3], m[4]) if m[0] * m[4] - m[1] * m[3] else None
