"""A path of clips as frames to show: which source frame at which time, and where the seams lie. Pure arithmetic."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_catalog.keys import split_clip_id, video_of
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.interpolation.seam_placement import Placement


@dataclass(frozen=True)
class SeamWindow:
    """A jump and the output frames around it that are generated.

    Attributes:
        src, dst: clip ids before and after the jump.
        cut: output frame from which the run of `dst` is shown.
        half: frames generated on each side of the cut.
        shift: frames by which the cut lies behind the end of `src`: the old run goes on for so long, or, below 0, the
            new one begins so much earlier than `dst`.
    """

    src: str
    dst: str
    cut: int
    half: int
    shift: int = 0

    @property
    def frames(self) -> range:
        return range(self.cut - self.half, self.cut + self.half)

    @property
    def offsets(self) -> np.ndarray:
        """(2·half,) the window's frames relative to the border of the two clips."""
        return np.arange(-self.half, self.half) + self.shift


@dataclass(frozen=True)
class Playback:
    """A path in time.

    Attributes:
        track: (T,) source track of every output frame; its video is `video_of` it.
        frame: (T,) source frame of every output frame.
        seams: in order of time; their windows do not overlap.
    """

    track: list[str]
    frame: np.ndarray
    seams: list[SeamWindow]

    @property
    def videos(self) -> list[str]:
        """The videos that are shown, in order of their ids."""
        return sorted({video_of(track) for track in set(self.track)})

    @property
    def pictures(self) -> list[tuple[str, int]]:
        """(T,) source video and frame of every output frame."""
        return [(video_of(track), frame) for track, frame in zip(self.track, self.frame.tolist(), strict=True)]


Place = Callable[[str, str, int, int], Placement]
"""Where the seam between two clips lies, with so many frames before and after their border to itself."""


def play(clip_ids: list[str], jumps: list[int], n_frames: int, *, place: Place) -> Playback:
    """Lay a path out in time.

    Args:
        clip_ids: the clips in order; 4 frames each, the last cut short to give exactly `n_frames`.
        jumps: positions in `clip_ids` that were reached by a jump.
        place: called for each seam.
    """
    parts = [split_clip_id(key) for key in clip_ids]
    shown = [track for track, _ in parts for _ in range(CLIP_FRAMES)][:n_frames]
    frame = np.concatenate([index * CLIP_FRAMES + np.arange(CLIP_FRAMES) for _, index in parts] or [np.zeros(0, int)])
    frame = frame[:n_frames].astype(np.int32)
    borders = [0, *(position * CLIP_FRAMES for position in jumps), n_frames]
    seams = []
    for k, position in enumerate(jumps):
        before, border, after = borders[k], borders[k + 1], borders[k + 2]
        if border >= n_frames:
            break
        # Half of the way to the neighbouring jumps; at the very ends the whole way.
        room_before = (border - before) // 2 if k else border - before
        room_after = (after - border) // 2 if k + 1 < len(jumps) else after - border
        src, dst = clip_ids[position - 1], clip_ids[position]
        placed = place(src, dst, room_before, room_after)
        seam = SeamWindow(src, dst, border + placed.shift, placed.half, placed.shift)
        # A run that is shown beyond its clip is the clip's track, frame after frame.
        if placed.shift > 0:
            track, index = parts[position - 1]
            frame[border : seam.cut] = (index + 1) * CLIP_FRAMES + np.arange(placed.shift)
        else:
            track, index = parts[position]
            frame[seam.cut : border] = index * CLIP_FRAMES + np.arange(placed.shift, 0)
        shown[min(border, seam.cut) : max(border, seam.cut)] = [track] * abs(placed.shift)
        seams.append(seam)
    return Playback(shown, frame, seams)


def run_around(clip: str, offsets: np.ndarray, *, from_end: bool, shot: tuple[int, int]) -> np.ndarray:
    """Source frames at output times relative to a jump, held at the ends of the shot.

    Args:
        clip: the clip beside the jump.
        offsets: (K,) frames relative to the border; 0 is the first frame after it.
        from_end: the clip lies before the border (its last frame is at offset -1), else after it (its first is at 0).
        shot: first frame of the clip's shot, and the first behind it.
    """
    _, index = split_clip_id(clip)
    origin = (index + 1) * CLIP_FRAMES if from_end else index * CLIP_FRAMES
    return np.clip(origin + offsets, shot[0], shot[1] - 1)


def shot_of(video: dict, clip: str) -> tuple[int, int]:
    """First frame of the shot that a clip lies in and the first behind it; `video` is the row of the clip's video."""
    first = split_clip_id(clip)[1] * CLIP_FRAMES
    borders = [0, *video["cuts"], video["n_frames"]]
    k = int(np.searchsorted(borders, first, side="right"))
    return borders[k - 1], borders[k]
