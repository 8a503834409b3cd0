"""Paths as people type them: what is none is refused in the words that were typed."""

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

from data_catalog.uris.catalog_uri import looks_misspelt, meant
from data_catalog.uris.places import SCHEMES, is_remote
from tango_models.errors import InputError

_URL = re.compile(
    r"[a-z][a-z0-9+.-]+://|(https?|ftps?|rtmps?|rtsp|s3|gs|file|data|blob|magnet):|https?//|www\.", re.IGNORECASE
)
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+(?:com|org|net|edu|be|tv|ly|io|me|co|de|eu|fr|uk|ch|cn|jp|ru)/", re.IGNORECASE)
"""Of an address as browsers show it: `youtu.be/…`."""
_FILE = re.compile("file:", re.IGNORECASE)
_GIVE, _DOWNLOAD = "give the path of the file", "download it first and give the path of the file"
_WRITE = "name a place on this machine"
_KEYS = "set the keys in storage_options (TANGO_STORAGE_OPTIONS) or in the store's own environment variables"
_RELATIVE = "is a relative path, and a deployment runs in a folder of its own"


def local_path(given: str | os.PathLike[str], *, deployed: bool = False, written: bool = False) -> Path:
    """The absolute path of a file or folder on this machine, whether it exists or not.

    Args:
        deployed: the run is a deployment's: whoever started it stood in no folder that is known here.
        written: it is to be made.

    Raises:
        InputError: a URL, a name that is not UTF-8 or has control characters, or a relative path of a deployment.
    """
    text = os.fspath(given)
    shown = printable(text)
    if not text:
        raise InputError("''", "is an empty path", "name a file")
    if _is_url(text) and not os.path.exists(text):
        remedy = _GIVE if text.lower().startswith("file:") else _WRITE if written else _DOWNLOAD
        raise InputError(shown, "is a URL, not a file on this machine", remedy)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(shown, "has a name that is not UTF-8", "rename it")
    if shown != text:
        raise InputError(shown, "has control characters in its name", "rename it")
    path = Path(os.path.expanduser(text))
    if deployed and not path.is_absolute():
        raise InputError(shown, _RELATIVE, "give the whole path")
    return path.absolute()


def _is_url(text: str) -> bool:
    host = _HOST.match(text)
    return _URL.match(text) is not None or (host is not None and not os.path.isdir(host[0]))


def source_place(given: str | os.PathLike[str], *, deployed: bool = False, written: bool = False) -> str:
    """Where a file or folder lies: its absolute path on this machine, or its URI in a store that can be read.

    Args:
        deployed, written: see `local_path`.

    Raises:
        InputError: see `local_path`; a URI that is misspelt; another machine's `file:` URI; keys inside a URI, which
            would be kept with it.
    """
    text = os.fspath(given)
    if not is_remote(text) and os.path.lexists(text):
        return str(local_path(text, deployed=deployed, written=written))
    if _FILE.match(text):
        return str(local_path(_path_of(text), deployed=deployed, written=written))
    if not is_remote(text):
        if looks_misspelt(text, SCHEMES) and (uri := meant(text, SCHEMES)):
            raise InputError(
                printable(text), "is no file on this machine, and no URI", f"did you mean {printable(uri)}?"
            )
        return str(local_path(text, deployed=deployed, written=written))
    scheme, _, rest = text.partition("://")
    shown = printable(text)
    if shown != text:
        raise InputError(shown, "has control characters, or what is not UTF-8, in its name", "rename it")
    bucket, _, key = rest.partition("/")
    if "@" in bucket and scheme.lower() not in ("abfs", "abfss"):  # there: container@account
        raise InputError(f"{scheme}://…@{bucket.rpartition('@')[2]}/{key}", "holds a name or keys", _KEYS)
    if not bucket or not key.strip("/"):
        raise InputError(text, "names no file or folder in a bucket", f"write {scheme.lower()}://BUCKET/NAME")
    return f"{scheme.lower()}://{rest}"


@contextmanager
def as_typed(*given: str | None) -> Iterator[None]:
    """What is found wrong with files is said of them as they were typed, not of their whole paths."""
    typed = {}
    for text in filter(None, given):
        with suppress(InputError):
            place = source_place(text)
            typed[place] = text
            if os.path.dirname(text):
                typed.setdefault(os.path.dirname(place), os.path.dirname(text))
    try:
        yield
    except InputError as error:
        if typed.get(error.subject, error.subject) == error.subject:
            raise
        raise InputError(typed[error.subject], error.fault, error.remedy) from error


def _path_of(uri: str) -> str:
    """Of a `file:` URI (RFC 8089)."""
    text = uri[len("file:") :]
    if text.startswith("\\"):
        text = text.replace("\\", "/")
    if not text.startswith("//"):
        return unquote(text)
    host, slash, path = text[2:].partition("/")
    if host.lower() not in ("", "localhost"):
        raise InputError(printable(uri), "is a file of another machine", "give its path, or a URI of an object store")
    return unquote(slash + path)


def check_place(name: str, uri: str | None, *, deployed: bool) -> None:
    """Refuse a relative path among the settings of a deployment; URIs of object stores pass.

    Raises:
        InputError: naming the setting.
    """
    if deployed and uri and "://" not in uri and not os.path.isabs(os.path.expanduser(uri)):
        variable = "TANGO_" + name.replace(".", "__").upper()
        raise InputError(f"{name} = {uri}", _RELATIVE, f"set {variable}, or the parameter `settings`, to a whole path")


def printable(text: str) -> str:
    """A name in one line that any stream takes: bytes that are no UTF-8 and control characters are escaped."""

    def shown(character: str) -> str:
        if "\udc80" <= character <= "\udcff":
            return f"\\x{ord(character) - 0xDC00:02x}"
        hidden = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        return character.encode("unicode_escape", "surrogatepass").decode() if hidden else character

    return "".join(map(shown, text))
