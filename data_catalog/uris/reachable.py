"""Whether an object store, or the file system under a catalog, can hold tables at all. Asked by Lance alone, a bucket
that does not exist may look empty, and a store that does not answer is waited for for minutes."""

import errno
import os
import re
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from data_catalog.faults import CatalogFault

T = TypeVar("T")

_SECONDS = 6.0
_IMPATIENT = {"client_max_retries": "0", "client_retry_timeout": "3", "download_retry_count": "0"}
_IMPATIENT |= {"connect_timeout": "3s", "timeout": "5s"}
_answered: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
_CODE = re.compile(r"<Code>(\w+)</Code>")
_ARROW_CODE = re.compile(r"AWS Error (\w+)")
_FAULTS = {
    "NoSuchBucket": ("the bucket does not exist", "create it, or name another"),
    "NoSuchContainer": ("the container does not exist", "create it, or name another"),
    "InvalidAccessKeyId": ("the store does not know the access key", "check the keys in storage_options"),
    "SignatureDoesNotMatch": ("the store does not take the secret key", "check the keys in storage_options"),
    "AccessDenied": ("the store denies access", "check the keys and the bucket's policy"),
    "PermanentRedirect": ("the bucket is in another region", "set aws_region in storage_options"),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", "set aws_region in storage_options"),
}
"""By S3's codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html."""
_BY_LOWER_CASE = {name.lower(): fault for name, fault in _FAULTS.items()}
"""Arrow spells them ACCESS_DENIED."""
_KEYS = "give them in storage_options (TANGO_STORAGE_OPTIONS) or in the store's own environment variables"
_BY_TEXT = (
    ("credential", "there are no keys for it", _KEYS),
    ("token", "there are no keys for it", _KEYS),
    (
        "resolve region",
        "its region cannot be found out",
        "check the bucket's name, or set aws_region in storage_options",
    ),
    ("404 Not Found", "the bucket does not exist", "create it, or name another"),
    ("403 Forbidden", "the store denies access", "check the keys and the bucket's policy"),
    ("401 Unauthorized", "the store denies access", "check the keys and the bucket's policy"),
    ("NETWORK_CONNECTION", "nobody answers", "check the endpoint and the network"),
    ("error sending request", "nobody answers", "check the endpoint and the network"),
    ("dns error", "nobody answers", "check the endpoint and the network"),
    (
        "builder error",
        "it is at http, which is not allowed",
        "set AWS_ALLOW_HTTP=true, or allow_http in storage_options",
    ),
    ("timed out", "nobody answers", "check the endpoint and the network"),
)
_URL = re.compile(r"https?://[^/]", re.IGNORECASE)
_SOURCE = re.compile(r",?\s*\S+\.rs:\d+(:\d+)?")
_ENDPOINTS = ("aws_endpoint", "endpoint", "aws_endpoint_url", "endpoint_url")
_FIRST_ENDPOINT = ("aws_endpoint_url_s3",)
"""Lance takes it before all others, wherever either stands."""
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}


class UnusableStore(CatalogFault):
    """A catalog, or a file, cannot be where it is said to be; names the place, the fault and the remedy."""


def check_store(uri: str, options: Mapping[str, str] | None) -> None:
    """Ask an object store once whether it answers, knows the bucket and lets us in; within 6 s.

    Args:
        uri: of the catalog; folders pass.
        options: as Lance takes them.

    Raises:
        UnusableStore: it does not.
    """
    key = (uri, tuple(sorted((options or {}).items())))
    if "://" not in uri or uri.startswith(("file://", "memory://")) or key in _answered:
        return
    at = _s3_endpoint(options) if uri.startswith("s3://") else None
    if at is not None and not _URL.match(at):  # Lance's store dies of it, with a trace
        remedy = "write http://host:port or https://host, or unset it"
        raise unusable(uri, options, f"its endpoint {at!r} is no URL", remedy)

    def ask() -> None:
        from lance.file import LanceFileSession

        next(iter(LanceFileSession(uri, storage_options={**(options or {}), **_IMPATIENT}).list()), None)

    asked(ask, uri, options)
    _answered.add(key)


