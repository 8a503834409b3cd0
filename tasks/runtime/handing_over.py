"""What whoever started a run does for workers that see none of its disks: it puts the files that they read into the
catalog, each while it is wanted, and takes out what they made."""

import functools
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from data_catalog import Catalog, Unit, handed_files
from data_catalog.uris.places import is_of_this_process, is_remote
from tasks.runtime.files import fetch, put_in_place, read_place
from tasks.runtime.stage import Stage

Travelling = Mapping[str, Mapping[str, str]]
"""By the (dotted) name of a setting that names a file or a folder: the content of each file, by its path in the folder;
that of a file by "". """


class HandOver:
    """Of one run; called from several threads.

    Args:
        shared: workers see this machine's paths, so only what this process alone can read is to be handed over.
    """

    def __init__(self, catalog: Catalog, run_id: str, *, shared: bool) -> None:
        self._catalog, self._run, self._shared = catalog, run_id, shared
        self._users: Counter[str] = Counter()
        self._lock = threading.Lock()  # one upload at a time
        self._swept = False

    def wanted(self, planner: Stage, unit: Unit) -> dict[str, str]:
        """What a unit reads that is to be handed over: where it lies, by its content."""
        return {content: place for content, place in planner.files(unit).items() if self._goes(place)}

    @contextmanager
    def lent(self, files: Mapping[str, str]) -> Iterator[None]:
        """Files in the catalog for the time of the context, and for that of others that want them too.

        Raises:
            InputError: one cannot be read.
        """
        with ExitStack() as held:
            for content, place in files.items():
                held.enter_context(self._held(content, place))
            yield

    def collect(self, planner: Stage, unit: Unit) -> None:
        """Take what a unit made out of the catalog and put it where it is to be.

        Raises:
            OSError: it cannot be written there.
        """
        places = [] if self._shared else [place for place in planner.outputs(unit) if not is_remote(place)]
        for place in places:
            pieces = handed_files.read(self._catalog, place, holder=self._run)
            if pieces is None:
                raise FileNotFoundError(f"{place}: is not in the catalog as a whole; run the command again")
            put_in_place(pieces, Path(place))
        if places:
            handed_files.drop(self._catalog, places, holder=self._run)

    def settings(self, stage: type[Stage], config: Mapping[str, Any]) -> Travelling:
        """Hand over the files that a stage's configuration names, for all runs.

        Raises:
            InputError: there is no such file.
        """
        found: dict[str, dict[str, str]] = {}
        for name in () if self._shared else stage.file_settings:
            if given := _get(config, name):
                path = Path(given).expanduser()
                inside = {str(file.relative_to(path)): file for file in sorted(path.rglob("*")) if file.is_file()}
                found[name] = {where: self._kept(file) for where, file in (inside or {"": path}).items()}
        return found

    def _goes(self, place: str) -> bool:
        """Whether workers need it from here. What is not here either they may still see, or say that it is gone."""
        return is_of_this_process(place) or (not (self._shared or is_remote(place)) and Path(place).is_file())

    def _kept(self, path: Path) -> str:
        from tango_models.media.container import checked_path

        content = _content(str(path), checked_path(path).stat().st_mtime_ns)
        with self._lock:
            self._sweep()
            if not handed_files.is_there(self._catalog, content, holder=handed_files.EVERYBODY):
                self._put(content, str(path), handed_files.EVERYBODY)
        return content

    @contextmanager
    def _held(self, content: str, place: str) -> Iterator[None]:
        with self._lock:
            self._sweep()
            if not self._users[content]:
                self._put(content, place, self._run)
            self._users[content] += 1
        try:
            yield
        finally:
            with self._lock:
                self._users[content] -= 1
                if not self._users[content]:
                    handed_files.drop(self._catalog, [content], holder=self._run)

    def _put(self, name: str, place: str, holder: str) -> None:
        blocks = read_place(place, self._catalog.storage_options)
        handed_files.put(self._catalog, name, blocks, holder=holder)

    def _sweep(self) -> None:
        if not self._swept:
            handed_files.drop_old(self._catalog)
            self._swept = True


@functools.lru_cache(maxsize=32)
def _content(path: str, changed_ns: int) -> str:
    from tango_models.media.probe import content_id

    return content_id(Path(path))


def arrived(catalog: Catalog, config: dict[str, Any], files: Travelling, folder: Path) -> dict[str, Any]:
    """A configuration whose files are copies in a folder of this machine; for a worker.

    Raises:
        FileNotFoundError: they are not in the catalog.
    """
    found = dict(config)
    for name, contents in files.items():
        given = Path(_get(config, name)).expanduser()
        target = folder / name / given.name
        for where, content in contents.items():
            copy = target / where if where else target
            copy.parent.mkdir(parents=True, exist_ok=True)
            if fetch(catalog, content, handed_files.EVERYBODY, copy) != content:
                raise FileNotFoundError(f"{given}: is not in the catalog any more; run the command again")
        found = _with(found, name, str(target))
    return found


def _get(config: Mapping[str, Any], name: str) -> Any:
    value: Any = config
    for part in name.split("."):
        value = value[part]
    return value


def _with(config: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    first, _, rest = name.partition(".")
    return {**config, first: _with(config[first], rest, value) if rest else value}
