"""Names of settings: one that does not exist is refused, with the nearest that does."""

import dataclasses
import difflib
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

PREFIX, SEPARATOR = "TANGO_", "__"
FILE_VARIABLE = "TANGO_SETTINGS"
_NO_SETTINGS = {FILE_VARIABLE, "TANGO_FOOTAGE"}  # the second: of tests and benchmarks


def check_names(tree: type[BaseModel], values: Any, *, keys: Mapping[str, Sequence[str]]) -> None:
    """Refuse names in nested dictionaries that are no setting of the tree.

    Args:
        keys: by setting whose value is a dictionary, the keys that it may have.

    Raises:
        ValueError: naming the setting and the nearest one.
    """
    if not isinstance(values, Mapping):
        return
    known = sorted(setting_names(tree))
    for name in _given(values):
        if name in known or any(other.startswith(f"{name}.") for other in known):
            continue
        owner = next((other for other in known if name.startswith(f"{other}.")), "")
        if owner not in keys:
            if not owner:
                raise ValueError(_message(name, known))
            continue  # a dictionary of the user's own names
        key = name.removeprefix(f"{owner}.").split(".")[0]
        if key not in keys[owner]:
            raise ValueError(_message(f"{owner}.{key}", [f"{owner}.{other}" for other in keys[owner]]))


def check_environment(tree: type[BaseModel], environment: Mapping[str, str]) -> None:
    """Refuse variables that begin as those of settings do and belong to none.

    Raises:
        ValueError: naming the variable and the nearest one.
    """
    top = list(tree.model_fields)
    for variable in environment:
        if not variable.upper().startswith(PREFIX) or variable.upper() in _NO_SETTINGS:
            continue
        name = variable[len(PREFIX) :].lower().replace(SEPARATOR, ".")
        if name.split(".")[0] not in top:
            raise ValueError(_message(name, sorted(setting_names(tree))))


def setting_names(tree: Any, before: str = "") -> Iterator[str]:
    """The dotted names of all leaves of a tree of models."""
    for name, kind in _fields(tree):
        inner = next((part for part in (kind, *typing.get_args(kind)) if _is_tree(part)), None)
        if inner is not None and typing.get_origin(kind) is not dict:
            yield from setting_names(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.replace(".", SEPARATOR).upper()


def _given(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _given(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def _is_tree(kind: Any) -> bool:
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind))


def _fields(tree: Any) -> Iterator[tuple[str, Any]]:
    if issubclass(tree, BaseModel):
        yield from ((name, field.annotation) for name, field in tree.model_fields.items())
    else:
        hints = typing.get_type_hints(tree)
        yield from ((field.name, hints[field.name]) for field in dataclasses.fields(tree))


def _message(name: str, known: Sequence[str]) -> str:
    same = [other for other in known if other.split(".")[-1] == name.split(".")[-1]]
    near = difflib.get_close_matches(name, same or known, n=1, cutoff=0.0 if same else 0.4)
    remedy = f"did you mean {near[0]} ({variable(near[0])})?" if near else f"settings are: {', '.join(known)}"
    return f"{name} ({variable(name)}): is no setting; {remedy}"
