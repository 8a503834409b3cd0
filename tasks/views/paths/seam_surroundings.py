"""What both runs show around the jumps of a path: what seams are placed by, out of the catalog and without pixels."""

from collections.abc import Iterable

import numpy as np

from data_catalog import Source, video_of
from data_catalog.keys import equals, split_clip_id
from data_catalog.tables.sizes import CLIP_FRAMES, FACE_SIDE, PICTURE_SIDE
from tango_models.interpolation.seam_placement import RunAround
from tango_models.motion_graph.seam_price import on_pictures, usual_change
from tasks.views.columns import images, matrix, unpack_masks
from tasks.views.footage.canvas import fit_points, scale_and_offset
from tasks.views.paths.playback import run_around

REACH = 4
"""Clips each way of a jump that are looked at."""
WRISTS = (15, 16)
"""MediaPipe's left and right."""
_COLUMNS = ["clip_id", "index", "shot", "usable", "repeated", "head", "face", "picture", "mask"]


class Surroundings:
    """Features of the frames around some jumps, read at once: two reads per track.

    Args:
        jumps: (clip before, clip after) of each.
        canvas: (width, height) of the picture that all videos are fitted into.
    """

    def __init__(self, source: Source, jumps: Iterable[tuple[str, str]], canvas: tuple[int, int]) -> None:
        wanted: dict[str, set[int]] = {}
        for clip, later in [(c, d) for src, dst in jumps for c, d in ((src, 1), (dst, 0))]:
            track, index = split_clip_id(clip)
            wanted.setdefault(track, set()).update(range(index + later - REACH, index + later + REACH))
        self._tracks = {track: _Track(source, track, sorted(clips), canvas) for track, clips in wanted.items()}

    def run(self, clip: str, *, from_end: bool, smooth: bool) -> RunAround:
        """The run beside a jump: from the end of the clip before it, or from the beginning of the clip after it;
        `smooth`: no picture will be shown twice."""
        from tango_models.interpolation.warping.arms import bridged

        track = self._tracks[split_clip_id(clip)[0]]
        offsets = np.arange(-REACH * CLIP_FRAMES, REACH * CLIP_FRAMES)
        first, stop = track.take(split_clip_id(clip)[1])
        frames = run_around(clip, offsets, from_end=from_end, shot=(first * CLIP_FRAMES, stop * CLIP_FRAMES))
        free = run_around(clip, offsets, from_end=from_end, shot=(-(10**9), 10**9))
        rows = np.array([track.row[int(frame)] for frame in frames])
        held = frames != free
        repeated = track.repeated[rows] & ~held

        def shown(points: np.ndarray) -> np.ndarray:
            points = points[rows]
            if smooth:  # a picture in between will be shown
                points[repeated] = np.nan
            return bridged(points)

        return RunAround(
            hands=shown(track.hands),
            wrists=shown(track.wrists),
            head=shown(track.head),
            face=track.face[rows],
            held=held,
            repeated=repeated & (not smooth),
            picture=track.picture[rows],
            person=track.person[rows] > 0,
            usual=track.usual(rows[~held]),
        )


class _Track:
    """The frames of some clips of a track."""

    def __init__(self, source: Source, track: str, clips: list[int], canvas: tuple[int, int]) -> None:
        video_id = video_of(track)
        where = equals(track_id=track).also(f"index IN ({', '.join(map(str, clips))}) AND usable")
        table = source.table("clips").read(_COLUMNS, where=where)
        self._index, self._shot = (table[name].to_pylist() for name in ("index", "shot"))
        frames = [index * CLIP_FRAMES + k for index in self._index for k in range(CLIP_FRAMES)]
        self.row = {frame: row for row, frame in enumerate(frames)}
        size = source.table("videos").read(["video_id", "width", "height"], where=equals(video_id=video_id))
        shape = (size["width"][0].as_py(), size["height"][0].as_py())
        seen = source.table("landmarks").read(
            ["video_id", "frame", "hands_xy", "body_xy"], where=equals(video_id=video_id, frame=frames)
        )
        self.hands = fit_points(matrix(seen["hands_xy"]).reshape(-1, 2, 21, 2), shape, canvas) / canvas[1]
        wrists = matrix(seen["body_xy"]).reshape(-1, 33, 2)[:, WRISTS]
        self.wrists = fit_points(wrists, shape, canvas) / canvas[1]
        head = matrix(table["head"]).reshape(-1, 3) * shape[1]
        scale = scale_and_offset(*shape, canvas)[0]
        self.head = np.concatenate([fit_points(head[:, :2], shape, canvas), head[:, 2:] * scale], axis=1) / canvas[1]
        self.face = images(table["face"], FACE_SIDE)
        self.repeated = matrix(table["repeated"]).reshape(-1).astype(bool)
        self.picture = images(table["picture"], PICTURE_SIDE).reshape(-1, PICTURE_SIDE**2)
        self.person = on_pictures(unpack_masks(table["mask"]))

    def usual(self, rows: np.ndarray) -> np.ndarray:
        """(2,) see `seam_price.usual_change`, of frames that follow each other."""
        return usual_change(self.picture[rows], self.person[rows], self.repeated[rows])

    def take(self, clip: int) -> tuple[int, int]:
        """First and last (exclusive) clip around a clip that were read and follow each other in its shot."""
        place = {index: shot for index, shot in zip(self._index, self._shot, strict=True)}
        first, stop = clip, clip + 1
        while place.get(first - 1) == place[clip]:
            first -= 1
        while place.get(stop) == place[clip]:
            stop += 1
        return first, stop
