"""What to paint over in a frame so that nobody but the speaker is in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Rectangle = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, the ends exclusive."""

_TRUNK = 1.0  # face sizes from the middle of a face to where the arm begins
_BODY = 1.5  # face sizes from the middle of a face to beyond the shoulder: never nearer to the speaker's
_HEAD = 0.9  # face sizes from the middle of a face to the edge of the hair
_BESIDE = 1.0  # face sizes: nearer than that in x, one is behind the other
_TURNED_AWAY = 90  # frames without his face through which somebody is taken to be in view


@dataclass(frozen=True)
class Track:
    """Where a person's face was seen: ``frames`` (S,) int64 ascending, ``places`` (S, 3) x, y, size in pixels."""

    frames: np.ndarray
    places: np.ndarray


@dataclass(frozen=True)
class Others:
    """The people beside the speaker of a video.

    Attributes:
        image_size: (width, height) of the pictures in whose pixels the places are.
        cuts: (K,) int64 first frames behind the cuts, ascending.
        step: frames from sample to sample.
        main: the speaker.
        beside: the others.
    """

    image_size: tuple[int, int]
    cuts: np.ndarray
    step: int
    main: Track
    beside: tuple[Track, ...]

    def hidden(self, frame: int, width: int, height: int) -> tuple[list[Rectangle], int]:
        """What belongs to others in a frame of the video, and how many of them are in view.

        Between two people side by side the picture is divided in proportion to their sizes, and what lies beyond is
        the other's. Where the speaker himself is out of view and somebody stands in his place, or he is not in the
        shot at all, everything is hidden.

        Args:
            width, height: of the full frame in whose pixels the rectangles are.
        """
        places = [place for track in self.beside if (place := self._place(track, frame, present=True)) is not None]
        if not places:
            return [], 0
        main = self._place(self.main, frame, present=False)
        away = self._place(self.main, frame, present=True) is None
        if main is None or (away and any(_at_the_place_of(main, place) for place in places)):
            return [(0, 0, width, height)], len(places)
        scale = np.array([width / self.image_size[0], height / self.image_size[1], height / self.image_size[1]])
        rectangles: list[Rectangle] = []
        for place in places:
            rectangles += _of_another(main * scale, place * scale, width, height)
        return rectangles, len(places)

    def _place(self, track: Track, frame: int, *, present: bool) -> np.ndarray | None:
        """(3,) x, y, size in a frame, between the samples of the same shot around it or of the nearest of them; None
        where the shot has none, or, if he must be ``present``, where he was not seen for long."""
        shot = int(np.searchsorted(self.cuts, frame, side="right"))
        start = self.cuts[shot - 1] if shot else 0
        stop = self.cuts[shot] if shot < len(self.cuts) else max(frame, track.frames[-1]) + 1
        inside = slice(*np.searchsorted(track.frames, [start, stop]).tolist())
        frames, places = track.frames[inside], track.places[inside]
        if not len(frames):
            return None
        after = int(np.searchsorted(frames, frame))
        before = after - 1
        if present:
            near = np.abs(frames[max(before, 0) : after + 1] - frame).min() <= self.step
            between = before >= 0 and after < len(frames) and frames[after] - frames[before] <= _TURNED_AWAY
            if not (near or between):
                return None
        return np.array([np.interp(frame, frames, places[:, k]) for k in range(3)])


def hide(frame: np.ndarray, rectangles: list[Rectangle]) -> np.ndarray:
    """The frame (H, W, 3) uint8 with grey in place of the rectangles; the frame itself where there is none."""
    if not rectangles:
        return frame
    painted = frame.copy()
    for x0, y0, x1, y1 in rectangles:
        painted[y0:y1, x0:x1] = 128
    return painted


def _at_the_place_of(main: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.hypot(*(main - other)[:2]) < 2 * max(main[2], other[2]))


def _of_another(main: np.ndarray, other: np.ndarray, width: int, height: int) -> list[Rectangle]:
    """The other's head; and, if he is beside the speaker, his trunk and all beyond it. His near arm stays: without a
    head and trunk nobody is found there, and the speaker's hand may reach that far."""
    found = []
    apart = other[0] - main[0]
    if abs(apart) > _BESIDE * main[2]:
        reach = max(abs(apart) - _TRUNK * other[2], _BODY * main[2])
        border = round(main[0] + np.sign(apart) * reach)
        found.append((border, 0, width, height) if apart > 0 else (0, 0, border, height))
    head, own = (_box(place, _HEAD) for place in (other, main))
    if head[2] <= own[0] or head[0] >= own[2] or head[3] <= own[1] or head[1] >= own[3]:
        found.append(head)
    clipped = [(max(0, x0), max(0, y0), min(width, x1), min(height, y1)) for x0, y0, x1, y1 in found]
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in clipped if x1 > x0 and y1 > y0]


def _box(place: np.ndarray, half: float) -> Rectangle:
    x, y, size = place
    return (round(x - half * size), round(y - 1.2 * half * size), round(x + half * size), round(y + half * size))
