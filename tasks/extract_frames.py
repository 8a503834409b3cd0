"""Stage: a source video becomes 30 fps frames in closed 4-frame GOPs and 16 kHz audio, streamed into the catalog.

Seen on the way: which frames repeat the one before, when each picture was taken, and where the video is cut.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Source, Unit
from data_catalog.tables.sizes import CLIP_FRAMES
from data_catalog.uris.places import file_name
from tango_models.errors import InputError
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
    name, code_version = "extract_frames", "8"
    libraries = ("av", "av.video.reformatter", "cv2", "scipy.ndimage", "soxr")
    Config = ExtractFramesConfig
    config: ExtractFramesConfig

    def plan(self, source: PlanSource, *, video_id: str, uri: str, **_) -> list[Unit]:
        # The id is the hash of the bytes, so the file's place and name are not part of the version.
        return [self.unit(video_id, subject=file_name(uri), video_id=video_id, uri=uri)]

    def files(self, unit: Unit) -> dict[str, str]:
        return {unit.inputs["video_id"]: unit.inputs["uri"]}

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        video_id, uri = unit.inputs["video_id"], unit.inputs["uri"]
        with self.file_access.open(uri, video_id, remedy="onboard it again") as path:
            self._extract(path, video_id, file_name(uri), out)

    def _extract(self, path: Path, video_id: str, name: str, out: RowWriter) -> None:
        from tango_models.media.gop import encode_gop
        from tango_models.media.pictures.source_times import TimedFrameReader
        from tango_models.media.probe import probe_video
        from tango_models.speech.footage_sound import FootageSound

        probe = probe_video(path)
        expected = max(1, round(probe.seconds * FPS))
        rows: list[dict] = []
        n_frames = 0
        sound = FootageSound(path)
        reader = TimedFrameReader(path, fps=FPS)
        timing = _Timing()
        for index, group in enumerate(_groups(timing.watch(reader))):
            data = encode_gop(np.stack(group), crf=self.config.crf)
            n_frames += len(group)
            samples = sound.take(n_frames)
            rows.append({"video_id": video_id, "gop": index, "n_frames": len(group), "pixels": data, "audio": samples})
            if len(rows) == _GOPS_PER_WRITE:
                out.write(rows, table="frames")
                rows = []
                out.progress(n_frames, expected)
        if n_frames < self.config.min_seconds * FPS:
            raise too_short(name, n_frames, self.config.min_seconds)
        out.write(rows, table="frames")
        columns = timing.columns(reader.source_times(), reader.breaks)
        out.write(
            [
                {
                    "video_id": video_id,
                    "file_name": name,
                    "width": probe.width,
                    "height": probe.height,
                    "seconds": n_frames / FPS,
                    "n_frames": n_frames,
                    "has_audio": sound.found,
                    "truncated": reader.truncated,
                    "notes": list(dict.fromkeys(reader.notes + timing.notes() + sound.notes)),
                    **columns,
                }
            ]
        )


def too_short(name: str, n_frames: int, min_seconds: float) -> InputError:
    """What is said of a video that ends before it has shown `min_seconds`."""
    found = f"only {n_frames} frame{'s' * (n_frames != 1)} ({n_frames / FPS:.2f} s)"
    return InputError(name, found, f"give a video of at least {min_seconds} s")


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
        from tango_models.media.pictures.cadence import ChangeMeter
        from tango_models.media.pictures.dissolves import DissolveMeter
        from tango_models.media.pictures.jumps import JumpMeter
        from tango_models.media.pictures.shots import ShotMeter
        from tango_models.media.pictures.stillness import SpotMeter

        self._changes, self._spots, self._shots, self._jumps = ChangeMeter(), SpotMeter(), ShotMeter(), JumpMeter()
        self._mixtures = DissolveMeter()
        self._frozen = np.zeros(0, bool)
        self._dissolves: list[tuple[int, int]] = []

    def watch(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        from tango_models.media.pictures.small_grey import small_grey

        for frame in frames:
            grey = small_grey(frame)
            self._jumps.see(frame, self._changes.see(grey))
            self._shots.see(grey)
            self._spots.see(grey)
            self._mixtures.see(grey)
            yield frame

    def columns(self, times: np.ndarray, breaks: list[int]) -> dict[str, Any]:
        """Values for the `videos` table; `times` (T,) by the file's own timestamps, `breaks` where its clock jumped."""
        from tango_models.media.pictures.cadence import find_repeats, source_times
        from tango_models.media.pictures.shots import find_cuts
        from tango_models.media.pictures.stillness import find_frozen

        change = self._changes.change
        repeated = np.concatenate([[False], np.diff(times) == 0])[: len(times)]  # by the file's own timestamps
        self._frozen = find_frozen(change, repeated, self._spots.spot)
        repeated |= self._frozen
        repeated[~repeated] = find_repeats(change[~repeated])
        self._dissolves = self._mixtures.dissolves()
        cuts = {*find_cuts(self._shots.loss, self._jumps.jumps(), repeated).tolist(), *breaks}
        return {
            "repeated": pack_bits(repeated),
            "taken": source_times(repeated, change, times).astype("<f4").tobytes(),
            "cuts": with_dissolves(cuts, self._dissolves, len(change)),
        }

    def notes(self) -> list[str]:
        """After `columns`: what of the video stands still, and where two pictures lie over each other."""
        found, frozen = [], np.flatnonzero(self._frozen)
        if len(frozen):
            where = f"the first time at {frozen[0] / FPS:.1f} s"
            found.append(f"its picture stands still for {len(frozen) / FPS:.1f} s ({where}), which is not used")
        if mixed := self._dissolves:
            where = f"{'once' if len(mixed) == 1 else f'{len(mixed)} times, first'} at {mixed[0][0] / FPS:.1f} s"
            found.append(f"its picture dissolves into another, or fades, {where}, which is not used")
        return found


def with_dissolves(cuts: set[int], dissolves: Sequence[tuple[int, int]], n_frames: int) -> list[int]:
    """First frames behind cuts, (K,) ascending, of which one lies in each clip that shows a frame of a dissolve."""
    found = set(cuts)
    for start, stop in dissolves:
        found -= set(range(start, stop))
        found |= {start, stop, *(f for f in range(start, stop) if f % CLIP_FRAMES == CLIP_FRAMES // 2)}
    return sorted(cut for cut in found if 0 < cut < n_frames)
