"""What a seam will look like before it is made: its visibility, predicted from the small pictures of both runs.

The yardstick (`metrics.seam_visibility`) asks how much of a frame its neighbours do not explain, over what is usual
around it. What the interpolator has to bring over is the difference of the two runs where they change over; usual is
how much the picture changes by itself from frame to frame. Their ratio predicts the yardstick, whole picture and
background alike, so what changes behind or before the speaker (an inset, a caption, a spectator) counts as he does.
And the made frames move as the footage does that they are made of: where a hand is quick there, they surprise too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tango_models.motion_graph.features import CLIP_FRAMES, FrameFeatures
from tango_models.motion_graph.pictures import PICTURE_SIDE

_AROUND = 22  # frames each way of the local median, as the yardstick takes them
_BLOCK = 1024  # pairs of pictures compared at a time
_STILL = 0.12  # grey levels: the coding noise of a still small picture is no motion
_CALM = 0.3  # grey levels: the same of a surprise, as in the yardstick
_TAKEN = 8  # frames of each run that a seam takes


@dataclass(frozen=True)
class Views:
    """All T frames of some videos, as far as a seam's price is told by them.

    picture (T, 1024) uint8 grey; person (T, 1024) uint8, 1 on the person; usual (T, 2) float32 grey levels: change of
    the whole picture and of the background from frame to frame, the median of 1.5 s around; run (T,) int64, -1 outside
    the graph; first, last (T,) int64: of the frame's run; leaving, entering (T,) float32 grey levels: the largest
    surprise of the 8 frames up to and with this one, and of this one and the 7 after it; calm (T,) float32: the usual
    surprise of 1.5 s around.
    """

    picture: np.ndarray
    person: np.ndarray
    usual: np.ndarray
    run: np.ndarray
    first: np.ndarray
    last: np.ndarray
    leaving: np.ndarray
    entering: np.ndarray
    calm: np.ndarray

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
        leaving, entering, calm = np.concatenate([part[4] for part in parts], axis=1)
        return cls(picture, person, usual, number, first, last, leaving, entering, calm)


def _view(video: FrameFeatures) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    frames = len(video.position)
    picture = np.zeros((frames, PICTURE_SIDE**2), np.uint8)
    if video.picture is not None:
        picture = np.ascontiguousarray(video.picture.reshape(frames, -1))
    person = on_pictures(video.mask)
    run = video.frame_run
    repeated = np.zeros(frames, bool) if video.repeated is None else np.asarray(video.repeated, bool)
    surprise = np.zeros(frames, np.float32) if video.surprise is None else np.asarray(video.surprise, np.float32)
    return picture, person, _usual(picture, person, run, repeated), run, _surprises(surprise, run, repeated)


def _surprises(surprise: np.ndarray, run: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """(3, T) float32: `Views.leaving`, `.entering` and `.calm`."""
    from scipy.ndimage import median_filter

    found = np.full((3, len(run)), _CALM, np.float32)
    frames = np.arange(len(run))
    for number in np.unique(run[run >= 0]).tolist():
        here = frames[run == number]
        step, own = own_surprise(surprise[here], repeated[here])
        beside = np.zeros(_TAKEN - 1, np.float32)
        largest = np.lib.stride_tricks.sliding_window_view(np.concatenate([beside, step, beside]), _TAKEN).max(axis=1)
        found[0, here], found[1, here] = largest[: len(here)], largest[_TAKEN - 1 :]
        if len(own) > 1:
            usual = median_filter(step[own[1:]], size=2 * _AROUND + 1, mode="nearest")
            nearest = np.searchsorted(own[1:], np.arange(len(here))).clip(0, len(usual) - 1)
            found[2, here] = np.maximum(usual[nearest], _CALM)
    return found


def own_surprise(surprise: np.ndarray, repeated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of some frames in a row how much each surprises, (T,) float32 grey levels, and (F,) those that are no repeats.

    A repeated frame surprises nobody, the frame behind it is compared with one further back, and of the first frame
    nothing is known.

    Args:
        surprise: (T,) of `FrameFeatures`. repeated: (T,) bool, shows the picture before once more.
    """
    shown = ~repeated
    shown[:1] = True
    own = np.flatnonzero(shown)
    step = np.zeros(len(repeated), np.float32)
    step[own[1:]] = surprise[own[1:]] / np.diff(own)
    return step, own


def usual_surprise(surprise: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """(T,) float32: `own_surprise` of some frames in a row, over what is usual among them."""
    step, own = own_surprise(surprise, repeated)
    return step / np.float32(max(float(np.median(step[own[1:]])) if len(own) > 1 else 0.0, _CALM))


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
