"""Stage: a source video becomes 30 fps frames in closed 4-frame GOPs and 16 kHz audio, streamed into the catalog."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES
from tango_models.errors import InputError
from tasks.stage import RowWriter, Stage

FPS = 30
AUDIO_RATE = 16000
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
    name, table, code_version = "extract_frames", "videos", "1"
    libraries = ("av", "av.video.reformatter", "soxr")
    Config = ExtractFramesConfig
    config: ExtractFramesConfig

    def plan(self, catalog: Catalog, *, video_id: str, uri: str, **_) -> list[Unit]:
        # The id is the hash of the bytes, so the file's place and name are not part of the version.
        return [self.unit(video_id, subject=Path(uri).name, reads=[video_id], video_id=video_id, uri=uri)]

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.media.frames import FrameReader
        from tango_models.media.gop import encode_gop
        from tango_models.media.probe import content_id, probe_video

        path, video_id = Path(unit.inputs["uri"]), unit.inputs["video_id"]
        probe = probe_video(path)
        if content_id(path) != video_id:
            raise InputError(path.name, "changed since it was added", "onboard it again")
        pixels, sound = hashlib.blake2b(digest_size=16), hashlib.blake2b(digest_size=16)
        expected = max(1, round(probe.seconds * FPS))
        rows: list[dict] = []
        n_frames = 0
        audio = _AudioCutter(path if probe.has_audio else None)
        reader = FrameReader(path, fps=FPS)
        for index, group in enumerate(_groups(reader)):
            data = encode_gop(np.stack(group), crf=self.config.crf)
            n_frames += len(group)
            samples = audio.take(round(n_frames * AUDIO_RATE / FPS))
            pixels.update(data)
            sound.update(samples)
            rows.append({"video_id": video_id, "gop": index, "n_frames": len(group), "pixels": data, "audio": samples})
            if len(rows) == _GOPS_PER_WRITE:
                out.write(rows, table="frames")
                rows = []
                out.progress(n_frames, expected)
        if n_frames < self.config.min_seconds * FPS:
            found = f"only {n_frames} frame{'s' * (n_frames != 1)} ({n_frames / FPS:.2f} s)"
            raise InputError(path.name, found, f"give a video of at least {self.config.min_seconds} s")
        out.write(rows, table="frames")
        catalog.table("frames").delete(f"{equals(video_id=video_id)} AND gop > {index}")
        out.write(
            [
                {
                    "video_id": video_id,
                    "uri": str(path),
                    "file_name": path.name,
                    "width": probe.width,
                    "height": probe.height,
                    "rotation": probe.rotation,
                    "codec": probe.codec,
                    "nominal_fps": probe.nominal_fps,
                    "seconds": n_frames / FPS,
                    "n_frames": n_frames,
                    "has_audio": probe.has_audio,
                    "audio_rate": probe.audio_rate,
                    "audio_channels": probe.audio_channels,
                    "truncated": reader.truncated,
                }
            ]
        )
        return {"pixels": pixels.hexdigest(), "audio": sound.hexdigest()}


def _groups(frames: Iterable[np.ndarray]) -> Iterator[list[np.ndarray]]:
    group: list[np.ndarray] = []
    for frame in frames:
        group.append(frame)
        if len(group) == CLIP_FRAMES:
            yield group
            group = []
    if group:
        yield group


class _AudioCutter:
    """Reads a file's audio in step with its frames: `take(n)` gives the samples up to sample `n` as int16 bytes.

    A video without audio, or with audio that ends early, is silent there.
    """

    def __init__(self, path: Path | None) -> None:
        from tango_models.media.audio import audio_blocks

        self._blocks = audio_blocks(path, rate=AUDIO_RATE) if path else iter(())
        self._buffer = np.zeros(0, np.float32)
        self._position = 0

    def take(self, until: int) -> bytes:
        wanted = until - self._position
        parts, have = [self._buffer], len(self._buffer)
        while have < wanted and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            have += len(block)
        samples = np.concatenate(parts)
        self._buffer, self._position = samples[wanted:], until
        samples = np.pad(samples[:wanted], (0, max(0, wanted - len(samples))))
        return np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
