"""Whether a file may be a video of the speaker, or the speech, as far as that can be told within seconds."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from data_catalog.uris.places import Options, is_remote, read_head
from flows.intake.paths import as_typed, local_path, source_place
from tango_models.errors import InputError
from tasks.extract_frames import FPS, too_short
from tasks.runtime.files import check_there

_HEAD = 16
_VIDEO, _SPEECH = "give a video of the speaker", "give an audio or video file with the speech"

_PICTURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"8BPS": "Photoshop",
    b"<svg": "SVG",
    b"\0\0\1\0": "icon",
    b"qoif": "QOI",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
}
"""By their first bytes; https://en.wikipedia.org/wiki/List_of_file_signatures."""
_MAY_MOVE = {"JPEG": (".mjpeg", ".mjpg"), "PNG": (".apng", ".png"), "GIF": (".gif",)}
"""By their first bytes, what is a video where more pictures follow; with names that such videos have."""
_STILLS = {"GIF": 1}
_MOST_STILLS = 4
"""Pictures that a photograph may hold beside itself (in other sizes, for both eyes, in other light)."""
_STILL_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"}
"""Of ISO files that hold a picture (ISO/IEC 23008-12, AV1 Image File Format); sequences have others."""


def check_video(given: str | Path, *, deployed: bool = False) -> Path:
    """The path of a file that is there, can be read and is no picture.

    Raises:
        InputError: it is not so; see also `local_path`.
    """
    from tango_models.media.container import checked_path

    path = checked_path(local_path(given, deployed=deployed))
    check_no_picture(path, _VIDEO, given=str(given))
    return path


def check_no_picture(path: Path, remedy: str, *, given: str = "") -> None:
    """Refuse a picture; one JPEG, PNG or GIF after the other is a video.

    Args:
        remedy: what to give instead; given: how the file is called.

    Raises:
        InputError: it is one.
    """
    with path.open("rb") as file:
        kind = picture_kind(file.read(_HEAD))
    if kind and not (kind in _MAY_MOVE and _moves(path, _STILLS.get(kind, _MOST_STILLS))):
        raise _is_picture(given or str(path), kind, remedy)


def picture_kind(head: bytes) -> str | None:
    """What picture a file is by its first 16 bytes; None where it is none."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        return "HEIF"
    return next((name for magic, name in _PICTURES.items() if head.startswith(magic)), None)


def _moves(path: Path, stills: int) -> bool:
    from tango_models.media.container import open_media
    from tango_models.media.packets import Packets

    try:
        with open_media(path) as container:
            return sum(1 for _ in islice(Packets(container), stills + 1)) > stills
    except InputError:  # a single picture is in no container
        return False


def _is_picture(given: str, kind: str, remedy: str) -> InputError:
    return InputError(given, f"is a picture ({kind})", remedy)


def check_source(place: str, options: Options = None) -> None:
    """`check_video` of a path or URI, as `source_place` gives it.

    Raises:
        InputError: it is not there, cannot be read, or is a picture.
        UnusableStore: its bucket cannot be read.
    """
    if not is_remote(place):
        check_video(place)
        return
    check_there(place, options)
    kind = picture_kind(read_head(place, _HEAD, options))
    if kind and not place.lower().endswith(_MAY_MOVE.get(kind, ())):  # a worker looks into it
        raise _is_picture(place, kind, _VIDEO)


def check_videos(given: Sequence[str], options: Options = None, *, min_seconds: float = 0.0) -> None:
    """Refuse a command none of whose videos can be used, or one of which is no path at all. The others that cannot be
    used are told, and written down, by the flow, which goes on without them.

    Args:
        min_seconds: shorter ones cannot be used.

    Raises:
        InputError: a URL or an impossible name; the only video cannot be used, or none of several: one line for each.
    """
    places = [source_place(name) for name in given]
    faults = []
    for name, place in zip(given, places, strict=True):
        try:
            with as_typed(name):
                if is_remote(place):  # a worker looks into it
                    check_source(place, options)
                else:
                    _check_pictures(check_video(place), min_seconds)
        except InputError as error:
            faults.append(error)
        else:
            return
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise InputError(
            "videos", f"none of the {len(faults)} can be used", "\n  ".join(["give others", *map(str, faults)])
        )


def _check_pictures(path: Path, min_seconds: float) -> None:
    """Refuse what is no video, or ends before it has shown so much, of which a second at most is looked at."""
    from tango_models.media.pictures.frames import FrameReader
    from tango_models.media.probe import probe_video

    probe_video(path)
    least = min(min_seconds, 1.0) * FPS
    count = 0
    for count, _ in enumerate(FrameReader(path, fps=FPS), 1):
        if count >= least:
            return
    raise too_short(str(path), count, min_seconds)


def check_speech(given: str, options: Options = None, *, max_seconds: float = float("inf")) -> None:
    """Refuse a speech that cannot be used before anything is started, as far as that can be told within seconds. One at
    a URI is looked into by the worker that reads it.

    Raises:
        InputError: no file, a picture, nothing that can be decoded, no sound, too short or too long, samples that are
            not numbers.
        UnusableStore: its bucket cannot be read.
    """
    from tango_models.media.container import checked_path
    from tango_models.media.sound.first_look import look_at_speech

    place = source_place(given)
    if is_remote(place):
        check_there(place, options)
        return
    with as_typed(given):
        path = checked_path(place)
        check_no_picture(path, _SPEECH)
        look_at_speech(path, max_seconds=max_seconds)
