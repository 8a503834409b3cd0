"""Where a render goes: its key, the files beside the video, and whether they can be written."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from data_catalog import digest
from data_catalog.uris.places import Options, file_name, find_stamp, is_of_this_process, is_remote
from data_catalog.uris.reachable import check_store_takes
from tango_models.errors import InputError
from tango_models.lips.plugs import OFF, lips_id
from tasks.runtime.files import content_of


def render_key(path_id: str, interpolator: str, out: str, lips: str = OFF) -> str:
    """Of a render, a hash. A new release of a plug makes another of the same name.

    Raises:
        InputError: as `check_lips`.
    """
    return digest(path_id, interpolator, out, *([lips_id(lips)] if lips != OFF else []))


def beside(video: Path) -> tuple[Path, Path]:
    """Where the motion file and the report of a video go."""
    return video.with_suffix(".motion.npz"), video.with_suffix(".report.html")


def places_of(out: str) -> list[str]:
    """Where a video, its motion file and its report go: paths or URIs, as `out` is one."""
    folder = out[: len(out) - len(file_name(out))]
    return [out, *(folder + path.name for path in beside(Path(file_name(out))))]


def is_as_made(row: Mapping[str, Any], options: Options) -> bool:
    """Whether the files of a render, by its row of `renders`, are still there, and the video with the content it had.

    Raises:
        UnusableStore: of files in an object store, which does not answer.
    """
    places = [row[name] for name in ("uri", "motion_uri", "report_uri")]
    if not all(find_stamp(place, options) if is_remote(place) else Path(place).is_file() for place in places):
        return False
    return content_of(row["uri"], options) == row["file_hash"]


def check_remote_output(uri: str, inputs: Iterable[str], options: Options) -> None:
    """`check_output` of a URI.

    Args:
        inputs: paths and URIs that must stay.

    Raises:
        InputError: no mp4, or one of `inputs`.
        UnusableStore: nothing can be written there.
    """
    if not uri.lower().endswith(".mp4"):
        raise InputError(uri, "is no .mp4", "name an output file that ends in .mp4")
    for place in places_of(uri):
        if place in inputs:
            raise InputError(place, "is what the video is made of", "name another --out")
    if not is_of_this_process(uri):
        find_stamp(uri, options)
        check_store_takes(uri.rpartition("/")[0], options)


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
    for path in (target, *beside(target)):
        if os.path.isdir(path):
            fault = "is a folder" if path == target else f"is a folder, and a file beside {target.name} is called so"
            raise InputError(str(path), fault, "name a file" if path == target else "name another --out")
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
