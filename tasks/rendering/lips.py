"""The pictures of a path with lips that follow the speech."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import CLIP_FRAMES
from tasks.views.footage.canvas import fit_points, scale_and_offset
from tasks.views.footage.frame_source import GopCache
from tasks.views.footage.mouths import read_mouths
from tasks.views.paths.lips import PART_FRAMES, StoredLips, read_lips
from tasks.views.paths.playback import Playback
from tasks.views.paths.stand_ins import read_stand_ins, repeated_frames

if TYPE_CHECKING:
    from tango_models.perception.face_mesh import FaceMeshDetector

_BLOCK = 120  # frames whose meshes are read at a time
_Picture = tuple[str, int]


def frames_with_lips(
    source: Source,
    playback: Playback,
    path_id: str,
    frames: Iterator[np.ndarray],
    size: tuple[int, int],
    *,
    smooth: bool,
    cache_mb: float,
) -> Iterator[np.ndarray]:
    """The frames of a path, (H, W, 3) uint8, in order, with the mouths that `match_lips` chose.

    Args:
        smooth: repeated frames show a picture in between, as in `output_frames`.
    """
    from tango_models.lips.compositing import MouthPainter

    work = _Lips(source, playback, size, smooth=smooth, cache_mb=cache_mb)
    lips: StoredLips | None = None
    painter: MouthPainter | None = None
    for t, frame in enumerate(frames):
        if t % PART_FRAMES == 0:
            lips = read_lips(source, path_id, t // PART_FRAMES)
            if lips is not None and painter is None:
                painter = MouthPainter(lips.reference)
        if lips is None or painter is None:
            yield frame
            continue
        k = t % PART_FRAMES
        if k % _BLOCK == 0:
            work.expect(range(t, min(t + _BLOCK, t - k + len(lips.pictures))), lips, k)
        if lips.strength[k] <= 0.01:
            yield frame
            continue
        mesh = work.mesh(t, frame)
        if mesh is None:
            yield frame
            continue
        yield painter.paint(frame, mesh, work.mouths(lips, k), lips.shape[k], float(lips.strength[k]))


class _Lips:
    """Meshes and pictures of a path, read ahead a block at a time."""

    def __init__(
        self, source: Source, playback: Playback, size: tuple[int, int], *, smooth: bool, cache_mb: float
    ) -> None:
        self._source, self._size = source, size
        self._shown = playback.pictures
        self._made = repeated_frames(playback, read_stand_ins(source, playback.videos)) & smooth
        for seam in playback.seams:
            self._made[max(0, seam.frames.start) : seam.frames.stop] = True
        self._cache = GopCache(source, megabytes=cache_mb)
        self._sizes: dict[str, tuple[int, int]] = {}
        self._meshes: dict[_Picture, np.ndarray] = {}
        self._detector: FaceMeshDetector | None = None

    def expect(self, times: range, lips: StoredLips, first: int) -> None:
        """Read what is needed for some frames; the first of them is number `first` of `lips`."""
        wanted: list[_Picture] = []
        for k in range(first, first + len(times)):
            if lips.strength[k] > 0.01:
                wanted.append(lips.pictures[k])
                if (other := lips.others[k]) is not None:
                    wanted.append(other)
        self._cache.expect((video, frame // CLIP_FRAMES) for video, frame in wanted)
        by_video: dict[str, set[int]] = {}
        for video, frame in [*wanted, *(self._shown[t] for t in times)]:
            by_video.setdefault(video, set()).add(frame)
        self._meshes = {}
        for video, numbers in by_video.items():
            found, mouths = read_mouths(self._source, video, numbers)
            self._meshes |= {(video, int(f)): mesh for f, mesh in zip(found, mouths.mesh, strict=True)}

    def mouths(self, lips: StoredLips, k: int) -> list:
        """The pictures of the mouth, one or two, of frame `k` of a minute."""
        from tango_models.lips.compositing import MouthPicture

        share = float(lips.weight[k])
        given = [(lips.pictures[k], 1 - share, int(lips.run[k]))]
        if (other := lips.others[k]) is not None:
            # of the run before, or of the one to come
            forward = k + 1 < len(lips.run) and lips.run[k + 1] != lips.run[k]
            given.append((other, share, int(lips.run[k]) + (1 if forward else -1)))
        return [
            MouthPicture(self._cache.frame(*picture), self._meshes[picture], weight, run)
            for picture, weight, run in given
        ]

    def mesh(self, t: int, frame: np.ndarray) -> np.ndarray | None:
        """The face of output frame `t`, in its pixels: as it was found in the footage, or, in a frame that was made,
        found anew. None where there is none."""
        video, number = self._shown[t]
        mesh = self._meshes.get((video, number))
        if mesh is None or not np.isfinite(mesh).all():
            return None
        mesh = self._on_canvas(video, mesh)
        return self._look(frame, mesh) if self._made[t] else mesh

    def _on_canvas(self, video: str, mesh: np.ndarray) -> np.ndarray:
        if video not in self._sizes:
            columns = ["video_id", "width", "height"]
            row = self._source.table("videos").read(columns, where=equals(video_id=video)).to_pylist()[0]
            self._sizes[video] = row["width"], row["height"]
        own = self._sizes[video]
        if own == self._size:
            return mesh
        scale = scale_and_offset(*own, self._size)[0]
        return np.concatenate([fit_points(mesh[:, :2], own, self._size), mesh[:, 2:] * scale], axis=1)

    def _look(self, frame: np.ndarray, near: np.ndarray) -> np.ndarray:
        """The mesh in a frame that was made; `near` is that of a frame beside it, and is kept if nothing is found."""
        from tango_models.perception.face_mesh import FaceMeshDetector

        if self._detector is None:
            self._detector = FaceMeshDetector(tracks=False)
        low, high = near[:, :2].min(0), near[:, :2].max(0)
        room = 0.8 * float((high - low).max())
        left, top = np.floor(np.clip(low - room, 0, np.array(self._size) - 2)).astype(int)
        right, bottom = np.ceil(np.clip(high + room, [left + 2, top + 2], self._size)).astype(int)
        found = self._detector.find(frame[top:bottom, left:right])
        if found is None:
            return near
        found[:, :2] += (left, top)
        apart = np.linalg.norm(found[:, :2] - near[:, :2], axis=1)
        return found if np.median(apart) < 0.3 * float((high - low).max()) else near
