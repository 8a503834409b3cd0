"""Whether Prefect can read its own settings, asked before anything is started: what it says itself fills a page."""

import contextlib
import io
import os
import tomllib
from pathlib import Path
from typing import Any

from flows.server import environment
from tango_models.errors import InputError

_PREFIX = "PREFECT_"
_OURS = {"PREFECT_HOME", "PREFECT_API_URL", environment.CONSOLE_LEVEL}
"""Set by the commands themselves, or looked at elsewhere."""
_FOLLOWS = "default_factory_not_called"
"""What pydantic says of settings that are made from one that is at fault."""


def check_settings() -> None:
    """Refuse settings of Prefect's that are nonsense, and proxies that it cannot use. Where no setting is made none is
    asked about: it takes the seconds that importing Prefect takes.

    Prefect then keeps the settings of that moment, so where its server is, and its home, must be set before: else the
    first event of a run finds no server, and starts another.

    Raises:
        InputError: naming the variable or the file.
    """
    environment.check_proxies(os.environ)
    if not _is_told():
        return
    with contextlib.redirect_stderr(io.StringIO()):  # its plugins say the same, over several lines
        from pydantic import ValidationError
        from pydantic_settings import SettingsError

        try:
            from prefect.settings import Settings

            Settings()
        except ValidationError as error:
            raise _fault(error) from None
        except SettingsError as error:
            raise InputError("Prefect's settings", " ".join(str(error).split()), "correct the file") from None


def _is_told() -> bool:
    """Whether anybody has set something, as far as can be seen without Prefect."""
    defaults = environment.DEFAULTS.items()
    if any(
        name.startswith(_PREFIX) and name not in _OURS and (name, value) not in defaults for name, value in _given()
    ):
        return True
    home = Path(os.path.expanduser(os.environ.get("PREFECT_HOME") or "~/.prefect"))
    if Path("prefect.toml").is_file() or (home / "profiles.toml").is_file():
        return True
    variables = Path(".env")
    if variables.is_file() and _PREFIX in variables.read_text(errors="replace").upper():
        return True
    project = Path("pyproject.toml")
    try:
        return project.is_file() and "prefect" in tomllib.loads(project.read_text()).get("tool", {})
    except (OSError, ValueError, RecursionError):
        return True


def _given() -> list[tuple[str, str]]:
    return [(name.upper(), value) for name, value in os.environ.items()]


def _fault(error: Any) -> InputError:
    """Of pydantic's `ValidationError` of one of Prefect's groups of settings."""
    found = next(fault for fault in error.errors() if fault["type"] != _FOLLOWS)
    field = str(found["loc"][0]).upper()
    names = [
        name
        for name, value in sorted(os.environ.items())
        if name.upper().startswith(_PREFIX) and name.upper().endswith(field.removeprefix(_PREFIX))
    ]
    same = [name for name in names if os.environ[name] == str(found["input"])]
    text = " ".join(found["msg"].split())
    for name in [*same, *names][:1]:
        return InputError(f"{name}={os.environ[name]!r:.60}", text, "correct it, or unset it")
    fault = f"{field.lower()} = {found['input']!r:.60}: {text}"
    return InputError("Prefect's settings", fault, "correct it in prefect.toml, pyproject.toml, .env or the profile")
