"""The segments in which a video's landmarks are detected."""

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache

from data_catalog.tables.sizes import CLIP_FRAMES

SEGMENT_FRAMES = 240
"""Frames of a segment at most (8 s): little enough to lose in a crash and to share among workers, long enough for the
lead-in to cost only 5 %."""
SHORT_FRAMES, _SHARES = 60, 4
"""A short video is cut finer, so that two workers end together however late one of them began: into four, of 2 s at
least."""


def segments(n_frames: int) -> list[tuple[int, int]]:
    """Start and stop of each segment, all of one length but for whole clips."""
    count = max(1, -(-n_frames // SEGMENT_FRAMES), min(_SHARES, n_frames // SHORT_FRAMES))
    edges = [k * n_frames // count // CLIP_FRAMES * CLIP_FRAMES for k in range(count)]
    return list(zip(edges, [*edges[1:], n_frames], strict=True))


def segment_key(video_id: str, index: int) -> str:
    return f"{video_id}:{index:04d}"


def segment_keys(video_id: str, n_frames: int, frames: Iterable[int] | None = None) -> list[str]:
    """The units of a video's landmarks: all, or those in which some frames lie."""
    starts = _starts(n_frames)
    wanted = range(len(starts)) if frames is None else sorted({bisect_right(starts, f) - 1 for f in frames})
    return [segment_key(video_id, k) for k in wanted]


@lru_cache(maxsize=1024)
def _starts(n_frames: int) -> list[int]:
    return [start for start, _ in segments(n_frames)]
