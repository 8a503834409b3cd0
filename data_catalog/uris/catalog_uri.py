"""Where a catalog lies, as people write it. A URI that is misspelt would be a folder of that name on this machine."""

import difflib
import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

from data_catalog.uris.reachable import UnusableStore

LANCE_SCHEMES = ("s3", "s3+ddb", "gs", "az", "abfss", "oss", "cos", "tos", "hf", "goosefs", "memory")
"""Of the stores in which Lance keeps tables (https://lancedb.github.io/lance/guide/object_store/)."""
_NO_STORES = {"http", "https", "ftp", "ftps", "sftp", "ssh", "smb", "rtsp", "rtmp", "data", "blob", "hdfs", "viewfs"}
_SAME = {"azure": "az", "wasb": "abfss", "wasbs": "abfss", "s3a": "s3", "s3n": "s3", "aws": "s3", "gcp": "gs"}
_WRITTEN_OUT = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_WORD = r"\s*(?P<word>[a-z0-9][\w+.-]*?)\s*"
_COLON_AND_SLASH = re.compile(_WORD + r"[:;.]+\s*[/\\]", re.IGNORECASE)
_NO_COLON = re.compile(_WORD + r"(//|\\\\|[:;])", re.IGNORECASE)
"""With the name of a store before it, that is one."""
_FILE = re.compile(r"file:(//(?P<host>[^/\\]*)(?=[/\\]|$))?(?P<path>.*)", re.IGNORECASE)
"""RFC 8089."""
_NO_PLACE = "is no place that can hold tables"
_NAME = "name a folder, or a place in a bucket (s3://BUCKET/NAME), with --catalog or TANGO_CATALOG"
_LIKE = 0.5


def looks_misspelt(text: str, schemes: tuple[str, ...]) -> bool:
    """Whether a text is meant as a URI, and begins with none of `schemes` as it is to be written."""
    whole = _WRITTEN_OUT.match(text)
    if whole and whole[1].lower() in schemes:
        return False
    if "://" in text or _COLON_AND_SLASH.match(text):
        return True
    named = _NO_COLON.match(text)
    return named is not None and named["word"].lower() in {*schemes, *_SAME, "file", "http", "https"}


def meant(text: str, schemes: tuple[str, ...]) -> str | None:
    """The URI that a misspelt one may be meant for; None where that is none of `schemes`."""
    found = _COLON_AND_SLASH.match(text) or _NO_COLON.match(text)
    word = found["word"].lower() if found else ""
    rest = text[found.end("word") :].strip().replace("\\", "/").lstrip("/:;. ") if found else ""
    if word == "file":
        return f"file:///{rest}"
    if len(word) < 2 or (word in _NO_STORES and word not in schemes):  # a letter: a drive
        return None
    near = [word] if word in schemes else difflib.get_close_matches(_SAME.get(word, word), schemes, 1, _LIKE)
    return f"{near[0]}://{rest or 'BUCKET/NAME'}" if near else None


def catalog_uri(text: str) -> str:
    """Where a catalog lies: the absolute path of a folder on this machine, or a URI of a store that Lance can keep
    tables in, with its scheme in small letters.

    Raises:
        UnusableStore: neither; a URI that is misspelt or holds keys; control characters, or no UTF-8, in the name.
    """
    if file := _FILE.match(text.replace("\\", "/") if text[5:6] == "\\" else text):
        if file["host"] and file["host"].lower() != "localhost":
            raise _refused(_shown(text), "is a folder of another machine", _NAME)
        text = unquote(file["path"])
    if not text.strip():
        raise _refused(repr(text), "is no name", _NAME)
    if (shown := _shown(text)) != text:
        raise _refused(shown, "has characters in its name that cannot be shown", _NAME)
    if looks_misspelt(text, LANCE_SCHEMES):
        uri = meant(text, LANCE_SCHEMES)
        folder = "" if "://" in text else f" (a folder so called is ./{text.strip()})"
        raise _refused(text, "is misspelt", f"did you mean {uri}?{folder}") if uri else _refused(text, _NO_PLACE, _NAME)
    if "://" not in text:
        return str(Path(os.path.expanduser(text)).absolute())
    scheme, _, rest = text.partition("://")
    bucket, slash, key = rest.rstrip("/").partition("/")
    if not bucket:
        raise _refused(text, "names no bucket", f"write {scheme.lower()}://BUCKET/NAME")
    if "@" in bucket and scheme.lower() != "abfss":  # there: container@account
        without = f"{scheme}://…@{bucket.rpartition('@')[2]}{slash}{key}"
        raise _refused(without, "holds a name or keys", "set them in storage_options")
    return f"{scheme.lower()}://{bucket}{slash}{key}"


def _shown(text: str) -> str:
    """With control characters, ends of lines and what is not UTF-8 escaped."""
    hidden = ("Cc", "Cs", "Zl", "Zp")
    return "".join(
        c.encode("unicode_escape", "surrogatepass").decode() if unicodedata.category(c) in hidden else c for c in text
    )


def _refused(shown: str, fault: str, remedy: str) -> UnusableStore:
    return UnusableStore(f"catalog {shown}: {fault}; {remedy}")
