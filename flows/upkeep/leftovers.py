"""What processes that were killed left: folders of Ray, half files beside renders, a catalog's own."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from data_catalog import Catalog
from tasks.runtime.cluster.ray_cluster import FOLDER_PREFIX, socket_folder

_AGE_SECONDS = 3600
"""Below which a thing may still be somebody's who has only begun."""
_RAY = re.compile(re.escape(FOLDER_PREFIX) + r"[a-z0-9_]{8}")
_HALF = re.compile(r"\.(?P<stem>.*)-[0-9a-f]{8}\.mp4\.part", re.DOTALL)
"""As `tango_models.media.video_writer` names it."""
_STEM = 40
_PROBE = re.compile(r"\.links-[a-z0-9_]{8}")


def left_over(catalog: Catalog) -> Iterator[Path]:
    """Files and folders of this user's that no process of his is at, an hour old at least."""
    used = _in_use()
    for place in {*_of_ray(), *_beside_renders(catalog), *_in_catalog(catalog)}:
        if _is_own_and_old(place) and not any(str(place) in line for line in used):
            yield place


def size_of(place: Path) -> int:
    """Bytes of a file, or of all files in a folder; links count for themselves."""
    files = [place] if not place.is_dir() or place.is_symlink() else [p for p in place.rglob("*") if not p.is_dir()]
    return sum(_stat_size(file) for file in files)


def remove(place: Path) -> bool:
    """Whether it is gone."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
    return not os.path.lexists(place)


def _of_ray() -> list[Path]:
    folders = [place for place in Path(socket_folder()).iterdir() if _RAY.fullmatch(place.name)]
    return [place for place in folders if place.is_dir() and any(_children(place, "session_"))]


def _beside_renders(catalog: Catalog) -> list[Path]:
    """Half-written videos, by the names of the whole ones that were made in the same place."""
    stems: dict[Path, set[str]] = {}
    for uri in catalog.table("renders").read(["uri"])["uri"].to_pylist():
        if uri and "://" not in uri:
            stems.setdefault(Path(uri).parent, set()).add(Path(uri).stem[:_STEM])
    found = []
    for folder, names in stems.items():
        for place in _children(folder, "."):
            if (half := _HALF.fullmatch(place.name)) and half["stem"] in names and place.is_file():
                found.append(place)
    return found


def _in_catalog(catalog: Catalog) -> list[Path]:
    """Where it was tried whether the file system has links."""
    if "://" in catalog.uri:
        return []
    return [place for place in _children(Path(catalog.uri), ".links-") if _PROBE.fullmatch(place.name)]


def _children(folder: Path, prefix: str) -> list[Path]:
    try:
        return [place for place in folder.iterdir() if place.name.startswith(prefix)]
    except OSError:
        return []


def _is_own_and_old(place: Path) -> bool:
    """By the newest of all that is in it, for what is at work in a container cannot be seen from outside."""
    try:
        if place.lstat().st_uid != os.getuid():
            return False
        newest = max(file.lstat().st_mtime for file in [place, *(place.rglob("*") if place.is_dir() else ())])
    except OSError:
        return False
    return time.time() - newest > _AGE_SECONDS


def _in_use() -> list[str]:
    """The command lines and open files of all processes, as far as they can be seen."""
    found = []
    for process in psutil.process_iter():
        try:
            found.append(" ".join(process.cmdline()))
            found += [file.path for file in process.open_files()]
        except (psutil.Error, OSError):
            continue
    return found


def _stat_size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0
