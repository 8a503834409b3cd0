"""Stage: body, hands, face and person mask of every frame.

Apart from the fit because it is ten times dearer: another body file or better priors refit a video from its stored
landmarks. A video is done in segments, so a crash loses seconds and several workers share a long video. Where others
are in view beside the speaker, they are painted over before the network sees a frame.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import BaseModel

from data_catalog import Source, Unit
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage, closing
from tasks.views.columns import pack_masks, vectors
from tasks.views.footage.bystanders import bystanders
from tasks.views.footage.frame_source import iter_frames
from tasks.views.footage.segments import segment_key, segments
from tasks.views.footage.videos import cuts_of, video_frames

if TYPE_CHECKING:
    from tango_models.perception.others import Others

_FRAMES_PER_BLOCK = 60
_VECTORS = (
    "body_xy", "body_visibility", "body_world", "hands_xy", "hands_local", "hands_score", "face_xy", "face_z",
    "hand_boxes", "person_box",
)  # fmt: skip


LEAD_IN_FRAMES = 12
"""Frames before a segment that the tracker sees first, so that the segment is tracked as in a whole video."""


class DetectLandmarksConfig(BaseModel):
    """Nothing to set: the networks are the ones in MediaPipe's wheel."""


class DetectLandmarks(Stage):
    name, code_version = "detect_landmarks", "6"
    reads: ClassVar = {"extract_frames": ("pixels", "timing", "shape")}
    cores = 1.0  # MediaPipe keeps 1.4 of two cores busy: two workers detect 1.4 times as many frames as one
    Config = DetectLandmarksConfig

    def plan(self, source: PlanSource, *, video_id: str, **_) -> list[Unit]:
        (video,) = source.need("extract_frames", video_id, subject=video_id)
        parts = segments(video_frames(source, video_id))
        return [
            self.unit(
                segment_key(video_id, k),
                subject=video.subject + f" part {k + 1}/{len(parts)}" * (len(parts) > 1),
                of={"extract_frames": [video_id]},
                video_id=video_id,
                start=start,
                stop=stop,
            )
            for k, (start, stop) in enumerate(parts)
        ]

    def setup(self) -> None:
        from tango_models.perception.detector import HolisticDetector
        from tango_models.perception.faces import FaceFinder

        self._detector, self._finder = HolisticDetector(), FaceFinder()
        self._people: tuple[str, Others | None] = ("", None)  # of the video seen last: its other segments follow

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        video_id, start, stop = (unit.inputs[key] for key in ("video_id", "start", "stop"))
        cuts = [cut for cut in cuts_of(source, video_id) if cut <= stop]
        lead_in = min(start - max((cut for cut in cuts if cut <= start), default=0), LEAD_IN_FRAMES)
        in_view: list[int] = []
        frames = _without(self._others(source, video_id), source, video_id, start - lead_in, stop, in_view)
        self._detector.reset()
        with closing(frames):
            self._detector.detect(islice(frames, lead_in))
            in_view.clear()
            for first, end in _blocks(start, stop, cuts):
                if first in cuts:  # behind a cut nobody is where he was
                    self._detector.reset()
                found = self._detector.detect(islice(frames, end - first))
                columns: dict[str, list] = {name: vectors(getattr(found, name)) for name in _VECTORS}
                columns |= {"mask": pack_masks(found.mask), "face_score": found.face_score.tolist()}
                columns |= {"others": in_view[first - start :]}
                rows = [
                    {"video_id": video_id, "frame": first + t, **{name: columns[name][t] for name in columns}}
                    for t in range(len(found))
                ]
                out.write(rows)
                out.progress(first + len(rows) - start, stop - start)

    def _others(self, source: Source, video_id: str) -> "Others | None":
        known, others = self._people
        if known != video_id:
            others = bystanders(source, video_id, self._finder)
            self._people = (video_id, others)
        return others


def _blocks(start: int, stop: int, cuts: Sequence[int]) -> list[tuple[int, int]]:
    """`[start, stop)` in pieces of at most `_FRAMES_PER_BLOCK` frames, none across a cut."""
    edges = {*range(start, stop, _FRAMES_PER_BLOCK), *(cut for cut in cuts if start < cut < stop), stop}
    return list(pairwise(sorted(edges)))


def _without(
    others: "Others | None", source: Source, video_id: str, start: int, stop: int, in_view: list[int]
) -> Iterator[np.ndarray]:
    """The frames `[start, stop)` of a video with the others painted over; how many they are is appended to `in_view`.
    Where the speaker is alone the frames are as they are stored."""
    from tango_models.perception.others import hide

    frames = iter_frames(source, video_id, start, stop)
    with closing(frames):
        for index, frame in enumerate(frames, start):
            rectangles, count = others.hidden(index, frame.shape[1], frame.shape[0]) if others else ([], 0)
            in_view.append(count)
            yield hide(frame, rectangles)
