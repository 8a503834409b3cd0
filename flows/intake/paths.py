"""Paths as people type them: what is none is refused in the words that were typed."""

import os
import re
import unicodedata
from pathlib import Path

from tango_models.errors import InputError

_URL = re.compile(r"[a-z][a-z0-9+.-]+://|(https?|ftps?|rtmps?|rtsp|s3|gs|file|data|blob|magnet):|www\.", re.IGNORECASE)
_RELATIVE = "is a relative path, and a deployment runs in a folder of its own"


def local_path(given: str | os.PathLike[str], *, deployed: bool = False) -> Path:
    """The absolute path of a file or folder on this machine, whether it exists or not.

    Args:
        deployed: the run is a deployment's: whoever started it stood in no folder that is known here.

    Raises:
        InputError: a URL, a name that is not UTF-8 or has control characters, or a relative path of a deployment.
    """
    text = os.fspath(given)
    shown = printable(text)
    if not text:
        raise InputError("''", "is an empty path", "name a file")
    if _URL.match(text) and not os.path.exists(text):
        own = text.lower().startswith("file:")
        remedy = "give the path of the file" if own else "download it first and give the path of the file"
        raise InputError(shown, "is a URL, not a file on this machine", remedy)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(shown, "has a name that is not UTF-8", "rename it")
    if shown != text:
        raise InputError(shown, "has control characters in its name", "rename it")
    path = Path(os.path.expanduser(text))
    if deployed and not path.is_absolute():
        raise InputError(shown, _RELATIVE, "give the whole path")
    return path.absolute()


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
