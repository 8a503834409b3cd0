"""What a seam will look like before it is made: its visibility, predicted from the small pictures of both runs.

The yardstick (`metrics.seam_visibility`) asks how much of a frame its neighbours do not explain, over what is usual
around it. What the interpolator has to bring over is the difference of the two runs where they change over; usual is
how much the picture changes by itself from frame to frame. Their ratio predicts the yardstick, whole picture and
background alike, so what changes behind or before the speaker (an inset, a caption, a spectator) counts as he does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tango_models.motion_graph.features import CLIP_FRAMES, FrameFeatures
from tango_models.motion_graph.pictures import PICTURE_SIDE

_AROUND = 22  # frames each way of the local median, as the yardstick takes them
_BLOCK = 1024  # pairs of pictures compared at a time
_STILL = 0.12  # grey levels: the coding noise of a still small picture is no motion


@dataclass(frozen=True)
class Views:
    """All T frames of some videos, as far as a seam's price is told by them.

    picture (T, 1024) uint8 grey; person (T, 1024) uint8, 1 on the person; usual (T, 2) float32 grey levels: change of
    the whole picture and of the background from frame to frame, the median of 1.5 s around; run (T,) int64, -1 outside
    the graph; first, last (T,) int64: of the frame's run.
    """

    picture: np.ndarray
    person: np.ndarray
    usual: np.ndarray
    run: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of_videos(cls, videos: Sequence[FrameFeatures]) -> "Views":
        """Of videos one after the other: clip c of the graph has the frames 4 c to 4 c + 3."""
        parts = [_view(video) for video in videos]
        run, offset = [], 0
        for part in parts:
            run.append(np.where(part[3] >= 0, part[3] + offset, -1))
            offset += int(part[3].max(initial=-1)) + 1
        number = np.concatenate(run)
        frames = np.arange(len(number))
        begins = np.concatenate([[True], number[1:] != number[:-1]])
        first = np.maximum.accumulate(np.where(begins, frames, 0))
        ends = np.concatenate([begins[1:], [True]])
        last = np.minimum.accumulate(np.where(ends, frames, len(frames))[::-1])[::-1]
        picture, person, usual = (np.concatenate([part[k] for part in parts]) for k in range(3))
        return cls(picture, person, usual, number, first, last)


def _view(video: FrameFeatures) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    frames = len(video.position)
    picture = np.zeros((frames, PICTURE_SIDE**2), np.uint8)
    if video.picture is not None:
        picture = np.ascontiguousarray(video.picture.reshape(frames, -1))
    person = on_pictures(video.mask)
    run = video.frame_run
    repeated = np.zeros(frames, bool) if video.repeated is None else np.asarray(video.repeated, bool)
    return picture, person, _usual(picture, person, run, repeated), run


def _usual(picture: np.ndarray, person: np.ndarray, run: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """(T, 2) float32: see `Views`. A repeated frame changes nothing, and the one behind it twice."""
    frames = np.arange(len(run))
    usual = np.full((len(run), 2), _STILL, np.float32)
    for number in np.unique(run[run >= 0]).tolist():
        own = frames[(run == number) & ~repeated]
        if len(own) < 2:
            continue
        change = _changes(picture, person, own)
        change = np.concatenate([change[:1], change])  # of the first frame nothing is known
        everywhere = frames[run == number]
        nearest = np.minimum(np.searchsorted(own, everywhere), len(own) - 1)
        for start in range(0, len(everywhere), CLIP_FRAMES):
            here = nearest[start]
            around = change[max(here - _AROUND, 0) : here + _AROUND + 1]
            usual[everywhere[start : start + CLIP_FRAMES]] = np.median(around, axis=0)
    return np.maximum(usual, _STILL)


def usual_change(picture: np.ndarray, person: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """(2,) float32 grey levels by which some frames in a row change, whole picture and background: see `Views`.

    Args:
        picture, person: (T, 1024) uint8 of `Views`. repeated: (T,) bool, shows the picture before once more.
    """
    own = np.flatnonzero(~repeated)
    if len(own) < 2:
        return np.full(2, _STILL, np.float32)
    return np.maximum(np.median(_changes(picture, person, own), axis=0), _STILL).astype(np.float32)


def _changes(picture: np.ndarray, person: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(F-1, 2) `differences` from each of the frames `own` (F,) to the next, for each frame between them."""
    return differences(picture, person, own[:-1], own[1:]) / np.diff(own)[:, None]


def on_pictures(mask: np.ndarray) -> np.ndarray:
    """Masks (T, 64, 64) bool -> (T, 1024) uint8, in the pixels of the small pictures 1 where there is the person."""
    person = mask.reshape(len(mask), PICTURE_SIDE, 2, PICTURE_SIDE, 2).any(axis=(2, 4))
    return np.ascontiguousarray(person.reshape(len(mask), -1).astype(np.uint8))


def differences(picture: np.ndarray, person: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(P, 2) float32 mean grey difference of the frames a (P,) and b (P,): whole picture, and where neither has the
    person."""
    found = np.empty((len(a), 2), np.float32)
    for start in range(0, len(a), _BLOCK):
        i, j = np.asarray(a[start : start + _BLOCK]), np.asarray(b[start : start + _BLOCK])
        apart = np.abs(picture[i].astype(np.int16) - picture[j])
        free = (person[i] | person[j]) == 0
        area = free.sum(axis=1)
        found[start : start + _BLOCK, 0] = apart.sum(axis=1) / picture.shape[1]
        found[start : start + _BLOCK, 1] = (apart * free).sum(axis=1) / np.maximum(area, 1)
    return found
