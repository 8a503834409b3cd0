"""Stage: body, hands, face and person mask of every frame.

Apart from the fit because it is ten times dearer: another body file or better priors refit a video from its stored
landmarks. A video is done in segments, so a crash loses seconds and several workers share a long video. Where others
are in view beside the speaker, they are painted over before the network sees a frame.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel

from data_catalog import Catalog, Unit, UnitRecord, digest
from data_catalog.keys import equals
from tasks.runtime.stage import RowWriter, Stage, UpstreamNotReady, closing, upstream
from tasks.views.bystanders import people_in_view
from tasks.views.columns import pack_masks, vectors
from tasks.views.frame_source import iter_frames

if TYPE_CHECKING:
    from tango_models.perception.others import Others

_FRAMES_PER_BLOCK = 60
_VECTORS = (
    "body_xy", "body_visibility", "body_world", "hands_xy", "hands_local", "hands_score", "face_xy", "face_z",
    "hand_boxes", "person_box",
)  # fmt: skip


SEGMENT_FRAMES = 240
"""Frames of a segment (8 s): little enough to lose in a crash and to share among workers, long enough for the lead-in
to cost only 5 %."""
LEAD_IN_FRAMES = 12
"""Frames before a segment that the tracker sees first, so that the segment is tracked as in a whole video."""


class DetectLandmarksConfig(BaseModel):
    """Nothing to set: the networks are the ones in MediaPipe's wheel."""


def segments(n_frames: int) -> list[tuple[int, int]]:
    """Start and stop of each segment; a last one of less than a third joins the one before it."""
    count = max(1, n_frames // SEGMENT_FRAMES + (n_frames % SEGMENT_FRAMES >= SEGMENT_FRAMES / 3))
    return [(k * SEGMENT_FRAMES, n_frames if k + 1 == count else (k + 1) * SEGMENT_FRAMES) for k in range(count)]


def segment_key(video_id: str, index: int) -> str:
    return f"{video_id}:{index:04d}"


class DetectLandmarks(Stage):
    name, table, code_version = "detect_landmarks", "landmarks", "3"
    cores = 1.0  # MediaPipe keeps 1.4 of two cores busy: two workers detect 1.4 times as many frames as one
    Config = DetectLandmarksConfig

    def plan(self, catalog: Catalog, *, video_id: str, **_) -> list[Unit]:
        source = upstream(catalog, "extract_frames", video_id, video_id)
        video = catalog.table("videos").read(where=equals(video_id=video_id)).to_pylist()[0]
        parts = segments(video["n_frames"])
        return [
            self.unit(
                segment_key(video_id, k),
                subject=source.subject + f" part {k + 1}/{len(parts)}" * (len(parts) > 1),
                reads=[source.field_hash("pixels"), start, stop],
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

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        video_id, start, stop = (unit.inputs[key] for key in ("video_id", "start", "stop"))
        lead_in = min(start, LEAD_IN_FRAMES)
        in_view: list[int] = []
        frames = _without(self._others(catalog, video_id), catalog, video_id, start - lead_in, stop, in_view)
        state: list[str] = []
        self._detector.reset()
        with closing(frames):
            self._detector.detect(islice(frames, lead_in))
            in_view.clear()
            for first in range(start, stop, _FRAMES_PER_BLOCK):
                found = self._detector.detect(islice(frames, min(_FRAMES_PER_BLOCK, stop - first)))
                columns: dict[str, list] = {name: vectors(getattr(found, name)) for name in _VECTORS}
                columns |= {"mask": pack_masks(found.mask), "face_score": found.face_score.tolist()}
                columns |= {"others": in_view[first - start :]}
                rows = [
                    {"video_id": video_id, "frame": first + t, **{name: columns[name][t] for name in columns}}
                    for t in range(len(found))
                ]
                out.write(rows)
                out.progress(first + len(rows) - start, stop - start)
                state.append(digest(*(np.ascontiguousarray(getattr(found, n)).tobytes() for n in (*_VECTORS, "mask"))))
        return {"landmarks": digest(state)}

    def _others(self, catalog: Catalog, video_id: str) -> "Others | None":
        known, others = self._people
        if known != video_id:
            video = catalog.table("videos").read(where=equals(video_id=video_id)).to_pylist()[0]
            others = people_in_view(catalog, video, self._finder)
            self._people = (video_id, others)
        return others


def _without(
    others: "Others | None", catalog: Catalog, video_id: str, start: int, stop: int, in_view: list[int]
) -> Iterator[np.ndarray]:
    """The frames `[start, stop)` of a video with the others painted over; how many they are is appended to `in_view`.
    Where the speaker is alone the frames are as they are stored."""
    from tango_models.perception.others import hide

    frames = iter_frames(catalog, video_id, start, stop)
    with closing(frames):
        for index, frame in enumerate(frames, start):
            rectangles, count = others.hidden(index, frame.shape[1], frame.shape[0]) if others else ([], 0)
            in_view.append(count)
            yield hide(frame, rectangles)


def landmark_records(catalog: Catalog, video_id: str, n_frames: int, subject: str) -> list[UnitRecord]:
    """The ledger rows of all segments of a video. Raises UpstreamNotReady if one is not done."""
    keys = [segment_key(video_id, k) for k in range(len(segments(n_frames)))]
    done = catalog.records(DetectLandmarks.name, keys)
    if any(key not in done or not done[key].ok for key in keys):
        raise UpstreamNotReady(subject, DetectLandmarks.name)
    return [done[key] for key in keys]
