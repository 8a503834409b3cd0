"""Seams made between clips of a track, at the size of the yardstick, and how visible they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_catalog import Catalog, clip_id, video_of
from data_catalog.keys import equals
from tango_models.interpolation.seam import Interpolator, Seam
from tango_models.interpolation.seam_placement import Placement, PlacementConfig, place_seam
from tango_models.interpolation.seam_points import TORSO, arm_points, head_circle
from tango_models.metrics.seam_visibility import SIDE, ResidualMeter, visibility
from tasks.views.columns import matrix, unpack_masks
from tasks.views.footage.canvas import fit_points
from tasks.views.footage.frame_source import iter_frames
from tasks.views.paths.seam_surroundings import Surroundings
from tasks.views.paths.stand_ins import read_stand_ins

_LANDMARKS = ("body_xy", "body_visibility", "hands_xy", "face_xy")
_CONTEXT = 32
"""Frames of footage on each side of a seam: the local median of the yardstick needs 22 and those that belong to it."""
_ROOM = 12
"""Frames on each side of a border that a seam may take, as between jumps a second or so apart."""


@dataclass(frozen=True)
class Measured:
    """Visibility of a made seam, of the whole picture and of the background alone, as the yardstick sees them."""

    placement: Placement
    whole: float
    background: float


class Footage:
    """A track's frames at the yardstick's size, with pictures in between where it repeats one, all in memory."""

    def __init__(self, catalog: Catalog, track: str) -> None:
        import cv2

        from tango_models.interpolation.between import between
        from tango_models.perception.landmarks import letterbox

        self.catalog, self.track, self.video = catalog, track, video_of(track)
        where = equals(video_id=self.video)
        columns = ["video_id", "width", "height", "n_frames", "cuts"]
        row = catalog.table("videos").read(columns, where=where).to_pylist()[0]
        size, frames = (row["width"], row["height"]), row["n_frames"]
        scale = min(1.0, SIDE / max(size))
        self.size, self.canvas = size, (max(16, round(size[0] * scale)), max(16, round(size[1] * scale)))
        small = [
            cv2.resize(frame, self.canvas, interpolation=cv2.INTER_AREA)
            for frame in iter_frames(catalog, self.video, 0, frames)
        ]
        self.frames = np.stack(small)
        stand_ins = read_stand_ins(catalog, [self.video])[self.video]
        for place, stand_in in stand_ins.items():
            first, second = small[stand_in.left], small[stand_in.right]
            self.frames[place] = between(first, second, stand_in.share) if stand_in.share else first
        left, top, width, height = letterbox(*size)
        masks = unpack_masks(catalog.table("landmarks").read(["video_id", "frame", "mask"], where=where)["mask"])
        self.masks = masks[:, top : top + height, left : left + width]
        seen = catalog.table("landmarks").read(["video_id", "frame", *_LANDMARKS], where=where)
        body, hands = (matrix(seen[name]).reshape(frames, -1, 2) for name in ("body_xy", "hands_xy"))
        arms = arm_points(body, matrix(seen["body_visibility"]), hands.reshape(frames, 2, 21, 2))
        faces = matrix(seen["face_xy"]).reshape(frames, -1, 2)
        self._body, self._arms, self._faces = (fit_points(points, size, self.canvas) for points in (body, arms, faces))
        for place, stand_in in stand_ins.items():
            for points in (self._body, self._arms, self._faces):
                points[place] = points[stand_in.left] + stand_in.share * (
                    points[stand_in.right] - points[stand_in.left]
                )
        self._borders = [0, *row["cuts"], frames]
        meter = ResidualMeter()
        for picture, mask in zip(self.frames, self.masks, strict=True):
            meter.see(picture, mask)
        self.whole, self.background = meter.whole, meter.background

    def measure(
        self, jumps: list[tuple[int, int]], interpolator: Interpolator, config: PlacementConfig | None = None
    ) -> list[Measured]:
        """Make and measure the seams between clips by their numbers in the video."""
        keys = [(clip_id(self.track, a), clip_id(self.track, b)) for a, b in jumps]
        around = Surroundings(self.catalog, keys, self.size)
        found = []
        for (a, b), (src, dst) in zip(jumps, keys, strict=True):
            old, new = (around.run(src, from_end=True, smooth=True), around.run(dst, from_end=False, smooth=True))
            placed = place_seam(old, new, before=_ROOM, after=_ROOM, config=config)
            found.append(self.judge((a + 1) * 4, b * 4, placed, interpolator))
        return found

    def judge(self, leaves: int, enters: int, placed: Placement, interpolator: Interpolator) -> Measured:
        """The seam between footage up to frame `leaves` and from frame `enters` on."""
        offsets = np.arange(-placed.half, placed.half) + placed.shift
        old, new = self._shot(leaves - 1), self._shot(enters)
        outgoing, incoming = (leaves + offsets).clip(old[0], old[1] - 1), (enters + offsets).clip(new[0], new[1] - 1)
        made = interpolator.interpolate(self._seam(outgoing, incoming)) if placed.half else self.frames[:0]
        start, stop = leaves + placed.shift - placed.half, enters + placed.shift + placed.half
        before = np.arange(max(old[0], start - _CONTEXT), min(start, old[1]))
        after = np.arange(max(stop, new[0]), min(stop + _CONTEXT, new[1]))
        meter = ResidualMeter()
        for frame in before[-1:]:
            meter.see(self.frames[frame], self.masks[frame])
        for k, frame in enumerate(made):
            meter.see(frame, self.masks[outgoing[k]] | self.masks[incoming[k]])
        for frame in after[:1]:
            meter.see(self.frames[frame], self.masks[frame])
        window = [range(len(before), len(before) + len(made))]
        whole, background = (
            np.concatenate(
                [getattr(self, kind)[before], getattr(meter, kind)[len(before[-1:]) :], getattr(self, kind)[after[1:]]]
            )
            for kind in ("whole", "background")
        )
        seen = [float(visibility(residual, window).seams[0]) for residual in (whole, background)]
        return Measured(placed, seen[0], seen[1])

    def _shot(self, frame: int) -> tuple[int, int]:
        k = int(np.searchsorted(self._borders, frame, side="right"))
        return self._borders[k - 1], self._borders[k]

    def _seam(self, outgoing: np.ndarray, incoming: np.ndarray) -> Seam:
        from tango_models.interpolation.warping.arms import bridged

        parts: dict[str, np.ndarray] = {}
        for name, frames in (("outgoing", outgoing), ("incoming", incoming)):
            body = self._body[frames]
            parts[name] = self.frames[frames]
            parts[f"{name}_faces"] = self._faces[frames]
            parts[f"{name}_points"], parts[f"{name}_heads"] = body[:, TORSO], head_circle(body)
            parts[f"{name}_arms"], parts[f"{name}_person"] = bridged(self._arms[frames]), self.masks[frames]
        return Seam(**parts)