def check_store_takes(uri: str, options: Mapping[str, str] | None) -> None:
    """Refuse an object store, or a place in it, that gives but does not take: by writing a few bytes, which are deleted
    again.

    Raises:
        UnusableStore: see `check_store`, too.
    """

    def try_it() -> None:
        from lance.file import LanceFileSession

        session = LanceFileSession(uri, storage_options={**(options or {}), **_IMPATIENT})
        name = f".write-{os.urandom(8).hex()}"
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"tango")
            file.flush()
            session.upload_file(file.name, name)
        session.delete_file(name)

    asked(try_it, uri, options)


def asked(question: Callable[[], T], uri: str, options: Mapping[str, str] | None) -> T:
    """What a store answers, within 6 s.

    Args:
        question: puts it; may wait for ever.
        uri: what it is about.

    Raises:
        UnusableStore: it does not answer, has no such bucket, or lets nobody in.
        FileNotFoundError: as `question` raises it.
    """
    found: list[T] = []
    faults: list[BaseException] = []

    def ask() -> None:
        try:
            found.append(question())
        except BaseException as error:
            faults.append(error)

    asking = threading.Thread(target=ask, daemon=True)  # keys are looked for at addresses that may never answer
    asking.start()
    asking.join(_SECONDS)
    if found:
        return found[0]
    if not faults:
        raise unusable(uri, options, f"no answer in {_SECONDS:.0f} s", "check the endpoint, the keys and the network")
    if isinstance(faults[0], FileNotFoundError):
        raise faults[0]
    raise fault_of(faults[0], uri, options) from faults[0]


def fault_of(error: BaseException, uri: str, options: Mapping[str, str] | None) -> UnusableStore:
    """What a store, or the way to it, said, in the words of whoever has to do something about it."""
    return error if isinstance(error, UnusableStore) else unusable(uri, options, *_fault(str(error)))


def _fault(text: str) -> tuple[str, str]:
    """Fault and remedy by what the store, or the way to it, said."""
    if (code := _CODE.search(text)) and code[1] in _FAULTS:
        return _FAULTS[code[1]]
    if (code := _ARROW_CODE.search(text)) and (name := code[1].replace("_", "").lower()) in _BY_LOWER_CASE:
        return _BY_LOWER_CASE[name]
    for word, fault, remedy in _BY_TEXT:
        if word.lower() in text.lower():
            return fault, remedy
    return f"cannot be used ({plain(text)[:300]})", "check storage_options"


def plain(text: str) -> str:
    """What Lance says, in one line and without the places in its own source."""
    return " ".join(_SOURCE.sub("", text).split())


def unusable(uri: str, options: Mapping[str, str] | None, fault: str, remedy: str) -> UnusableStore:
    endpoint = _s3_endpoint(options) or _given(("azure_endpoint", "google_endpoint"), options)
    bucket = uri.partition("://")[2].partition("/")[0]
    return UnusableStore(f"{uri}: bucket {bucket}{f' at {endpoint}' if endpoint else ''}: {fault}; {remedy}")


def _s3_endpoint(options: Mapping[str, str] | None) -> str | None:
    first = _given(_FIRST_ENDPOINT, options)
    return _given(_ENDPOINTS, options) if first is None else first


def _given(names: tuple[str, ...], options: Mapping[str, str] | None) -> str | None:
    """What the options, or else the environment, say under the first of some names that is in them; None: nothing."""
    for place in (options or {}, os.environ):
        said = {name.lower(): value for name, value in place.items()}
        for name in names:
            if name in said:
                return said[name]
    return None


def check_folder(folder: Path) -> None:
    """Refuse a folder for tables that cannot be written to, or whose file system has no hard links or renames: by them
    Lance has one of two writers win. It is made if it is not there.

    Raises:
        UnusableStore: naming the folder.
        OSError: the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".links-", dir=folder) as place:
            first, second, third = (Path(place, name) for name in ("1", "2", "3"))
            first.touch()
            _try("hard links", folder, lambda: os.link(first, second))
            _try("renames", folder, lambda: first.rename(third))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        why = error.strerror or error
        raise UnusableStore(f"{folder}: cannot be written to ({why}); name another --catalog") from error


def _try(what: str, folder: Path, attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise UnusableStore(
            f"{folder}: its file system has no {what} ({error.strerror}), which tables need; "
            "name a --catalog on another disk"
        ) from error
