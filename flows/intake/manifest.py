"""A list of videos with what goes with each: csv, jsonl or parquet. What is wrong with a row is said of that row, and
the others are used."""

import csv
import difflib
import json
import posixpath
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_catalog import check_avatar_name
from data_catalog.faults import BadName
from data_catalog.uris.places import Options, file_name, is_remote
from flows.intake.dataset import is_video, named_as_video
from flows.intake.footage import Footage
from flows.intake.paths import printable, source_place
from tango_models.errors import InputError
from tasks.runtime.files import check_file, read_place, safe_name
from tasks.runtime.scratch import scratch_folder

SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")
COLUMNS = ("avatar", "video", "motion", "consent", "scene")
_NEEDED = ("avatar", "video")
_LIKE = 0.7
"""A column so like a known one is that one misspelt, and what it says must not be lost."""
_COLUMNS_ARE = f"its columns are {', '.join(_NEEDED)}, and if you like {', '.join(COLUMNS[2:])}"
_MOST_BYTES = 256 << 20


@dataclass
class Batch:
    """Videos that are handed in together.

    Attributes:
        footage: by avatar.
        refused: a line for each that cannot be used; notes: worth knowing.
    """

    footage: dict[str, list[Footage]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _BadRow(Exception):
    """Why a row cannot be used."""


def is_manifest(place: str) -> bool:
    """By its name."""
    return place.lower().endswith(SUFFIXES)


def read_manifest(place: str, options: Options = None) -> Batch:
    """The videos of a manifest. Rows are counted as a spreadsheet or an editor does: of a csv file the header is row 1.

    Args:
        place: path or URI; paths in the manifest are relative to its folder.

    Raises:
        InputError: it cannot be read, lacks a column, or has no row that can be used.
        UnusableStore: its bucket cannot be read.
    """
    found, reader = Batch(), _Rows(place)
    with ExitStack() as resources:
        path = Path(place)
        check_file(place, options)
        if is_remote(place):
            path = resources.enter_context(scratch_folder()) / safe_name(file_name(place))
            _download(place, path, options)
        elif path.stat().st_size > _MOST_BYTES:
            raise _too_large(place)
        for number, row in reader.read(path):
            label = f"{printable(file_name(place))} row {number}"
            try:
                if isinstance(row, _BadRow):
                    raise row
                if given := reader.footage(row, number, label):
                    found.footage.setdefault(given[0], []).append(given[1])
            except (_BadRow, InputError, BadName) as error:
                found.refused.append(f"{label}: {error}")
    found.notes = reader.notes
    if not found.footage:
        lines = [f"correct its rows; {_COLUMNS_ARE}", *found.refused, *found.notes]
        raise InputError(place, "names no video that can be used", "\n  ".join(lines))
    return found


def _download(place: str, path: Path, options: Options) -> None:
    size = 0
    with path.open("wb") as file:
        for block in read_place(place, options):
            if (size := size + len(block)) > _MOST_BYTES:
                raise _too_large(place)
            file.write(block)


def _too_large(place: str) -> InputError:
    return InputError(place, f"has more than {_MOST_BYTES >> 20} MB", "divide it")


class _Object(dict):
    """A JSON object, with its names as they are compared.

    Attributes:
        twice: a known name that is in it twice; "" if there is none.
    """

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        names = [_name(name) for name, _ in pairs]
        super().__init__(zip(names, (value for _, value in pairs), strict=True))
        self.twice = next((name for name in COLUMNS if names.count(name) > 1), "")


class _Rows:
    """Of one manifest.

    Attributes:
        notes: what was passed over.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._seen: dict[tuple[str, str], tuple[int, Footage]] = {}
        self._unknown: dict[str, str] = {}
        self.notes: list[str] = []

    def read(self, path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _BadRow]]:
        """Each row that is not empty, with its number."""
        kind = self._place.lower().rpartition(".")[2]
        try:
            yield from {"csv": self._csv, "parquet": self._parquet}.get(kind, self._jsonl)(path)
        except UnicodeDecodeError as error:
            raise InputError(self._place, f"is not UTF-8 (at byte {error.start})", "save it as UTF-8") from None

    def _csv(self, path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _BadRow]]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=max(",;\t", key=first.count), strict=True)
            number = 0
            try:
                header = self._header(next(reader, []))
                number = 1
                for number, cells in enumerate(reader, 2):
                    if len(cells) > len(header) and any(cells[len(header) :]):
                        yield number, _BadRow(f"has {len(cells)} cells for {len(header)} columns; quote its commas")
                    elif any(cell.strip() for cell in cells):
                        yield number, dict(zip(header, cells, strict=False))
            except csv.Error as error:
                fault = (
                    f"cannot be read ({error}), nor can what is behind it; look for a quotation mark that is not closed"
                )
                yield number + 1, _BadRow(fault)

    def _jsonl(self, path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _BadRow]]:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line, object_pairs_hook=_Object)
                except (ValueError, RecursionError) as error:
                    yield number, _BadRow(f"is no JSON ({error}); write one object a line")
                    continue
                if isinstance(row, _Object):
                    yield number, _BadRow(f"says {row.twice} twice; leave one") if row.twice else row
                else:
                    yield number, _BadRow("is no JSON object; write one object a line")

    def _parquet(self, path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _BadRow]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        number = 0
        try:
            with pq.ParquetFile(path) as file:
                header = self._header(file.schema_arrow.names)
                for batch in file.iter_batches(1024):
                    # Column by column: of two with one name a row as Arrow gives it has one.
                    for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        number += 1
                        yield number, dict(zip(header, cells, strict=True))
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, InputError | UnicodeDecodeError):
                raise
            why = str(error).splitlines()[0]
            raise InputError(self._place, f"is no parquet file that can be read ({why})", "write it again") from error

    def _header(self, names: list[str]) -> list[str]:
        """The columns' names as they are compared.

        Raises:
            InputError: one is there twice, or one that is needed is not.
        """
        header = [_name(name) for name in names]
        for name in COLUMNS:
            if header.count(name) > 1:
                raise InputError(self._place, f"has {header.count(name)} columns {name}", "leave one")
        for name in _NEEDED:
            if name not in header:
                shown = ", ".join(printable(given) for given in header[:12] if given) or "none"
                raise InputError(self._place, f"has no column {name} (it has {shown})", _COLUMNS_ARE)
        return header

    def footage(self, row: Mapping[str, Any], number: int, label: str) -> tuple[str, Footage] | None:
        """The avatar of a row, and its video; None where it says once more what an earlier one said.

        Raises:
            _BadRow, InputError, BadName: it cannot be used.
        """
        self._check_columns(row, label)
        values = {name: _text(row, name) for name in COLUMNS}
        for name in _NEEDED:
            if not values[name]:
                raise _BadRow(f"has no {name}; fill it in")
        avatar = check_avatar_name(values["avatar"])
        place, motion = self._whole(values["video"]), self._whole(values["motion"]) if values["motion"] else None
        if not (named_as_video(place) or (not is_remote(place) and is_video(Path(place)))):
            raise _BadRow(f"{printable(values['video'])}: is no video by its name; give a video of the speaker")
        if motion and not motion.lower().endswith(".npz"):
            raise _BadRow(f"{printable(values['motion'])}: is no .npz; give a SMPL-X motion file")
        given = Footage(place, motion, printable(values["consent"]), printable(values["scene"]), label)
        before, earlier = self._seen.setdefault((avatar, place), (number, given))
        if earlier is given:
            return avatar, given
        if (earlier.motion, earlier.consent, earlier.scene) != (given.motion, given.consent, given.scene):
            raise _BadRow(f"gives {avatar} the video of row {before} again, and says other things of it; leave one")
        self.notes.append(f"{label}: the same as row {before}, counted once")
        return None

    def _check_columns(self, row: Mapping[str, Any], label: str) -> None:
        """Refuse what is said under a name that may be a known one misspelt; note other columns once."""
        for name, value in row.items():
            if name in COLUMNS or value in (None, "") or not name:
                continue
            missing = [known for known in COLUMNS if known not in row]
            if like := difflib.get_close_matches(name, missing, 1, _LIKE):
                raise _BadRow(f"has a column {printable(name)}, which is none; did you mean {like[0]}?")
            if name not in self._unknown:
                self._unknown[name] = label
                self.notes.append(f"{label}: column {printable(name)} is not known and not used; {_COLUMNS_ARE}")

    def _whole(self, given: str) -> str:
        """A path or URI of a row; relative ones are so to the manifest.

        Raises:
            InputError: see `source_place`; it leads out of the manifest's bucket.
        """
        if is_remote(given) or given.startswith(("/", "~")) or ":" in given.partition("/")[0]:
            return source_place(given)
        if not is_remote(self._place):
            return source_place(Path(self._place).parent / given)
        scheme, _, rest = self._place.partition("://")
        bucket, _, key = rest.partition("/")
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(key), given))
        if inside.startswith(".."):
            raise InputError(printable(given), "leads out of the bucket", "give its whole URI")
        return source_place(f"{scheme}://{bucket}/{inside}")


def _name(given: Any) -> str:
    return str(given).strip().casefold()


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _BadRow(f"{name} is {value!r:.60}, no text; put it in quotation marks")
    return value.strip()
