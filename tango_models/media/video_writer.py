"""Writing the result: H.264 + AAC in an MP4 that any browser plays, or nothing at all."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import secrets
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from tango_models.errors import InputError
from tango_models.media.pictures.colour import from_rgb
from tango_models.media.sound.track import Sound, SoundTrack


class VideoWriter:
    """Writes (H, W, 3) uint8 RGB frames and their sound to an MP4.

        with VideoWriter("out.mp4", width=768, height=768, sound=SoundArray(speech, 16000)) as writer:
            for frame in frames:
                writer.write(frame)

    H.264 High yuv420p, BT.709 converted and tagged, index at the front (faststart); exactly as many frames as written,
    each 1 / fps long; AAC whose sample 0 plays with frame 0, cut where the picture ends (see `sound_track`).

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
        sound: Sound | None = None,
        crf: float = 18,
        preset: str = "veryfast",
        metadata: dict[str, str] | None = None,
    ) -> None:
        if width % 2 or height % 2 or min(width, height) < 2:
            raise ValueError(f"sides must be even, got {width} x {height}")
        self.path = Path(path)
        self.width, self.height, self.fps = width, height, Fraction(fps).limit_denominator(1001)
        self.count = 0
        self._given, self._crf, self._preset, self._metadata = sound, crf, preset, metadata or {}
        self._sound: SoundTrack | None = None
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
            # Held open: FFmpeg opens it with its first packet only, and whoever ends this process is to see it before.
            self._temporary, self._held = _new_file_beside(self.path)
        except OSError as error:
            raise self._explain(error) from error
        try:
            options = {"movflags": "+faststart"}
            if self._given is not None:  # the clock in which the lengths of both are declared: whole ticks for each
                options["movie_timescale"] = str(math.lcm(self._given.rate, self.fps.numerator))
            self._container = av.open(str(self._temporary), "w", format="mp4", options=options)
            self._container.metadata.update(self._metadata)
            self._video = self._container.add_stream("libx264", rate=self.fps)
            self._video.width, self._video.height, self._video.pix_fmt = self.width, self.height, "yuv420p"
            self._video.time_base = 1 / self.fps
            context = self._video.codec_context
            context.time_base = 1 / self.fps
            context.colorspace = context.color_range = context.color_primaries = context.color_trc = 1
            context.options = {"crf": f"{self._crf:g}", "preset": self._preset}
            self._sound = self._given.open(self._container) if self._given is not None else None
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
            if self._sound is not None:
                self._sound.write(self.count / self.fps)
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
            self._container.mux(self._video.encode(None))
            if self._sound is not None:
                self._sound.finish(self.count / self.fps)
            container, self._container = self._container, None
            container.close()
            os.fsync(self._held.fileno())
            os.replace(self._temporary, self.path)
            self._held.close()
        except BaseException as failure:
            self._discard()
            if isinstance(failure, OSError):
                raise self._explain(failure) from failure
            raise

    def _discard(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            # The disk that failed the write fails the trailer too; the file goes anyway.
            with contextlib.suppress(OSError, ValueError):
                container.close()
        self._temporary.unlink(missing_ok=True)
        self._held.close()

    def _explain(self, error: OSError) -> InputError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            fault = "the disk is full or a size limit is reached"
            return InputError(str(self.path), fault, "free some space or choose another --out")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return InputError(str(self.path.parent), "may not be written to", "choose a folder you can write to")
        return InputError(str(self.path), f"cannot be written ({error})", "choose another --out")


def _new_file_beside(path: Path) -> tuple[Path, BinaryIO]:
    """An empty hidden file in the same folder, so that renaming it to `path` is one step of one file system, open."""
    new = path.with_name(f".{path.stem[:40]}-{secrets.token_hex(4)}.mp4.part")
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    return new, os.fdopen(os.open(new, flags, 0o666), "wb")  # the user's umask applies, as to any file
