"""Keys and hashes: the names under which things are kept."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import orjson

from data_catalog.faults import BadName

_LONGEST_NAME = 64
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that are devices on Windows: https://learn.microsoft.com/windows/win32/fileio/naming-a-file."""


def digest(*parts: Any) -> str:
    """A 128-bit hex digest of JSON-able parts or bytes; equal parts give equal digests on every machine."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True, separators=(",", ":")).encode()
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()


def digest_strings(lists: list[list[str]]) -> str:
    """`digest` of lists of strings, for when there are thousands of them."""
    data = orjson.dumps(lists)
    if not data.isascii() or b"\x7f" in data:  # what json writes in other words
        return digest(lists)
    return hashlib.blake2b(len(data).to_bytes(8, "little") + data, digest_size=16).hexdigest()


def track_id(video_id: str, motion_hash: str = "") -> str:
    """The key of a video with its motion: fitted, or imported from the file of that content. One video may show one
    avatar as fitted and another by an imported motion; what is made of its motion is kept apart."""
    return f"{video_id}~{motion_hash}" if motion_hash else video_id


def video_of(track: str) -> str:
    """The video of a track."""
    return track.partition("~")[0]


def video_in(key: str) -> str:
    """The video of a video id, or of the key of a track, a clip, or a unit that is about one of these."""
    return video_of(key.partition(":")[0])


def motion_of(track: str) -> str:
    """The content hash of a track's motion file; "" where the motion is fitted."""
    return track.partition("~")[2]


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
    """The name of an avatar as it is kept, composed (Unicode's NFC): `ü` of one code point or of two is one avatar.

    Raises:
        BadName: the name could be read as a path or as part of a query, is a device on Windows, or is not 1 to 64
            letters, digits and marks of any script, '-', '_' and '.'.
    """
    if not name:  # of a variable that is not set, as a rule
        raise BadName("avatar name '': is empty; name an avatar (`tango status` lists those there are)")
    composed = unicodedata.normalize("NFC", name)
    if (
        not 1 <= len(composed) <= _LONGEST_NAME
        or not all(character in "-_." or _is_of_a_name(character) for character in composed)
        or not composed[0].isalnum()
        or composed.endswith(".")
        or ".." in composed
        or _RESERVED.fullmatch(composed)
    ):
        shown = name if len(name) <= 2 * _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        raise BadName(
            f"avatar name {shown!r}: not allowed; use 1 to 64 letters, digits, '-', '_' or '.', beginning with a "
            "letter or digit, and no name that Windows keeps for a device"
        )
    return composed


def _is_of_a_name(character: str) -> bool:
    """Letters, marks and decimal digits, of any script."""
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd"


def literal(value: Any) -> str:
    """A value as a Lance filter literal."""
    if isinstance(value, bool | int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


class Filter(str):
    """A Lance filter that says what it asks for, so that a table need only look where that lies.

    Whatever else is made of its text (`+`, an f-string) is a plain string again, of which nothing is known.

    Attributes:
        asked: by column, the strings of which a row has one in it if the filter holds.
    """

    asked: Mapping[str, frozenset[str]]

    def __new__(cls, text: str, asked: Mapping[str, frozenset[str]] | None = None) -> "Filter":
        self = super().__new__(cls, text)
        self.asked = asked or {}
        return self

    def also(self, condition: str) -> "Filter":
        """Of which both hold, this and another."""
        return Filter(f"({self}) AND ({condition})", self.asked)


def equals(**conditions: Any) -> Filter:
    """A Lance filter: every column equals its value, or is one of its values when a list is given."""
    terms, asked = [], {}
    for column, value in conditions.items():
        values = value if isinstance(value, list | tuple | set | frozenset) else [value]
        if all(isinstance(v, str) for v in values):
            asked[column] = frozenset(values)
        if values is not value:
            terms.append(f"{column} = {literal(value)}")
        elif values:
            terms.append(f"{column} IN ({', '.join(literal(v) for v in sorted(values))})")
        else:
            return Filter("false", {column: frozenset()})
    return Filter(" AND ".join(terms) or "true", asked)


def between(first: int, stop: int, **values: str | int | bool | list) -> Filter:
    """A filter for the frames `first` to `stop` (exclusive) of what `equals` describes."""
    return equals(**values).also(f"frame >= {first} AND frame < {stop}")
