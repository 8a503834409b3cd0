"""What `preprocess` is given: a folder of <avatar>/*.mp4 or a manifest, on this machine or at a URI."""

import os
from pathlib import Path

from data_catalog.faults import BadName
from data_catalog.keys import check_avatar_name
from data_catalog.uris.places import Options, is_remote, list_files, within
from flows.intake.dataset import is_hidden, named_as_video, scan
from flows.intake.footage import Footage
from flows.intake.manifest import SUFFIXES, Batch, is_manifest, read_manifest
from flows.intake.paths import printable
from tango_models.errors import InputError


def read_batch(place: str, options: Options = None) -> Batch:
    """All videos of a folder or a manifest.

    Args:
        place: as `source_place` gives it.

    Raises:
        InputError: there is nothing of the kind, or nothing in it that can be used.
        UnusableStore: its bucket cannot be read.
    """
    if is_manifest(place) and not os.path.isdir(place):
        return read_manifest(place, options)
    if is_remote(place):
        return _listed(place, options)
    if os.path.isfile(place):
        kinds = ", ".join(SUFFIXES)
        raise InputError(place, "is neither a folder nor a manifest", f"name a folder, or a file of {kinds}")
    found = scan(Path(place))
    footage = {avatar: [Footage(str(video)) for video in videos] for avatar, videos in found.videos.items()}
    return Batch(footage, found.refused, found.passed_over)


def _listed(folder: str, options: Options) -> Batch:
    """As `scan`; what is a video is told by its name alone."""
    try:
        files = list_files(folder, options)
    except FileNotFoundError:
        raise InputError(folder, "there is nothing there", "name a folder that holds <avatar>/*.mp4") from None
    found, others, names = Batch(), dict[str, list[str]](), dict[str, str]()
    for uri in files:
        parts = uri[len(folder.rstrip("/")) + 1 :].split("/")
        if any(is_hidden(part) for part in parts):
            continue
        if len(parts) != 2 or not named_as_video(parts[1]):
            others.setdefault(parts[0] if len(parts) > 1 else "", []).append("/".join(parts[len(parts) > 1 :]))
            continue
        try:
            names[parts[0]] = check_avatar_name(parts[0])
        except BadName as error:
            line = f"{printable(within(folder, parts[0]))}: {error}"
            found.refused += [] if line in found.refused else [line]
            continue
        found.footage.setdefault(names[parts[0]], []).append(Footage(uri))
    for place, passed in others.items():
        found.notes.append(f"{printable(place or folder)}: passed over {', '.join(map(printable, passed))}")
    if not found.footage:
        lines = ["put each speaker's videos into a folder of his own", *found.refused, *found.notes]
        raise InputError(folder, "holds no <avatar>/*.mp4", "\n  ".join(lines))
    return found
