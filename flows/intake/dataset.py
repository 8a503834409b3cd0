"""A folder with one folder per avatar: which of its files are videos, and what is passed over."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from data_catalog.faults import BadName
from data_catalog.keys import check_avatar_name
from flows.intake.paths import local_path, printable
from tango_models.errors import InputError

# fmt: off
VIDEO_SUFFIXES = frozenset({
    ".3g2", ".3gp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".h264", ".h265", ".hevc", ".ivf", ".m1v", ".m2t", ".m2ts",
    ".m2v", ".m4v", ".mj2", ".mkv", ".mod", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogm",
    ".ogv", ".qt", ".tod", ".ts", ".vob", ".webm", ".wmv",
})
# fmt: on
"""Of files that are meant to be videos: one that cannot be read is a fault, not something else that lies there."""
# fmt: off
_SYSTEM_FILES = frozenset({
    "__macosx", "icon\r", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information",
    "found.000", "lost+found", "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot",
})
"""Of macOS, Windows, Linux and the makers of network disks, in small letters."""
_NO_WHOLE_VIDEOS = frozenset({
    ".!qb", ".!ut", ".aria2", ".crdownload", ".download", ".filepart", ".opdownload", ".part", ".partial", ".temp",
    ".tmp", ".ytdl", ".lrf", ".lrv",
})
"""Of files that are still being fetched, and of the small copies that cameras write beside their videos: by what they
hold they would be videos."""
# fmt: on


@dataclass
class Dataset:
    """What a folder holds.

    Attributes:
        videos: by avatar, in order of name.
        passed_over: a line for each place where something lies that is not used.
        refused: a line for each folder or file that cannot be used.
    """

    videos: dict[str, list[Path]] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def scan(folder: Path) -> Dataset:
    """Look through a folder. What systems leave beside files (`._talk.mp4`, `.DS_Store`, `__MACOSX`) is no matter.

    Raises:
        InputError: no such folder, or no video in any folder of it.
    """
    if not os.path.isdir(folder):
        raise InputError(str(folder), "is no folder", "name a folder that holds <avatar>/*.mp4")
    try:
        entries = _visible(folder)
    except OSError as error:
        raise InputError(str(folder), f"cannot be read ({error.strerror})", "change its permissions") from error
    found = Dataset()
    _pass_over(found, folder, [entry for entry in entries if not os.path.isdir(entry)])
    for place in (entry for entry in entries if os.path.isdir(entry)):
        try:
            avatar = check_avatar_name(place.name)
            inside = _visible(place)
        except BadName as error:
            found.refused.append(f"{printable(str(place))}: {error}")
            continue
        except OSError as error:
            found.refused.append(f"{place}: cannot be read ({error.strerror}); change its permissions")
            continue
        videos: list[Path] = []
        others: list[Path] = []
        for entry in inside:
            if not is_video(entry):
                others.append(entry)
                continue
            try:
                videos.append(local_path(entry))
            except InputError as error:
                found.refused.append(str(error))
        _pass_over(found, place, others)
        if videos:
            found.videos.setdefault(avatar, []).extend(videos)
        else:
            found.passed_over.append(f"{place.name}: holds no video")
    if not found.videos:
        lines = ["put each speaker's videos into a folder of his own", *found.refused, *found.passed_over]
        raise InputError(str(folder), "holds no <avatar>/*.mp4", "\n  ".join(lines))
    return found


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is a system's and no matter."""
    return name.startswith(".") or name.lower() in _SYSTEM_FILES


def named_as_video(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES


def _visible(folder: Path) -> list[Path]:
    """Raises OSError where it cannot be read, or what is in it not be looked at."""
    os.stat(os.path.join(folder, "."))
    return sorted(entry for entry in folder.iterdir() if not is_hidden(entry.name))


def is_video(entry: Path) -> bool:
    """By its name, or else by what it is: any container that can be opened and has a moving picture."""
    # Not by methods of Path, which raise where a disk does not answer.
    if os.path.isdir(entry):
        return False
    if named_as_video(entry.name):
        return True
    if entry.suffix.lower() in _NO_WHOLE_VIDEOS or not os.path.isfile(entry):  # a pipe would be waited for
        return False
    from flows.intake.videos import check_video
    from tango_models.media.container import open_media
    from tango_models.media.packets import moving_pictures

    try:
        with open_media(check_video(entry)) as container:
            return any(stream.codec_context is not None for stream in moving_pictures(container))
    except InputError:
        return False


def _pass_over(found: Dataset, place: Path, others: list[Path]) -> None:
    if others:
        names = ", ".join(
            f"{printable(other.name)}/" if os.path.isdir(other) else printable(other.name) for other in others
        )
        found.passed_over.append(f"{printable(place.name)}: passed over {names}")
