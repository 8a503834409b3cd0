"""What `tango status` prints of all avatars."""

import json
from collections import Counter

from rich.markup import escape
from rich.table import Table

from flows.command_line.commands import CONSOLE, read_settings, reported
from flows.server import environment

_COLOURS = {"failed": "red", "stale": "yellow", "pending": "cyan", "complete": "green"}


def summary(*, failed: bool, stale: bool, stages: list[str], as_json: bool, catalog: str | None) -> None:
    with reported(), environment.quiet():
        from flows.fleet.summary import State, summarise
        from tango_models.errors import InputError
        from tasks.runtime.registry import ONBOARDING

        if unknown := sorted(set(stages) - set(ONBOARDING)):
            raise InputError(f"--stage {unknown[0]}", "is no stage of the onboarding", f"name {', '.join(ONBOARDING)}")
        states = [state for state, wanted in ((State.failed, failed), (State.stale, stale)) if wanted]
        found = summarise(read_settings(catalog), states=states, stages=stages)
        if as_json:
            print(json.dumps([entry.model_dump(mode="json") for entry in found], indent=2))
            return
        if not found:
            chosen = bool(states or stages)
            empty = "The catalog is empty; `tango onboard AVATAR VIDEO...` fills it."
            CONSOLE.print("No avatar stands so." if chosen else empty)
            return
        table = Table(show_edge=False)
        names = ("avatar", "state", "videos", "done", "stale", "pending", "failed")
        for name in names:
            table.add_column(name, justify="left" if name in ("avatar", "state") else "right")
        for entry in found:
            counts = (entry.videos, entry.done, entry.stale, entry.pending, entry.failed)
            state = f"[{_COLOURS[entry.state]}]{entry.state.value}[/]"
            table.add_row(escape(entry.avatar), state, *(str(count) if count else "·" for count in counts))
        CONSOLE.print(table)
        for entry in found:
            for why in entry.reasons:
                colour = _COLOURS[entry.state]
                CONSOLE.print(f"  [{colour}]{escape(entry.avatar)}[/{colour}] {escape(why)}", soft_wrap=True)
        totals = Counter(entry.state.value for entry in found)
        CONSOLE.print(", ".join(f"{totals[state.value]} {state.value}" for state in State if totals[state.value]))
