"""Files outside of the tables at URIs: object stores and other file systems, through `pyarrow.fs`.

A source, a motion file, a manifest, a speech or a rendered file lies on this machine (then it is a path, and none of
this is needed) or at a URI of one of `SCHEMES`. Object keys are taken as they are written: nothing in them is decoded.
S3 takes the catalog's storage options, and for what they do not say AWS's own variables and files.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from data_catalog.uris.reachable import UnusableStore, asked, fault_of, unusable

SCHEMES = ("s3", "gs", "abfs", "abfss", "hdfs", "viewfs", "memory")
"""`memory` is fsspec's, which this process alone sees."""
_BLOCK = 1 << 20

Options = Mapping[str, str] | None
"""As Lance takes them for the catalog."""


@dataclass(frozen=True)
class Stamp:
    """By which a file that changed is known: bytes and when it was last changed, in nanoseconds."""

    size: int
    changed_ns: int


def is_remote(place: str) -> bool:
    """Whether a place is a URI, and no path on this machine."""
    scheme, separator, _ = place.partition("://")
    return bool(separator) and scheme.lower() in SCHEMES


def is_of_this_process(place: str) -> bool:
    """Whether only the process that was given a place can read it."""
    return place.lower().startswith("memory://")


def file_name(place: str) -> str:
    """The last part of a path or URI."""
    return place.rstrip("/").rpartition("/")[2]


def within(folder: str, name: str) -> str:
    """The place called `name` inside a folder, of a path or a URI."""
    return f"{folder.rstrip('/')}/{name}" if is_remote(folder) else str(Path(folder, name))


def find_stamp(uri: str, options: Options) -> Stamp | None:
    """The size of the file at a URI and when it was changed; None when there is none. Answers within seconds.

    Raises:
        UnusableStore: the store does not answer, has no such bucket or lets nobody in.
    """

    def ask() -> Any:
        system, path = _open(uri, options)
        info = system.get_file_info(path)
        # Of a bucket that does not exist an object is merely "not found".
        missing = not info.is_file and "/" in path and uri.lower().startswith("s3:")
        return info, bool(missing and not _exists(system, path.partition("/")[0]))

    info, no_bucket = asked(ask, uri, options)
    if no_bucket:
        raise unusable(uri, options, "the bucket does not exist", "create it, or name another")
    return Stamp(info.size or 0, info.mtime_ns or 0) if info.is_file else None


def is_gone(place: str, options: Options) -> bool:
    """Whether there is nothing at a path or URI, as far as can be told from here: of a folder, or a bucket, that is not
    there either nothing is known (another machine may see it)."""
    if not is_remote(place):
        return not os.path.lexists(place) and os.path.isdir(os.path.dirname(os.path.abspath(place)))
    try:
        return find_stamp(place, options) is None
    except UnusableStore:
        return False


def list_files(uri: str, options: Options) -> list[str]:
    """The URIs of all files under a folder at a URI, in order.

    Raises:
        UnusableStore: see `find_stamp`.
        FileNotFoundError: there is no such folder.
    """
    from pyarrow.fs import FileSelector

    def ask() -> Any:
        system, path = _open(uri, options)
        if not _exists(system, path.rstrip("/")):
            return None
        return system, path.rstrip("/")

    if (place := asked(ask, uri, options)) is None:
        find_stamp(uri, options)  # says so if it is the bucket
        raise FileNotFoundError(uri)
    system, base = place
    try:  # may take long
        found = system.get_file_info(FileSelector(base, recursive=True))
    except OSError as error:
        raise fault_of(error, uri, options) from error
    return sorted(f"{uri.rstrip('/')}{info.path[len(base) :]}" for info in found if info.is_file)


def read_blocks(uri: str, options: Options) -> Iterator[bytes]:
    """The bytes of the file at a URI, a MB at a time.

    Raises:
        FileNotFoundError: there is none.
        UnusableStore: it may not be read, or the way there broke.
    """
    system, path = _open(uri, options)
    try:
        with system.open_input_stream(path) as stream:
            while block := stream.read(_BLOCK):
                yield block
    except FileNotFoundError:
        raise
    except OSError as error:
        raise fault_of(error, uri, options) from error


