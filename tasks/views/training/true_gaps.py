"""Gaps in an avatar's footage, by which interpolators are judged."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source, video_of
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES, MASK_SIDE
from tasks.views.columns import matrix, unpack_bits, unpack_masks
from tasks.views.footage.frame_source import FRAME_CACHE_MB, GopCache
from tasks.views.takes import takes

if TYPE_CHECKING:
    from tango_models.truth.gaps import Gap, Place, Seen

_STRETCH = 600  # frames that are looked at together
_STRETCHES = 30  # of a track, 10 minutes in all, taken by lot: enough to choose from
_COLUMNS = ["video_id", "frame", "body_xy", "body_visibility", "hands_xy", "hand_boxes", "face_xy", "mask"]


class TrueGaps:
    """Gaps of some lengths in an avatar's tracks, chosen by lot: as many with slow, middling and fast hands.

    Args:
        lengths: frames taken out.
        count: gaps of each length, or as many as there are.
        seed: other seeds choose others.
    """

    def __init__(
        self, source: Source, tracks: Sequence[str], *, lengths: Sequence[int], count: int, seed: int = 0
    ) -> None:
        from tango_models.truth.gaps import choose, paces, places

        self._source = source
        rng = np.random.default_rng(seed)
        self._stretches = [s for track in tracks for s in _stretches(source, track, rng)]
        self.chosen: list[tuple[int, Place]] = []
        """Number of the stretch, and the place in it."""
        found: dict[int, list[tuple[int, Place]]] = {length: [] for length in lengths}
        for number, (video_id, frames) in enumerate(self._stretches):
            hands, height = self._seen(video_id, frames).hands_xy, _size(source, video_id)[1]
            for length in lengths:
                found[length] += [(number, place) for place in places(hands, height, length)]
        for candidates in found.values():
            pace = paces([place for _, place in candidates])
            for k in choose([place for _, place in candidates], count, rng):
                number, place = candidates[k]
                self.chosen.append((number, replace(place, pace=int(pace[k]))))
        self.chosen.sort(key=lambda pair: (pair[0], pair[1].first, pair[1].length))

    def __len__(self) -> int:
        return len(self.chosen)

    def __iter__(self) -> Iterator["Gap"]:
        from tango_models.truth.gaps import take_out

        cache = GopCache(self._source, megabytes=FRAME_CACHE_MB)
        for number, place in self.chosen:
            video_id, frames = self._stretches[number]
            shown = frames[place.window.start : place.window.stop]
            cache.expect((video_id, frame // CLIP_FRAMES) for frame in shown.tolist())
            pictures = np.stack([cache.frame(video_id, frame) for frame in shown.tolist()])
            yield take_out(pictures, self._seen(video_id, shown), place)

    def _seen(self, video_id: str, frames: np.ndarray) -> "Seen":
        from tango_models.perception.landmarks import letterbox
        from tango_models.truth.gaps import Seen

        where = equals(video_id=video_id).also(f"frame >= {frames[0]} AND frame <= {frames[-1]}")
        table = self._source.table("landmarks").read(_COLUMNS, where=where).sort_by("frame")
        table = table.take(np.searchsorted(table["frame"].to_numpy(), frames))
        shapes: dict[str, tuple[int, ...]] = {
            "body_xy": (33, 2), "body_visibility": (33,), "hands_xy": (2, 21, 2), "hand_boxes": (2, 4),
            "face_xy": (-1, 2),
        }  # fmt: skip
        points = {name: matrix(table[name]).reshape(len(frames), *shape) for name, shape in shapes.items()}
        x, y, width, height = letterbox(*_size(self._source, video_id), MASK_SIDE)
        return Seen(**points, person=unpack_masks(table["mask"])[:, y : y + height, x : x + width])


def _stretches(source: Source, track: str, rng: np.random.Generator) -> list[tuple[str, np.ndarray]]:
    """The video and (N,) frames of some stretches of a track without a cut, repeated frames left out: what stands
    still for a frame is no gap that anybody could make."""
    video_id = video_of(track)
    columns = ["video_id", "n_frames", "repeated"]
    video = source.table("videos").read(columns, where=equals(video_id=video_id)).to_pylist()[0]
    repeated = unpack_bits(video["repeated"], video["n_frames"])
    pieces = []
    for first, stop in takes(source, track):
        start, end = first * CLIP_FRAMES, min(stop * CLIP_FRAMES, video["n_frames"])
        for begin in range(start, end, _STRETCH):
            pieces.append(range(begin, min(begin + _STRETCH, end)))
    chosen = sorted(rng.permutation(len(pieces))[:_STRETCHES].tolist())
    runs = [np.array([f for f in pieces[k] if not repeated[f]], np.int64) for k in chosen]
    return [(video_id, run) for run in runs if len(run)]


def _size(source: Source, video_id: str) -> tuple[int, int]:
    row = source.table("videos").read(["video_id", "width", "height"], where=equals(video_id=video_id)).to_pylist()[0]
    return row["width"], row["height"]
