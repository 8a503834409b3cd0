"""Writing the result: H.264 + AAC in an MP4 that any browser plays, or nothing at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from tango_models.errors import InputError
from tango_models.media.colour import from_rgb

AAC_FRAME = 1024


class VideoWriter:
    """Writes (H, W, 3) uint8 RGB frames and mono audio, float or int16, to an MP4.

        with VideoWriter("out.mp4", width=768, height=768, audio=speech) as writer:
            for frame in frames:
                writer.write(frame)

    H.264 High yuv420p, BT.709 converted and tagged, index at the front (faststart); exactly as many frames as written,
    each 1 / fps long; AAC whose encoder delay is declared in the edit list, so that sample 0 plays with frame 0. Sound
    longer than the picture is cut there, shorter sound just ends.

    The file appears under its name only when all went well: it is written beside it and renamed on leaving, and
    removed when anything fails. Raises InputError: missing or read-only folder, disk full, no frame written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        width: int,
        height: int,
        fps: float = 30,
        audio: np.ndarray | None = None,
        audio_rate: int = 16000,
        crf: float = 18,
        preset: str = "veryfast",
        metadata: dict[str, str] | None = None,
    ) -> None:
        if width % 2 or height % 2 or min(width, height) < 2:
            raise ValueError(f"sides must be even, got {width} x {height}")
        self.path = Path(path)
        self.width, self.height, self.fps = width, height, Fraction(fps).limit_denominator(1001)
        self.count = 0
        self._audio = np.zeros(0, np.float32) if audio is None else np.asarray(audio).reshape(-1)
        self._audio_rate, self._crf, self._preset, self._metadata = audio_rate, crf, preset, metadata or {}
        self._sent = 0  # audio samples given to the encoder
        self._container: Any = None  # open between __enter__ and __exit__

    def __enter__(self) -> VideoWriter:
        import av
        from av.video.reformatter import VideoReformatter

        folder = self.path.parent
        if not folder.is_dir():
            raise InputError(str(folder), "is not an existing folder", "create it or choose another --out")
        if self.path.is_dir():
            raise InputError(str(self.path), "is a folder", "give the name of a file")
        try:
            self._temporary = _new_file_beside(self.path)
        except OSError as error:
            raise self._explain(error) from error
        try:
            self._container = av.open(str(self._temporary), "w", format="mp4", options={"movflags": "+faststart"})
            self._container.metadata.update(self._metadata)
            self._video = self._container.add_stream("libx264", rate=self.fps)
            self._video.width, self._video.height, self._video.pix_fmt = self.width, self.height, "yuv420p"
            self._video.time_base = 1 / self.fps
            context = self._video.codec_context
            context.time_base = 1 / self.fps
            context.colorspace = context.color_range = context.color_primaries = context.color_trc = 1
            context.options = {"crf": f"{self._crf:g}", "preset": self._preset}
            self._sound = self._add_sound() if len(self._audio) else None
            self._reformatter = VideoReformatter()
        except BaseException as error:
            self._discard()
            if isinstance(error, OSError):
                raise self._explain(error) from error
            raise
        return self

    def write(self, frame: np.ndarray) -> None:
        """Appends one frame, (height, width, 3) uint8 RGB."""
        if self._container is None:
            raise RuntimeError("VideoWriter is not open: use it in a with statement")
        if frame.shape != (self.height, self.width, 3) or frame.dtype != np.uint8:
            raise ValueError(f"need ({self.height}, {self.width}, 3) uint8, got {frame.shape} {frame.dtype}")
        picture = from_rgb(frame, self._reformatter)
        picture.pts, picture.time_base = self.count, 1 / self.fps
        try:
            for packet in self._video.encode(picture):
                packet.duration = packet.duration or 1
                self._container.mux(packet)
            self.count += 1
            self._send_sound(final=False)
        except OSError as error:
            raise self._explain(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()
            return
        try:
            if not self.count:
                raise InputError(str(self.path), "would have no frame", "render at least one frame")
            self._send_sound(final=True)
            self._container.mux(self._video.encode(None))
            if self._sound is not None:
                self._container.mux(self._sound.encode(None))
            container, self._container = self._container, None
            container.close()
            with self._temporary.open("rb") as written:
                os.fsync(written.fileno())
            os.replace(self._temporary, self.path)
        except BaseException as failure:
            self._discard()
            if isinstance(failure, OSError):
                raise self._explain(failure) from failure
            raise

    def _add_sound(self):
        stream = self._container.add_stream("aac", rate=self._audio_rate, layout="mono")
        # 64 kbit/s a channel at 16 kHz is transparent for speech; higher rates get in proportion.
        stream.bit_rate = int(min(160_000, max(64_000, 4 * self._audio_rate)))
        return stream

    def _send_sound(self, *, final: bool) -> None:
        """Gives the encoder the sound up to the last written frame, in whole AAC frames until the end."""
        import av

        if self._sound is None:
            return
        end = min(len(self._audio), round(self.count / self.fps * self._audio_rate))
        while end - self._sent >= AAC_FRAME or (final and self._sent < end):
            piece = self._audio[self._sent : min(end, self._sent + AAC_FRAME)]
            piece = piece / np.float32(32767) if piece.dtype == np.int16 else piece.astype(np.float32, copy=False)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece[None]), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = self._audio_rate, self._sent
            frame.time_base = Fraction(1, self._audio_rate)
            self._container.mux(self._sound.encode(frame))
            self._sent += len(piece)

    def _discard(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            # The disk that failed the write fails the trailer too; the file goes anyway.
            with contextlib.suppress(OSError, ValueError):
                container.close()
        self._temporary.unlink(missing_ok=True)

    def _explain(self, error: OSError) -> InputError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            fault = "the disk is full or a size limit is reached"
            return InputError(str(self.path), fault, "free some space or choose another --out")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return InputError(str(self.path.parent), "may not be written to", "choose a folder you can write to")
        return InputError(str(self.path), f"cannot be written ({error})", "choose another --out")


def _new_file_beside(path: Path) -> Path:
    """An empty hidden file in the same folder, so that renaming it to `path` is one step of one file system."""
    new = path.with_name(f".{path.stem[:40]}-{secrets.token_hex(4)}.mp4.part")
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # the user's umask applies, as to any file
    return new
