"""What is wrong with the values of settings: a line that names the variable or the file, and what to write."""

import dataclasses
import json
import math
import os
import tomllib
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from flows.configuration.bounds import LARGEST_INTEGER
from flows.configuration.setting_names import FILE_VARIABLE, PREFIX, SEPARATOR, variable
from tango_models.errors import InputError

_WITH_KEYS = "storage_options"
_LONGEST = 100
_EXAMPLES = {_WITH_KEYS: '\'{"aws_region": "eu-west-1"}\''}


def check_json(tree: type[BaseModel], environment: Mapping[str, str]) -> None:
    """Refuse variables of settings that are groups, tables or lists and hold no JSON. Values are not repeated: they may
    be keys.

    Raises:
        InputError: naming the variable.
    """
    parsed = _all_parsed(tree)
    for name, text in sorted(environment.items()):
        setting = name[len(PREFIX) :].lower().replace(SEPARATOR, ".")
        if not name.upper().startswith(PREFIX) or setting not in parsed:
            continue
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "too deep"
            inner = f", or set what is in it one by one: {name}{SEPARATOR}…"
            remedy = f"write it as {_EXAMPLES.get(setting, 'JSON')}{inner}"
            raise InputError(name, f"is no JSON ({why})", remedy) from None


@cache
def _all_parsed(tree: type[BaseModel]) -> frozenset[str]:
    return frozenset(_parsed(tree))


def _parsed(kind: Any, name: str = "") -> Iterator[str]:
    """The dotted names of all settings under one that are read as JSON: groups, tables and lists."""
    if name and typing.get_origin(kind) in (dict, list, tuple, set):
        yield name
    for part in (kind, *typing.get_args(kind)):
        if isinstance(part, type) and (issubclass(part, BaseModel) or dataclasses.is_dataclass(part)):
            if name:
                yield name
            for inner, inner_kind in typing.get_type_hints(part).items():
                yield from _parsed(inner_kind, f"{name}.{inner}".lstrip("."))


def read_toml(place: str, subject: str) -> dict[str, Any]:
    """What a TOML file says.

    Args:
        subject: how it is called, if it cannot be read.

    Raises:
        InputError: there is none, or it is no TOML.
    """
    path = Path(os.path.expanduser(place))
    if not os.path.isfile(path):
        fault = "is a folder" if os.path.isdir(path) else "no such file"
        raise InputError(subject, fault, "name an existing TOML file, or none")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(subject, f"cannot be read ({error.strerror})", "change its permissions") from None
    except (ValueError, RecursionError) as error:
        raise InputError(subject, f"is no TOML ({_why(error)})", 'correct it; a line is NAME = "VALUE"') from None


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8, at byte {error.start}"
    return "too deep" if isinstance(error, RecursionError) else " ".join(str(error).split())


def check_finite(values: Mapping[str, Any], before: str = "") -> None:
    """Refuse numbers that are none, or have no end, or are whole and beyond 64 bits: Prefect keeps none of them.

    Args:
        values: nested settings; before: where they stand.

    Raises:
        InputError: naming the setting.
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            check_finite(value, f"{before}{name}.")
        elif isinstance(value, float) and not math.isfinite(value):
            whole = f"{before}{name}"
            raise InputError(f"setting {whole} = {value}", "is no number that ends", f"{_set_by(whole)} sets it")
        elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            whole = f"{before}{name}"
            fault = f"is out of bounds, which are ±{LARGEST_INTEGER}"
            raise InputError(f"setting {whole} = {str(value)[:20]}…", fault, f"{_set_by(whole)} sets it")


def faults_of(error: ValidationError) -> InputError:
    """What pydantic found, in one line that names each setting, its value, and what sets it."""
    first, *others = map(_fault, error.errors())
    return InputError(first.subject, first.fault, "; ".join([first.remedy, *map(str, others)]))


def _fault(fault: Any) -> InputError:
    cause = (fault.get("ctx") or {}).get("error")
    if isinstance(cause, InputError):
        return cause
    name = ".".join(str(part) for part in fault["loc"])
    text = " ".join(fault["msg"].removeprefix("Value error, ").split())
    if not name:
        subject, _, text = text.rpartition(": ")
        return InputError(subject or "the settings", *text.partition("; ")[::2])
    given = "" if name.partition(".")[0] == _WITH_KEYS else f" = {fault['input']!r:.{_LONGEST}}"
    return InputError(f"setting {name}{given}", text, f"{_set_by(name)} sets it")


def _set_by(name: str) -> str:
    """The variable, or one of a group it belongs to, or the file."""
    there = {known.upper() for known in os.environ}
    parts = name.split(".")
    names = [variable(".".join(parts[:depth])) for depth in range(len(parts), 0, -1)]
    found = next((known for known in names if known in there), None)
    place = os.environ.get(FILE_VARIABLE)
    return found or (f"{names[0]}, or {place} ({FILE_VARIABLE})," if place else names[0])
