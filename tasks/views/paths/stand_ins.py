"""Pictures in place of repeated frames: in `transitions`, as transitions of clips to themselves, made once for all.

A unit is a block of clips, so a reenactment makes only what lies around the frames that it shows.
"""

from itertools import islice

import numpy as np

from data_catalog import Source, clip_id
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.interpolation.stand_ins import BETWEEN_ID, StandIn, stand_ins
from tasks.views.columns import unpack_bits
from tasks.views.paths.playback import Playback

BLOCK_CLIPS = 12
"""Clips of a unit, 1.6 s."""


def read_stand_ins(source: Source, videos: list[str]) -> dict[str, dict[int, StandIn]]:
    """For each video, by frame, what stands in for its repeated frames."""
    rows = source.table("videos").read(["video_id", "n_frames", "repeated", "cuts"], where=equals(video_id=videos))
    return {
        row["video_id"]: stand_ins(unpack_bits(row["repeated"], row["n_frames"]), row["cuts"])
        for row in rows.to_pylist()
    }


def repeated_frames(playback: Playback, wanted: dict[str, dict[int, StandIn]]) -> np.ndarray:
    """(T,) bool: output frames that show the picture before once more in the footage; those in a seam are made by the
    seam. `wanted`: of `read_stand_ins`."""
    repeated = np.array([frame in wanted[video] for video, frame in playback.pictures], bool)
    for seam in playback.seams:
        repeated[seam.frames.start : seam.frames.stop] = False
    return repeated


def shown_blocks(source: Source, playback: Playback) -> list[tuple[str, int]]:
    """The blocks (video, number) with a repeated frame that a path shows outside its seams."""
    shown = np.flatnonzero(repeated_frames(playback, read_stand_ins(source, playback.videos)))
    pictures = playback.pictures
    wanted = [pictures[t] for t in shown.tolist()]
    return sorted({(video, frame // (BLOCK_CLIPS * CLIP_FRAMES)) for video, frame in wanted})


def block_key(video_id: str, number: int) -> str:
    return f"{video_id}:{number:05d}:{BETWEEN_ID}"


class MadePictures:
    """Stand-ins out of the catalog.

    Args:
        videos: whose repeated frames are wanted.
    """

    def __init__(self, source: Source, videos: list[str]) -> None:
        self._table = source.table("transitions")
        self._wanted = read_stand_ins(source, videos)
        self._encoded: dict[str, bytes] = {}

    def prefetch(self, shown: list[tuple[str, int]]) -> None:
        """Read what stands in for those of these frames (video, frame) that repeat one, and forget the others."""
        clips = {clip_id(video, frame // CLIP_FRAMES) for video, frame in shown if frame in self._wanted[video]}
        where = equals(src=sorted(clips), interpolator_id=BETWEEN_ID)
        self._encoded = self._table.read_blobs("pixels", where, key="src") if clips else {}

    def find(self, video: str, frame: int) -> np.ndarray | None:
        """(H, W, 3) uint8; None where the frame is to be shown as it is. Prefetched frames only."""
        from tango_models.media.gop import iter_gop

        if frame not in self._wanted[video]:
            return None
        clip = frame // CLIP_FRAMES
        place = sum(other in self._wanted[video] for other in range(clip * CLIP_FRAMES, frame))
        return next(islice(iter_gop(self._encoded[clip_id(video, clip)]), place, None))
