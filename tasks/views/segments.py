"""The segments in which a video's landmarks are detected."""

from collections.abc import Iterable

SEGMENT_FRAMES = 240
"""Frames of a segment (8 s): little enough to lose in a crash and to share among workers, long enough for the lead-in
to cost only 5 %."""


def segments(n_frames: int) -> list[tuple[int, int]]:
    """Start and stop of each segment; a last one of less than a third joins the one before it."""
    count = max(1, n_frames // SEGMENT_FRAMES + (n_frames % SEGMENT_FRAMES >= SEGMENT_FRAMES / 3))
    return [(k * SEGMENT_FRAMES, n_frames if k + 1 == count else (k + 1) * SEGMENT_FRAMES) for k in range(count)]


def segment_key(video_id: str, index: int) -> str:
    return f"{video_id}:{index:04d}"


def segment_keys(video_id: str, n_frames: int, frames: Iterable[int] | None = None) -> list[str]:
    """The units of a video's landmarks: all, or those in which some frames lie."""
    count = len(segments(n_frames))
    wanted = range(count) if frames is None else sorted({min(f // SEGMENT_FRAMES, count - 1) for f in frames})
    return [segment_key(video_id, k) for k in wanted]
