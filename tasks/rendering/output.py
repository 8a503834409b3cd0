"""Where a render goes: its key, the files beside the video, and whether they can be written."""

import os
from collections.abc import Iterable
from pathlib import Path

from data_catalog import digest
from tango_models.errors import InputError


def render_key(path_id: str, interpolator: str, out: str, lips: str = "off") -> str:
    return digest(path_id, interpolator, out, *([lips] if lips != "off" else []))


def beside(video: Path) -> tuple[Path, Path]:
    """Where the motion file and the report of a video go."""
    return video.with_suffix(".motion.npz"), video.with_suffix(".report.html")


def check_output(target: Path, inputs: Iterable[Path] = ()) -> None:
    """Refuse an output that cannot be written, or would take the place of what it is made of, before anything is
    computed.

    Args:
        inputs: files that must stay: the speech, the videos and motion files of the catalog.

    Raises:
        InputError: no mp4, no such folder, one that may not be written to, too long a name, or one of `inputs` or a
            link to it.
    """
    import tempfile

    if target.suffix.lower() != ".mp4":
        raise InputError(str(target), "is no .mp4", "name an output file that ends in .mp4")
    if not os.path.isdir(target.parent):
        raise InputError(str(target.parent), "no such folder", "create it or name another --out")
    longest = os.pathconf(target.parent, "PC_NAME_MAX") - len("..4194304.part")  # as it is called while it is written
    if (length := max(len(os.fsencode(path.name)) for path in beside(target))) > longest:
        fault = f"is too long a name: that of a file beside it would have {length} bytes (at most {longest})"
        raise InputError(str(target), fault, "name a shorter --out")
    if target.is_dir():
        raise InputError(str(target), "is a folder", "name a file")
    kept = list(inputs)
    for path in (target, *beside(target)):
        for source in kept:
            if _is_same(path, source):
                fault = "is what the video is made of"
                if path != source:
                    fault = f"is the same file as {source}, of which the video is made"
                raise InputError(str(path), fault, "name another --out")
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise InputError(
            str(target.parent), f"cannot be written to ({error.strerror})", "name another --out"
        ) from error


def _is_same(path: Path, other: Path) -> bool:
    """Whether two names mean one file, by whatever links, or would if it were there."""
    try:
        return os.path.samefile(path, other)
    except OSError:
        return os.path.realpath(path) == os.path.realpath(other)
