"""Whether a file may be a video of the speaker, or the speech, as far as a look at its beginning tells."""

from collections.abc import Sequence
from pathlib import Path

from data_catalog.places import Options, is_remote, read_head
from flows.intake.paths import local_path, source_place
from tango_models.errors import InputError
from tasks.runtime.files import check_there

_PICTURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
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
"""By their first bytes; https://en.wikipedia.org/wiki/List_of_file_signatures. A GIF may move."""
_STILL_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"}
"""Of ISO files that hold a picture (ISO/IEC 23008-12, AV1 Image File Format); sequences have others."""


def check_video(given: str | Path, *, deployed: bool = False) -> Path:
    """The path of a file that is there, can be read and is no picture.

    Raises:
        InputError: it is not so; see also `local_path`.
    """
    from tango_models.media.container import checked_path

    path = checked_path(local_path(given, deployed=deployed))
    with path.open("rb") as file:
        check_head(str(given), file.read(16))
    return path


def check_head(given: str, head: bytes) -> None:
    """Refuse a picture by its first 16 bytes.

    Raises:
        InputError: it is one.
    """
    kind = next((name for magic, name in _PICTURES.items() if head.startswith(magic)), None)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        kind = "WebP"
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        kind = "HEIF"
    if kind:
        raise InputError(given, f"is a picture ({kind})", "give a video of the speaker")


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
    check_head(place, read_head(place, 16, options))


def check_videos(given: Sequence[str], options: Options = None) -> None:
    """Refuse a command none of whose videos can be used, or one of which is no path at all. The others that cannot be
    used are told, and written down, by the flow, which goes on without them.

    Raises:
        InputError: a URL or an impossible name; the only video cannot be used, or none of several: one line for each.
    """
    from tango_models.media.probe import probe_video

    places = [source_place(name) for name in given]
    faults = []
    for place in places:
        try:
            if is_remote(place):  # a worker looks into it
                check_source(place, options)
            else:
                probe_video(check_video(place))
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


def check_speech(given: str, options: Options = None) -> None:
    """Refuse a speech without sound before anything is started. One at a URI is looked into by the worker that reads
    it.

    Raises:
        InputError: no file, nothing that can be decoded, no sound.
        UnusableStore: its bucket cannot be read.
    """
    from tango_models.media.sound.audio import audio_blocks

    place = source_place(given)
    if is_remote(place):
        check_there(place, options)
        return
    path = Path(place)
    if next(iter(audio_blocks(path)), None) is None:
        raise InputError(given, "holds no sound that can be decoded", "give a file with an audio track")
