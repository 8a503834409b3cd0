"""Stage: the mouth in every frame, by a face mesh whose lips were looked at twice, and what is heard meanwhile.

Apart from the landmarks, which need no such mesh: only lips that follow a speech do. In segments, as those are; the
sound of a video in one piece.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Source, Unit
from data_catalog.tables.sizes import CLIP_FRAMES
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage, closing
from tasks.views.footage.frame_source import footage_audio, iter_frames
from tasks.views.footage.heard import PART_FRAMES, heard_key, heard_row
from tasks.views.footage.mouths import mouth_rows
from tasks.views.footage.segments import segment_key, segments
from tasks.views.footage.stored_landmarks import StoredLandmarks
from tasks.views.footage.videos import cuts_of, video_frames

_LEAD_IN = 3  # frames before a segment that the tracker sees first
_FRAMES_PER_BLOCK = 60  # rows written at once; of pictures one is held


class DetectMouthsConfig(BaseModel):
    """
    Attributes:
        most_seconds: with a voice, of a video, after which the rest is not listened to: a second takes 0.15 s.
    """

    most_seconds: float = Field(300, gt=0)


class DetectMouths(Stage):
    name, code_version = "detect_mouths", "2"
    reads: ClassVar = {"extract_frames": ("pixels", "timing", "shape", "audio"), "detect_landmarks": ("landmarks",)}
    cores = 1.0
    Config = DetectMouthsConfig
    config: DetectMouthsConfig

    def plan(self, source: PlanSource, *, video_id: str, **_) -> list[Unit]:
        (video,) = source.need("extract_frames", video_id, subject=video_id)
        parts = segments(video_frames(source, video_id))
        keys = [segment_key(video_id, k) for k in range(len(parts))]
        source.need("detect_landmarks", *keys, subject=video.subject)
        heard = self.unit(
            heard_key(video_id),
            subject=f"{video.subject}, its sound",
            of={"extract_frames": [video_id]},
            video_id=video_id,
        )
        return [heard] + [
            self.unit(
                key,
                subject=video.subject + f" part {k + 1}/{len(parts)}" * (len(parts) > 1),
                of={"extract_frames": [video_id], "detect_landmarks": keys[max(0, k - 1) : k + 1]},
                video_id=video_id,
                start=start,
                stop=stop,
            )
            for k, (key, (start, stop)) in enumerate(zip(keys, parts, strict=True))
        ]

    def setup(self) -> None:
        from tango_models.lips.mouth_finder import MouthFinder

        self._finder = MouthFinder()

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        if "start" in unit.inputs:
            self._see(source, unit, out)
        else:
            self._hear(source, unit.inputs["video_id"], out)

    def _hear(self, source: Source, video_id: str, out: RowWriter) -> None:
        from tango_models.speech.level import at_common_level
        from tango_models.speech.phones import recognise_phones
        from tango_models.speech.prosody import analyse_speech
        from tango_models.speech.timeline import frame_count

        count, spoken = video_frames(source, video_id), 0
        for part, first in enumerate(range(0, count, PART_FRAMES)):
            last = min(first + PART_FRAMES, count)
            audio = footage_audio(source, video_id, first // CLIP_FRAMES, -(-last // CLIP_FRAMES))
            if not frame_count(len(audio)) or spoken >= 30 * self.config.most_seconds:
                break
            audio = at_common_level(audio)
            heard = analyse_speech(audio)
            voice, energy = (np.asarray(values[: last - first]) for values in (heard.voice, heard.energy))
            out.write([heard_row(video_id, part, recognise_phones(audio), voice, energy)], table="footage_sounds")
            spoken += int((voice >= 0.5).sum())
            out.progress(last, count)

    def _see(self, source: Source, unit: Unit, out: RowWriter) -> None:
        from tango_models.lips.mouths import describe_mouths

        video_id, start, stop = (unit.inputs[key] for key in ("video_id", "start", "stop"))
        cuts = [cut for cut in cuts_of(source, video_id) if start < cut < stop]
        last_cut = max((cut for cut in cuts_of(source, video_id) if cut <= start), default=0)
        begin = max(last_cut, start - _LEAD_IN)
        marks = StoredLandmarks(source, video_id)
        frames = iter_frames(source, video_id, begin, stop)
        with closing(frames):
            for shot_begin, shot_end in _shots(begin, stop, cuts):
                self._finder.start(marks.frames(shot_begin, shot_end))
                for first, end in _blocks(shot_begin, shot_end, start):
                    seen = ((picture, self._finder.find(picture)) for picture in islice(frames, end - first))
                    if first < start:
                        deque(seen, maxlen=0)
                        continue
                    found = describe_mouths(seen, marks.frames(first, end).hands_xy)
                    out.write(mouth_rows(video_id, first, found))
                    out.progress(end - start, stop - start)


def _shots(begin: int, stop: int, cuts: list[int]) -> list[tuple[int, int]]:
    """`[begin, stop)` cut at its cuts."""
    edges = [begin, *cuts, stop]
    return list(pairwise(edges))


def _blocks(begin: int, end: int, start: int) -> Iterator[tuple[int, int]]:
    """`[begin, end)` in pieces of at most `_FRAMES_PER_BLOCK` frames, none across `start`."""
    while begin < end:
        upto = min(end, begin + _FRAMES_PER_BLOCK, start if begin < start else end)
        yield begin, upto
        begin = upto
