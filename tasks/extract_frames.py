"""Stage: a source video becomes 30 fps frames in closed 4-frame GOPs and 16 kHz audio, streamed into the catalog.

Seen on the way: which frames repeat the one before, when each picture was taken, and where the video is cut.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Source, Unit
from data_catalog.schemas import CLIP_FRAMES
from tango_models.errors import InputError
from tango_models.speech.timeline import SAMPLE_RATE, sample_count
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage
from tasks.views.columns import pack_bits

FPS = 30
_GOPS_PER_WRITE = 48  # about 6 s; bounds memory, and a commit costs some 30 ms


class ExtractFramesConfig(BaseModel):
    """
    Attributes:
        crf: H.264 quality of the stored frames; 10 is 45 dB and more on real footage.
        min_seconds: shorter videos are refused.
    """

    crf: int = Field(10, ge=0, le=30)
    min_seconds: float = Field(0.25, gt=0)


class ExtractFrames(Stage):
    name, code_version = "extract_frames", "3"
    libraries = ("av", "av.video.reformatter", "cv2", "scipy.ndimage", "soxr")
    Config = ExtractFramesConfig
    config: ExtractFramesConfig

    def plan(self, source: PlanSource, *, video_id: str, uri: str, **_) -> list[Unit]:
        # The id is the hash of the bytes, so the file's place and name are not part of the version.
        return [self.unit(video_id, subject=Path(uri).name, video_id=video_id, uri=uri)]

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        from tango_models.media.gop import encode_gop
        from tango_models.media.probe import content_id, probe_video
        from tango_models.media.source_times import TimedFrameReader

        path, video_id = Path(unit.inputs["uri"]), unit.inputs["video_id"]
        probe = probe_video(path)
        if content_id(path) != video_id:
            raise InputError(path.name, "changed since it was added", "onboard it again")
        expected = max(1, round(probe.seconds * FPS))
        rows: list[dict] = []
        n_frames = 0
        audio = _AudioCutter(path)
        reader = TimedFrameReader(path, fps=FPS)
        timing = _Timing()
        for index, group in enumerate(_groups(timing.watch(reader))):
            data = encode_gop(np.stack(group), crf=self.config.crf)
            n_frames += len(group)
            samples = audio.take(sample_count(n_frames))
            rows.append({"video_id": video_id, "gop": index, "n_frames": len(group), "pixels": data, "audio": samples})
            if len(rows) == _GOPS_PER_WRITE:
                out.write(rows, table="frames")
                rows = []
                out.progress(n_frames, expected)
        if n_frames < self.config.min_seconds * FPS:
            found = f"only {n_frames} frame{'s' * (n_frames != 1)} ({n_frames / FPS:.2f} s)"
            raise InputError(path.name, found, f"give a video of at least {self.config.min_seconds} s")
        out.write(rows, table="frames")
        columns = timing.columns(reader.source_times(), reader.breaks)
        out.write(
            [
                {
                    "video_id": video_id,
                    "file_name": path.name,
                    "width": probe.width,
                    "height": probe.height,
                    "seconds": n_frames / FPS,
                    "n_frames": n_frames,
                    "has_audio": audio.has_sound,
                    "truncated": reader.truncated,
                    "notes": [*reader.notes, *timing.notes(), *([audio.note] if audio.note else [])],
                    **columns,
                }
            ]
        )


def _groups(frames: Iterable[np.ndarray]) -> Iterator[list[np.ndarray]]:
    group: list[np.ndarray] = []
    for frame in frames:
        group.append(frame)
        if len(group) == CLIP_FRAMES:
            yield group
            group = []
    if group:
        yield group


class _Timing:
    """Watches frames pass and then says which repeat, when they were taken, and where the video is cut."""

    def __init__(self) -> None:
        from tango_models.media.cadence import ChangeMeter
        from tango_models.media.shots import ShotMeter

        self._changes, self._shots = ChangeMeter(), ShotMeter()
        self._frozen = np.zeros(0, bool)

    def watch(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        from tango_models.media.small_grey import small_grey

        for frame in frames:
            grey = small_grey(frame)
            self._changes.see(grey)
            self._shots.see(grey)
            yield frame

    def columns(self, times: np.ndarray, breaks: list[int]) -> dict[str, Any]:
        """Values for the `videos` table; `times` (T,) by the file's own timestamps, `breaks` where its clock jumped."""
        from tango_models.media.cadence import find_frozen, find_repeats, source_times
        from tango_models.media.shots import find_cuts

        change = self._changes.change
        repeated = np.concatenate([[False], np.diff(times) == 0])[: len(times)]  # by the file's own timestamps
        self._frozen = find_frozen(change, repeated)
        repeated |= self._frozen
        repeated[~repeated] = find_repeats(change[~repeated])
        return {
            "repeated": pack_bits(repeated),
            "taken": source_times(repeated, change, times).astype("<f4").tobytes(),
            "cuts": sorted({*find_cuts(self._shots.loss, repeated).tolist(), *breaks}),
        }

    def notes(self) -> list[str]:
        """After `columns`: what of the video stands still."""
        frozen = np.flatnonzero(self._frozen)
        if not len(frozen):
            return []
        where = f"the first time at {frozen[0] / FPS:.1f} s"
        return [f"its picture stands still for {len(frozen) / FPS:.1f} s ({where}), which is not used"]


class _AudioCutter:
    """Reads a file's audio in step with its frames: `take(n)` gives the samples up to sample `n` as int16 bytes.

    A video without audio, or with audio that ends early, is silent there; so is one whose sound cannot be read, which
    `note` then says.
    """

    def __init__(self, path: Path) -> None:
        from tango_models.media.audio import audio_blocks
        from tango_models.speech.spoken_track import find_spoken_track

        self.has_sound, self.note = False, ""
        self._blocks: Iterator[np.ndarray] = iter(())
        self._buffer = np.zeros(0, np.float32)
        self._position = 0
        try:
            spoken = find_spoken_track(path)
        except InputError as error:
            self.note = f"is used without sound: it {error.fault}"
            return
        if spoken is not None:
            self.has_sound, self.note = True, spoken.note
            self._blocks = audio_blocks(path, track=spoken.track)

    def take(self, until: int) -> bytes:
        wanted = until - self._position
        parts, have = [self._buffer], len(self._buffer)
        while have < wanted and (block := self._next()) is not None:
            parts.append(block)
            have += len(block)
        samples = np.concatenate(parts)
        self._buffer, self._position = samples[wanted:], until
        samples = np.pad(samples[:wanted], (0, max(0, wanted - len(samples))))
        return np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()

    def _next(self) -> np.ndarray | None:
        try:
            return next(self._blocks, None)
        except InputError as error:  # ends the iteration
            silent = f"its sound is silent from {self._position / SAMPLE_RATE:.1f} s on: {error.fault}"
            self.note = f"{self.note}; {silent}" if self.note else silent
            return None
