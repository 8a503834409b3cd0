"""Files that a stage reads or makes outside of the tables, wherever they lie: on this machine, at a URI, or in the
catalog, where the run put them because the workers see no disk of its machine (`handing_over`)."""

import functools
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from data_catalog import Catalog, handed_files
from data_catalog.uris.places import Options, Stamp, file_name, find_stamp, is_remote, read_blocks, upload
from tango_models.errors import InputError
from tasks.runtime.scratch import scratch_folder


class Files:
    """The files of a run, as one worker gets at them.

    Args:
        catalog: where files were put; None: nowhere.
        run: holds those that were put for it.
        shared: paths mean the same here and where the run was started.
    """

    def __init__(self, catalog: Catalog | None = None, run: str = "", *, shared: bool = True) -> None:
        self._catalog, self._run, self._shared = catalog, run, shared

    @contextmanager
    def open(self, place: str, content: str, *, remedy: str = "run the command again") -> Iterator[Path]:
        """The path of a file with some content: where it lies, or a copy for the time of the context.

        Args:
            place: its path or URI; content: see `content_id`.
            remedy: where it is another by now.

        Raises:
            InputError: there is no such file, or one with another content. What is raised in the context about the copy
                is said of `place`.
            UnusableStore: its bucket cannot be read.
        """
        from tango_models.media.probe import content_id

        local = None if is_remote(place) else Path(place)
        if local and local.is_file() and content_id(local) == content:
            yield local
            return
        with scratch_folder() as folder:
            copy = folder / safe_name(file_name(place))
            found = fetch(self._catalog, content, self._run, copy) if self._catalog else None
            if found is None:
                found = content_id(local) if local else _save(read_place(place, self._options), copy)
            if found != content:
                raise InputError(local.name if local else place, "changed since it was added", remedy)
            try:
                yield copy
            except InputError as error:
                raise InputError(error.subject.replace(str(copy), place), error.fault, error.remedy) from error

    @contextmanager
    def writing(self, places: Sequence[str]) -> Iterator[list[Path]]:
        """Paths to write to, one for each place; when the context ends well the files are where they are to be, or in
        the catalog for whoever started the run.

        Raises:
            UnusableStore: there is no writing at a URI.
        """
        if self._shared and not any(map(is_remote, places)):
            yield [Path(place) for place in places]
            return
        with scratch_folder() as folder:
            paths = [folder / file_name(place) for place in places]
            yield paths
            for path, place in zip(paths, places, strict=True):
                if is_remote(place):
                    upload(path, place, self._options)
                elif self._shared:
                    put_in_place(_blocks(path), Path(place))
                else:
                    assert self._catalog is not None
                    handed_files.put(self._catalog, place, _blocks(path), holder=self._run)

    @property
    def _options(self) -> Options:
        return self._catalog.storage_options if self._catalog else None


def content_of(place: str, options: Options) -> str:
    """`content_id` of a file at a path or a URI; a URI's is read again only when the file changed.

    Raises:
        InputError: there is no file.
        UnusableStore: its bucket cannot be read.
    """
    from tango_models.media.probe import content_id

    if not is_remote(place):
        return content_id(Path(place))
    stamp = check_there(place, options)
    return _content(place, tuple(sorted((options or {}).items())), stamp.size, stamp.changed_ns)


def check_file(place: str, options: Options) -> None:
    """Refuse a path or URI where no file can be read.

    Raises:
        InputError, UnusableStore: see `content_of`.
    """
    from tango_models.media.container import checked_path

    if is_remote(place):
        check_there(place, options)
    else:
        checked_path(place)


def check_there(uri: str, options: Options) -> Stamp:
    """The stamp of a file at a URI that is there and not empty.

    Raises:
        InputError: it is not so.
        UnusableStore: its bucket cannot be read.
    """
    stamp = find_stamp(uri, options)
    if stamp is None:
        raise InputError(uri, "does not exist", "check the URI")
    if not stamp.size:
        raise InputError(uri, "is empty (0 bytes)", "copy it again from its source")
    return stamp


@functools.lru_cache(maxsize=64)
def _content(uri: str, options: tuple[tuple[str, str], ...], size: int, changed_ns: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for block in read_place(uri, dict(options)):
        digest.update(block)
    return digest.hexdigest()


def read_place(place: str, options: Options) -> Iterator[bytes]:
    """The bytes of the file at a path or a URI.

    Raises:
        InputError: there is none.
        UnusableStore: its bucket cannot be read.
    """
    from tango_models.media.container import checked_path

    if not is_remote(place):
        yield from _blocks(checked_path(place))
        return
    check_there(place, options)
    try:
        yield from read_blocks(place, options)
    except FileNotFoundError as error:
        raise InputError(place, "does not exist", "check the URI") from error


def fetch(catalog: Catalog, name: str, holder: str, target: Path) -> str | None:
    """Copy a file out of the catalog; returns the hash of its content, None when it was not there."""
    pieces = handed_files.read(catalog, name, holder=holder)
    return None if pieces is None else _save(pieces, target)


def put_in_place(blocks: Iterable[bytes], target: Path) -> None:
    """Write a file under another name and give it its own when it is whole."""
    half = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        _save(blocks, half)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """A file name that is one, from whatever a URI ends in; its suffix is kept."""
    shown = "".join(c for c in name if c.isprintable() and c not in "/\\").lstrip(".")
    stem, suffix = os.path.splitext(shown)
    while len(os.fsencode(stem + suffix)) > 200 and stem:
        stem = stem[:-1]
    return stem + suffix if stem and len(suffix) < 40 else "file"


def _save(blocks: Iterable[bytes], target: Path) -> str:
    """Write blocks to a file, and return the hash of the content."""
    digest = hashlib.blake2b(digest_size=16)
    with target.open("wb") as file:
        for block in blocks:
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            yield block
