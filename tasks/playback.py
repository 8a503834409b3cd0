"""A path of clips as frames to show: which source frame at which time, and where the seams lie. Pure arithmetic."""

from dataclasses import dataclass

import numpy as np

from data_catalog.keys import split_clip_id
from data_catalog.schemas import CLIP_FRAMES


@dataclass(frozen=True)
class SeamWindow:
    """A jump and the output frames around it that are generated.

    Attributes:
        src, dst: clip ids before and after the jump.
        cut: output frame at which `dst` begins.
        half: frames generated on each side of the cut.
    """

    src: str
    dst: str
    cut: int
    half: int

    @property
    def frames(self) -> range:
        return range(self.cut - self.half, self.cut + self.half)


@dataclass(frozen=True)
class Playback:
    """A path in time.

    Attributes:
        video: (T,) source video id of every output frame.
        frame: (T,) source frame of every output frame.
        seams: in order of time; their windows do not overlap.
    """

    video: list[str]
    frame: np.ndarray
    seams: list[SeamWindow]


def play(clip_ids: list[str], jumps: list[int], n_frames: int, *, half_window: int) -> Playback:
    """Lay a path out in time.

    Args:
        clip_ids: the clips in order; 4 frames each, the last cut short to give exactly `n_frames`.
        jumps: positions in `clip_ids` that were reached by a jump.
        half_window: frames to generate on each side of a cut; fewer where two cuts are close or the end is near.
    """
    parts = [split_clip_id(key) for key in clip_ids]
    video = [video_id for video_id, _ in parts for _ in range(CLIP_FRAMES)][:n_frames]
    frame = np.concatenate([index * CLIP_FRAMES + np.arange(CLIP_FRAMES) for _, index in parts] or [np.zeros(0, int)])
    borders = [0, *(position * CLIP_FRAMES for position in jumps), n_frames]
    seams = []
    for k, position in enumerate(jumps):
        before, cut, after = borders[k], borders[k + 1], borders[k + 2]
        if cut >= n_frames:
            break
        # Half of the way to the neighbouring cuts; at the very ends the whole way.
        room_before = (cut - before) // 2 if k else cut - before
        room_after = (after - cut) // 2 if k + 1 < len(jumps) else after - cut
        half = max(0, min(half_window, room_before, room_after))
        seams.append(SeamWindow(clip_ids[position - 1], clip_ids[position], cut, half))
    return Playback(video, frame[:n_frames].astype(np.int32), seams)


def run_around(clip: str, offsets: np.ndarray, *, from_end: bool, n_frames: int) -> np.ndarray:
    """Source frames at output times relative to a cut, held at the video's ends.

    Args:
        clip: the clip beside the cut.
        offsets: (K,) frames relative to the cut; 0 is the first frame after it.
        from_end: the clip lies before the cut (its last frame is at offset -1), else after it (its first is at 0).
        n_frames: frames of the clip's video.
    """
    _, index = split_clip_id(clip)
    origin = (index + 1) * CLIP_FRAMES if from_end else index * CLIP_FRAMES
    return np.clip(origin + offsets, 0, n_frames - 1)
