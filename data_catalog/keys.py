"""Keys and hashes: the names under which things are kept."""

import hashlib
import json
import re
from typing import Any

_AVATAR_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def digest(*parts: Any) -> str:
    """A 128-bit hex digest of JSON-able parts or bytes; equal parts give equal digests on every machine."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True, separators=(",", ":")).encode()
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()


def track_id(video_id: str, motion_hash: str = "") -> str:
    """The key of a video with its motion: fitted, or imported from the file of that content. One video may show one
    avatar as fitted and another by an imported motion; what is made of its motion is kept apart."""
    return f"{video_id}~{motion_hash}" if motion_hash else video_id


def video_of(track: str) -> str:
    """The video of a track."""
    return track.partition("~")[0]


def is_imported(track: str) -> bool:
    """Whether the track's motion comes from a file."""
    return "~" in track


def clip_id(track: str, index: int) -> str:
    """The node's key: clip `index` holds the 30 fps frames `[4·index, 4·index + 4)` of the track's video."""
    return f"{track}:{index:06d}"


def split_clip_id(key: str) -> tuple[str, int]:
    """The inverse of `clip_id`: track and index."""
    track, index = key.rsplit(":", 1)
    return track, int(index)


def check_avatar_name(name: str) -> str:
    """Return `name` if it may name an avatar.

    Raises:
        ValueError: the name could be read as a path or as part of a query, or is not 1 to 64 plain characters.
    """
    if not _AVATAR_NAME.fullmatch(name) or ".." in name:
        raise ValueError(
            f"avatar name {name!r}: not allowed; "
            "use 1 to 64 letters, digits, '-', '_' or '.', beginning with a letter or digit"
        )
    return name


def literal(value: Any) -> str:
    """A value as a Lance filter literal."""
    if isinstance(value, bool | int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def equals(**conditions: Any) -> str:
    """A Lance filter: every column equals its value, or is one of its values when a list is given."""
    terms = []
    for column, value in conditions.items():
        if isinstance(value, list | tuple | set | frozenset):
            if not value:
                return "false"
            terms.append(f"{column} IN ({', '.join(literal(v) for v in sorted(value))})")
        else:
            terms.append(f"{column} = {literal(value)}")
    return " AND ".join(terms) or "true"


def between(first: int, stop: int, **values: str | int | bool | list) -> str:
    """A filter for the frames `first` to `stop` (exclusive) of what `equals` describes."""
    return f"{equals(**values)} AND frame >= {first} AND frame < {stop}"
