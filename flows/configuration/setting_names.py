"""Names of settings: one that does not exist is refused, with the nearest that does."""

import dataclasses
import difflib
import json
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from tango_models.errors import InputError

PREFIX, SEPARATOR = "TANGO_", "__"
FILE_VARIABLE = "TANGO_SETTINGS"
DEPLOYED_VARIABLE = "TANGO_DEPLOYED_CATALOG"
"""Of a deployed run: the catalog that its deployment is for."""
_NO_SETTINGS = {FILE_VARIABLE, DEPLOYED_VARIABLE, "TANGO_FOOTAGE"}  # the last: of tests and benchmarks
_TYPING_ERRORS = 2

Names = dict[str, "Names | None"]
"""Of a tree of settings: by name those below it; None for a leaf."""


class _OwnNames(dict):
    """Below a setting whose value is a dictionary of the user's own names."""


def names_of(kind: Any, keys: Mapping[str, Sequence[str]], name: str = "") -> Names | None:
    """The names in a tree of models.

    Args:
        keys: by the dotted name of a setting whose value is a dictionary, the keys that it may have; where it does not
            stand here they are the user's own.
    """
    if typing.get_origin(kind) is dict:
        if name not in keys:
            return _OwnNames()
        inside = typing.get_args(kind)[1]
        return {key: names_of(inside, keys, f"{name}.{key}") for key in keys[name]}
    tree = next((part for part in (kind, *typing.get_args(kind)) if _is_tree(part)), None)
    if tree is None:
        return None
    return {field: names_of(inner, keys, f"{name}.{field}".lstrip(".")) for field, inner in _fields(tree)}


def check_names(names: Names, values: Any) -> None:
    """Refuse names in nested dictionaries that are no setting.

    Raises:
        InputError: naming the setting and the nearest one.
    """
    if isinstance(values, Mapping) and (unknown := _unknown(names, values)):
        raise InputError(f"{unknown} ({variable(unknown)})", "is no setting", _remedy(unknown, names))


def check_environment(names: Names, environment: Mapping[str, str]) -> None:
    """Refuse variables that begin as those of settings do and belong to none, or hold what does not.

    Raises:
        InputError: naming the variable, and the nearest one where it is no setting.
    """
    for given, text in environment.items():
        if not given.upper().startswith(PREFIX) or given.upper() in _NO_SETTINGS:
            continue
        parts = given[len(PREFIX) :].lower().split(SEPARATOR)
        below: Names | None = names
        for part in parts:
            below = below.get(part) if below else None
        value = text if below is None else _group(given, text)
        for part in reversed(parts):
            value = {part: value}
        check_names(names, value)


def leaves(names: Names, before: str = "") -> Iterator[str]:
    """The dotted names of all settings."""
    for name, below in names.items():
        if below is None or isinstance(below, _OwnNames):
            yield f"{before}{name}"
        else:
            yield from leaves(below, f"{before}{name}.")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.replace(".", SEPARATOR).upper()


def _group(given: str, text: str) -> Any:
    """What a variable says of a group of settings at once, which is JSON (`setting_faults.check_json`)."""
    value = json.loads(text)
    if not isinstance(value, dict):
        remedy = f'write for example {{"NAME": VALUE}}, or set {given}{SEPARATOR}NAME'
        raise InputError(given, "is a group of settings, and no JSON object", remedy)  # it may hold keys
    return value


def _unknown(names: Names, values: Mapping[str, Any], before: str = "") -> str:
    """The dotted name of the first of the values that is no setting; "" where all are."""
    for name, value in values.items():
        here, below = f"{before}{name}", names.get(name)
        if name not in names or (below is None and isinstance(value, Mapping)):
            while isinstance(value, Mapping) and value:
                inner, value = next(iter(value.items()))
                here += f".{inner}"
            return here
        if below is None or isinstance(below, _OwnNames) or not isinstance(value, Mapping):
            continue
        if found := _unknown(below, value, f"{here}."):
            return found
    return ""


def _remedy(name: str, names: Names) -> str:
    near = _nearest(name, sorted({*leaves(names), *_groups(names)}))
    if near and not (near in _groups(names) and name.startswith(f"{near}.")):
        return f"did you mean {near} ({variable(near)})?"
    return f"settings {_siblings(name, names)}"


def _siblings(name: str, names: Names) -> str:
    """What there is in the innermost group that a name is right about, groups without their members."""
    group: list[str] = []
    for part in name.split("."):
        below = names.get(part)
        if below is None or isinstance(below, _OwnNames):
            break
        group.append(part)
        names = below
    where = f"of {'.'.join(group)} are" if group else "are"
    return f"{where}: {', '.join(key if below is None else f'{key}.…' for key, below in sorted(names.items()))}"


def _nearest(name: str, known: Sequence[str]) -> str:
    """What is meant: a name that is typed almost so, one of the same last part elsewhere, or what is most like it."""
    close = [other for other in known if abs(len(other) - len(name)) <= _TYPING_ERRORS]
    distance, near = min(((_distance(name, other), other) for other in close), default=(len(name), ""))
    if distance <= _TYPING_ERRORS:
        return near
    same = [other for other in known if other.split(".")[-1] == name.split(".")[-1]]
    return next(iter(difflib.get_close_matches(name, same or known, n=1, cutoff=0.0 if same else 0.4)), "")


def _distance(first: str, second: str) -> int:
    """Letters that are put in, left out, changed or exchanged with their neighbour (optimal string alignment)."""
    while first and first[0] == second[:1]:
        first, second = first[1:], second[1:]
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(second, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                row[-1] = min(row[-1], earlier[j - 2] + 1)
    return row[-1]


def _groups(names: Names, before: str = "") -> Iterator[str]:
    for name, below in names.items():
        if below is not None:
            yield f"{before}{name}"
            yield from _groups(below, f"{before}{name}.")


def _is_tree(kind: Any) -> bool:
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind))


def _fields(tree: Any) -> Iterator[tuple[str, Any]]:
    if issubclass(tree, BaseModel):
        yield from ((name, field.annotation) for name, field in tree.model_fields.items())
    else:
        hints = typing.get_type_hints(tree)
        yield from ((field.name, hints[field.name]) for field in dataclasses.fields(tree))
