"""What a form takes: kinds of parameters, and the settings of one run."""

import functools
import json
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

from prefect import get_run_logger
from prefect.states import Failed
from pydantic import Field

from flows.outcome import FlowIncomplete
from flows.traces import IN_THE_LOG
from tango_models.errors import InputError
from tasks.runtime.faults import describe, is_foreseen, trace_of

if TYPE_CHECKING:
    from flows.configuration.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

AvatarName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^./\\\s][^/\\]*$")]
"""Refused by the server already: what could be a path. `check_avatar_name` has the whole rule."""
SceneName = Annotated[str, Field(min_length=1, max_length=200)]
TagName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
WholePath = Annotated[str, Field(min_length=1, pattern=r"^(/|~|[A-Za-z][A-Za-z0-9+.-]+://).*")]
"""A run is in a folder of the worker's, so a relative path would mean something else than was meant."""
_KEYS = "storage_options"
Override = Annotated[
    str,
    Field(
        pattern=r"^\s*[a-z_0-9]+(\.[a-z_0-9]+)*\s*=.*$", json_schema_extra={"not": {"pattern": rf"^\s*{_KEYS}\s*[.=]"}}
    ),
]
"""`name=value`, e.g. `stages.render_video.crf=16`. Keys are refused by the server: it would keep and show them."""


def told(run: Callable[P, T]) -> Callable[P, T]:
    """Of a flow: what ends it does so as a failed state that says it. Raised, it would stand inside the stack traces of
    everything that it passes through. The trace of what nobody foresaw is in the run's log."""

    at = run.__name__.replace("_", "-")

    @functools.wraps(run)
    def ended(*given: P.args, **named: P.kwargs) -> T:
        logging.getLogger("prefect.flow_runs").addFilter(_says_more)  # once, however often it is added
        try:
            return run(*given, **named)
        except Exception as error:
            if not _needs_no_trace(error):
                get_run_logger().error(trace_of(error))
            said = str(error) if isinstance(error, FlowIncomplete) else describe(error, "the catalog", at, IN_THE_LOG)
            return Failed(message=said, data=error)  # type: ignore[return-value]  # Prefect takes it as the end

    return ended


def _says_more(record: logging.LogRecord) -> bool:
    """Not so the trace that Prefect's engine logs of a failed run once more, after the line that says it."""
    error = record.exc_info[1] if record.exc_info else None
    return error is None or not _needs_no_trace(error)


def _needs_no_trace(error: BaseException) -> bool:
    return isinstance(error, FlowIncomplete) or is_foreseen(error)


def given_settings(settings_file: str | None, overrides: list[str]) -> "Settings":
    """The settings of a run: what its form says, over the worker's environment.

    Args:
        settings_file: a TOML file that the worker can read.
        overrides: settings, each as `name=value`; they go before the file.

    Raises:
        InputError: the file, or a setting, cannot be used; or another catalog than that of the worker is named, whose
            rows nobody would find; or the worker's is another than the deployment's.
    """
    from flows.configuration.setting_names import DEPLOYED_VARIABLE, check_names
    from flows.configuration.settings import load_settings, read_settings_file, setting_names

    values = read_settings_file(settings_file) if settings_file else {}
    for override in overrides:
        name, _, text = override.partition("=")
        *folders, last = name.strip().split(".")
        if _KEYS in (*folders, last):
            remedy = "set it in the worker's environment, or in the file of settings"
            raise InputError(_KEYS, "is no override: everybody who sees the run would see the keys", remedy)
        given: Any = {last: _value(text.strip())}
        for folder in reversed(folders):
            given = {folder: given}
        check_names(setting_names(), given)
        place = values
        for folder in folders:
            place = place.setdefault(folder, {})
            if not isinstance(place, dict):
                raise InputError(override, f"{folder} was given a value as a whole", "give one of the two")
        place[last] = _value(text.strip())
    served = os.environ.get("TANGO_CATALOG")
    deployed = os.environ.get(DEPLOYED_VARIABLE)
    if served and deployed and served != deployed:
        fault = f"is not the one that this deployment is for ({deployed})"
        raise InputError(f"the worker's catalog {served}", fault, "give each catalog a pool of its own with TANGO_POOL")
    if served and values.get("catalog", served) != served:
        fault = f"is another catalog than the one that is served ({served})"
        raise InputError(f"catalog = {values['catalog']}", fault, "leave it out, or `tango serve --catalog` that one")
    return load_settings(**values)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
