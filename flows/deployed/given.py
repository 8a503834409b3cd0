"""What a form takes: kinds of parameters, and the settings of one run."""

import functools
import json
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

from prefect.states import Failed
from pydantic import Field, ValidationError

from flows.outcome import FlowIncomplete
from tango_models.errors import InputError

if TYPE_CHECKING:
    from flows.settings import Settings

_TOLD = (FlowIncomplete, InputError, ValueError)
P = ParamSpec("P")
T = TypeVar("T")

AvatarName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^./\\\s][^/\\]*$")]
"""Refused by the server already: what could be a path. `check_avatar_name` has the whole rule."""
TagName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
WholePath = Annotated[str, Field(min_length=1, pattern=r"^(/|~|[A-Za-z][A-Za-z0-9+.-]+://).*")]
"""A run is in a folder of the worker's, so a relative path would mean something else than was meant."""
Override = Annotated[str, Field(pattern=r"^\s*[a-z_0-9]+(\.[a-z_0-9]+)*\s*=.*$")]
"""`name=value`, e.g. `stages.render_video.crf=16`."""


def told(run: Callable[P, T]) -> Callable[P, T]:
    """Of a flow: what a person can mend ends it as a failed state that says it. Raised, it would stand inside the stack
    traces of everything that it passes through."""

    @functools.wraps(run)
    def ended(*given: P.args, **named: P.kwargs) -> T:
        logging.getLogger("prefect.flow_runs").addFilter(_says_more)  # once, however often it is added
        try:
            return run(*given, **named)
        except _TOLD as error:
            return Failed(message=str(error), data=error)  # type: ignore[return-value]  # Prefect takes it as the end

    return ended


def _says_more(record: logging.LogRecord) -> bool:
    """Not so the trace that Prefect's engine logs of a failed run once more, after the line that says it."""
    return not (record.exc_info and isinstance(record.exc_info[1], _TOLD))


def given_settings(settings_file: str | None, overrides: list[str]) -> "Settings":
    """The settings of a run: what its form says, over the worker's environment.

    Args:
        settings_file: a TOML file that the worker can read.
        overrides: settings, each as `name=value`; they go before the file.

    Raises:
        InputError: the file, or a setting, cannot be used; or another catalog than that of the worker is named, whose
            rows nobody would find.
    """
    from flows.setting_faults import faults_of, read_toml
    from flows.settings import Settings

    values: dict[str, Any] = {}
    if settings_file:
        values = read_toml(settings_file, settings_file)
    for override in overrides:
        name, _, text = override.partition("=")
        place = values
        *folders, last = name.strip().split(".")
        for folder in folders:
            place = place.setdefault(folder, {})
            if not isinstance(place, dict):
                raise InputError(override, f"{folder} is no group of settings", "see flows/settings.py")
        place[last] = _value(text.strip())
    served = os.environ.get("TANGO_CATALOG")
    if served and values.get("catalog", served) != served:
        fault = f"is another catalog than the one that is served ({served})"
        raise InputError(f"catalog = {values['catalog']}", fault, "leave it out, or `tango serve --catalog` that one")
    try:
        return Settings(**values)
    except ValidationError as error:
        raise faults_of(error) from None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
