"""What `tango status` prints of all avatars."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from flows.command_line.reporting import CONSOLE, print_failed, read_settings, reported
from flows.server import environment

if TYPE_CHECKING:
    from pydantic import BaseModel

    from flows.fleet.summary import AvatarSummary, PendingUnit

_COLOURS = {"failed": "red", "stale": "yellow", "pending": "cyan", "running": "blue", "complete": "green"}
_COUNTS = ("videos", "done", "failed", "stale", "pending", "running")
_FEW = 50
"""Avatars up to which those that are complete have a line each too."""


def summary(*, failed: bool, stale: bool, stages: list[str], units: bool, as_json: bool, catalog: str | None) -> None:
    """All avatars in a line each, or with `units` every unit that is not done."""
    with reported("status"), environment.quiet():
        from flows.fleet.summary import State, pending_units, summarise
        from tango_models.errors import InputError
        from tasks.runtime.registry import ONBOARDING

        if unknown := sorted(set(stages) - set(ONBOARDING)):
            raise InputError(f"--stage {unknown[0]}", "is no stage of the onboarding", f"name {', '.join(ONBOARDING)}")
        states = [state for state, wanted in ((State.failed, failed), (State.stale, stale)) if wanted]
        settings = read_settings(catalog)
        if units:
            pending = pending_units(settings, states=states, stages=stages)
            _print_json(pending) if as_json else _print_units(pending)
        else:
            found = summarise(settings, states=states, stages=stages)
            _print_json(found) if as_json else _print_avatars(found, settings.catalog, chosen=bool(states or stages))


def failed_units(*, stages: list[str], as_json: bool, catalog: str | None) -> None:
    """Every unit that failed, with its trace."""
    with reported("status"), environment.quiet():
        from data_catalog import Catalog
        from flows.failures import failed_units as find
        from tango_models.errors import InputError
        from tasks.runtime.registry import STAGES

        if unknown := sorted(set(stages) - set(STAGES)):
            raise InputError(f"--stage {unknown[0]}", "is no stage", f"name {', '.join(STAGES)}")
        settings = read_settings(catalog)
        found = find(Catalog(settings.catalog, settings.storage_options), stages)
        if as_json:
            _print_json(found)
        elif found:
            print_failed(found)
        else:
            CONSOLE.print("Nothing failed.")


def _print_json(found: "Sequence[BaseModel]") -> None:
    print(json.dumps([entry.model_dump(mode="json") for entry in found], indent=2))


def _print_avatars(found: "Sequence[AvatarSummary]", catalog: str, *, chosen: bool) -> None:
    if not found:
        empty = f"The catalog is empty; `tango onboard AVATAR VIDEO...` fills it. ({catalog})"
        CONSOLE.print("No avatar stands so." if chosen else empty, soft_wrap=True, markup=False)
        return
    shown = [entry for entry in found if len(found) <= _FEW or entry.state.value != "complete"]
    width = max([cell_len(entry.avatar) for entry in shown] + [len("avatar")])
    heads = "".join(f"  {name:>7}" for name in _COUNTS)
    parts: list[str | tuple[str, str]] = [(f"{'avatar':{width}}  {'state':8}{heads}\n", "bold")] if shown else []
    for entry in shown:
        colour = _COLOURS[entry.state]
        counts = "".join(f"  {getattr(entry, name) or '·':>7}" for name in _COUNTS)
        parts += [entry.avatar + " " * (width - cell_len(entry.avatar) + 2), (f"{entry.state.value:8}", colour)]
        parts += [f"{counts}\n", *((f"  {why}\n", colour) for why in entry.reasons)]
    totals = Counter(entry.state.value for entry in found)
    parts.append(", ".join(f"{totals[state]} {state}" for state in _COLOURS if totals[state]))
    if len(shown) < len(found):
        parts.append(f" (of {len(found)} avatars; `--json` lists the complete ones too)")
    _print(parts)


def _print_units(found: "Sequence[PendingUnit]") -> None:
    parts: list[str | tuple[str, str]] = []
    for unit in found:
        parts += [f"{unit.avatar}  {unit.stage}  ", (unit.state, _COLOURS.get(unit.state, "cyan"))]
        parts.append(f"  {unit.subject}  {unit.unit or '-'}  {unit.why}\n")
    totals = Counter(unit.state for unit in found)
    parts.append(", ".join(f"{count} {state}" for state, count in sorted(totals.items())) or "Nothing is pending.")
    _print(parts)


def _print(parts: "Sequence[str | tuple[str, str]]") -> None:
    """All at once: line by line takes as long as everything before it."""
    CONSOLE.print(Text.assemble(*parts), soft_wrap=True)
