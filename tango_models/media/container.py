"""Opening a media file that may be anything: missing, cut off, hostile.

FFmpeg can be told by a *file's content* to open other files or network addresses (playlists, concat scripts,
image sequences, SDP). So only container formats that hold their own media are allowed, and only the `file`
protocol, whatever the file's name or content says.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tango_models.errors import InputError
from tango_models.media.sound_length import mended
from tango_models.media.wav_length import reader_options
from tango_models.media.wav_words import with_whole_words

if TYPE_CHECKING:
    import av.container
    import av.video.stream

MAX_SIDE = 4096  # px; a frame of 4096 x 4096 is 50 MB of RGB
MAX_SECONDS = 4 * 3600.0
MAX_STREAMS = 32

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,nut,ivf,h264,hevc,m4v,gif,"
    "wav,w64,mp3,flac,aac,ac3,aiff,caf,au,amr,amrnb,amrwb,"
    "dv,yuv4mpegpipe,mjpeg,smjpeg,apng,rm,ivr,wtv,gxf,lxf,obu,av1,h261,h263,vvc,vc1,vc1test,dirac,dnxhd,cavsvideo,avs2,"
    "avs3,nsv,nuv,pva,ty,dhav,cine,swf,"
    "wv,tta,eac3,voc,sox,ircam,g722,sbc,aptx,aptx_hd,ape,tak,mpc,mpc8,dts,dtshd,truehd,mlp,gsm,ilbc,oma,aea,dsf,iff,"
    "nistsphere,avr,epaf,pvf,vqf,xwma,shn,loas,qcp,dss,aa,codec2,lc3"
)
"""No still pictures, and nothing headerless whose rate or size would be guessed (raw PCM, raw video)."""

_DECLARING = {"mov", "matroska", "avi", "asf", "flv", "mxf", "nut", "wav", "w64"}
_FROM_ZERO = {"matroska", "asf", "nut"}  # declare when they end, not how long they are
_OF_PICTURES = 3.0  # by which declared ends differ: stored ahead of their time, or the last one's length left out

_REEXPORT = "re-export it as an MP4 (H.264 and AAC) or copy it again from its source"


def checked_path(path: str | os.PathLike[str]) -> Path:
    """The path of a readable, non-empty, regular file; raises InputError otherwise."""
    path = Path(path)
    try:
        if not path.exists():
            raise InputError(str(path), "does not exist", "check the path")
        if not path.is_file():
            raise InputError(str(path), "is not a file", "give the path of one video or audio file")
        if path.stat().st_size == 0:
            raise InputError(str(path), "is empty (0 bytes)", "copy it again from its source")
        with path.open("rb"):
            pass
    except PermissionError as error:
        raise InputError(str(path), "may not be read by this user", "change its permissions") from error
    except InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise InputError(str(path), f"cannot be read ({error})", "check the path and the disk") from error
    return path


def unreadable(path: Path, error: BaseException) -> InputError:
    """What FFmpeg's refusal of this file means to the person who gave it."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return InputError(str(path), "is cut off or incomplete: its index is missing or damaged", _REEXPORT)
    reason = getattr(error, "strerror", None) or type(error).__name__
    return InputError(str(path), f"is not a video or audio file that can be read ({reason})", _REEXPORT)


@contextmanager
def open_media(path: str | os.PathLike[str]) -> Iterator[av.container.InputContainer]:
    """The opened container; closed on leaving.

    Raises InputError: missing, unreadable, empty, not media, too many streams, more than MAX_SECONDS of pictures
    or sound.
    """
    import av

    path = checked_path(path)
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"} | reader_options(path)
    file = mended(path) or with_whole_words(path)
    try:
        given: Any = file or f"file:{path.absolute()}"
        container = av.open(given, "r", container_options=options, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise unreadable(path, error) from error
    try:
        if len(container.streams) > MAX_STREAMS:
            raise InputError(str(path), f"has {len(container.streams)} streams (limit {MAX_STREAMS})", _REEXPORT)
        if (container_seconds(container) or 0.0) > MAX_SECONDS:  # or its clock jumps
            check_seconds(path, _filled_seconds(path, options))
        yield container
    finally:
        container.close()
        if file is not None:
            file.close()


def _filled_seconds(path: Path, options: dict[str, str]) -> float:
    """Seconds that pictures and sound fill, as far as a little over MAX_SECONDS; nothing is decoded."""
    import av

    from tango_models.media.packets import Packets

    with av.open(f"file:{path.absolute()}", container_options=options, metadata_errors="replace") as container:
        packets, first = Packets(container), None
        for _ in packets:
            first = packets.clock.end if first is None else first
            if (filled := (packets.clock.end or 0.0) - (first or 0.0)) > MAX_SECONDS:
                return filled
    return 0.0 if first is None else filled


def check_seconds(path: Path, seconds: float, limit: float = MAX_SECONDS) -> None:
    """Raises InputError when `seconds` is more than `limit`."""
    if seconds > limit:
        raise InputError(str(path), f"is {seconds:.0f} s long (limit {limit:.0f} s)", "cut it into shorter parts")


def container_seconds(container: av.container.InputContainer) -> float | None:
    """The length that the header declares, None when it declares none."""
    return container.duration / 1_000_000 if container.duration else None


def declared_end(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> float | None:
    """Seconds on the file's clock by which its last packet must have ended; None where no length is declared.

    Streams without a header (MPEG-TS, MPEG-PS, raw ones) declare none: there the reader guesses it from bytes.

    Args:
        stream: the picture.
    """
    seconds, names = container_seconds(container), container.format.name.split(",")
    if not seconds or not _DECLARING.intersection(names):
        return None
    begin = max(0, container.start_time or 0) / 1_000_000
    lasts = max(0.0, seconds - begin) if _FROM_ZERO.intersection(names) else seconds
    if "avi" in names and stream.time_base:  # readers scale the time down to the bytes that are there, not the ticks
        lasts = max(lasts, float(stream.frames * stream.time_base))
    return begin + lasts - max(0.25, 0.01 * lasts, min(5.0, _OF_PICTURES / float(stream.average_rate or 30)))


def check_side(path: Path, width: int, height: int) -> None:
    """Raises InputError when a side is 0 or longer than MAX_SIDE."""
    if max(width, height) > MAX_SIDE:
        raise InputError(str(path), f"is {width} x {height} px (limit {MAX_SIDE} a side)", "scale it down first")
    if min(width, height) < 2:
        raise InputError(str(path), f"has no usable picture ({width} x {height} px)", _REEXPORT)