def read_head(uri: str, count: int, options: Options) -> bytes:
    """The first bytes of the file at a URI."""

    def ask() -> bytes:
        system, path = _open(uri, options)
        with system.open_input_file(path) as file:
            return file.read(count)

    return asked(ask, uri, options)


def upload(source: Path, uri: str, options: Options) -> None:
    """Write a file of this machine to a URI; there it is whole or not at all where the store writes so (S3 does).

    Raises:
        UnusableStore: nothing may be written there, or the way there broke.
    """
    system, path = _open(uri, options)
    with source.open("rb") as file:
        try:
            if not uri.lower().startswith(("s3:", "gs:")):  # elsewhere folders are things
                system.create_dir(path.rpartition("/")[0], recursive=True)
            with system.open_output_stream(path) as stream:
                while block := file.read(_BLOCK):
                    stream.write(block)
        except OSError as error:
            raise fault_of(error, uri, options) from error


def _exists(system: Any, path: str) -> bool:
    from pyarrow.fs import FileType

    return system.get_file_info(path).type != FileType.NotFound


def _open(uri: str, options: Options) -> tuple[Any, str]:
    """The file system of a URI, and the path in it."""
    scheme, _, rest = uri.partition("://")
    scheme = scheme.lower()
    if scheme == "s3":
        return _s3(rest.partition("/")[0], tuple(sorted(_s3_settings(options).items()))), rest
    return _by_uri(f"{scheme}://{rest}")


def _by_uri(uri: str) -> tuple[Any, str]:
    from pyarrow.fs import FileSystem

    scheme, _, rest = uri.partition("://")
    try:
        if scheme == "memory":
            return FileSystem.from_uri(f"fsspec+memory://{rest}")[0], f"/{rest}"
        return FileSystem.from_uri(uri)
    except (OSError, ValueError) as error:  # no driver, no account
        raise unusable(uri, None, f"cannot be used ({str(error).splitlines()[0]})", "see pyarrow.fs for it") from error


_KEYS = {
    "access_key": ("access_key_id",),
    "secret_key": ("secret_access_key",),
    "session_token": ("session_token", "token"),
}
_PLACE = {
    "region": ("region", "default_region"),
    "endpoint": ("endpoint_url_s3", "endpoint_url", "endpoint"),
    "anonymous": ("skip_signature",),
    "virtual": ("virtual_hosted_style_request",),
}
"""As Lance's object store spells them, each with or without `aws_` before it:
https://docs.rs/object_store/latest/object_store/aws/enum.AmazonS3ConfigKey.html."""


def _s3_settings(options: Options) -> dict[str, str]:
    """Keys are those of the options; without any the SDK looks for its own."""
    given = {name.lower().removeprefix("aws_"): value for name, value in (options or {}).items()}
    own = {name.lower().removeprefix("aws_"): value for name, value in os.environ.items() if name.startswith("AWS_")}
    found = {setting: _first(given, names) for setting, names in _KEYS.items()}
    found |= {setting: _first(given, names) or _first(own, names) for setting, names in _PLACE.items()}
    return {setting: value for setting, value in found.items() if value}


def _first(values: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((values[name] for name in names if values.get(name)), "")


@lru_cache(maxsize=32)
def _s3(bucket: str, settings: tuple[tuple[str, str], ...]) -> Any:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    given = dict(settings)
    arguments: dict[str, Any] = {name: given[name] for name in _KEYS if name in given}
    if endpoint := given.get("endpoint"):
        scheme, separator, host = endpoint.rpartition("://")
        arguments |= {"scheme": scheme if separator else "https", "endpoint_override": host.rstrip("/")}
    return S3FileSystem(
        **arguments,
        region=given.get("region") or ("us-east-1" if endpoint else _region(bucket)),
        anonymous=given.get("anonymous", "").lower() in ("true", "1"),
        force_virtual_addressing=given.get("virtual", "").lower() in ("true", "1"),
        connect_timeout=3,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
    )


def _region(bucket: str) -> str | None:
    """Of a bucket at AWS; None leaves it to AWS's own variables and files."""
    from pyarrow.fs import resolve_s3_region

    try:
        return resolve_s3_region(bucket)
    except OSError:
        return None
