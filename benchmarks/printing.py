"""How a benchmark prints: a heading that says what, how and on what machine was measured, and tables that fit."""

import shlex
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.machine import describe

T = TypeVar("T")


def heading(title: str, module_doc: str | None, name: str) -> None:
    """Print the title, the docstring of the module `benchmarks.<name>`, and its command, machine, date and commit. Of
    paths that begin at the root only the last part: the others say something of one machine alone."""
    given = [Path(argument).name if Path(argument).is_absolute() else argument for argument in sys.argv[1:]]
    command = shlex.join(["python", "-m", f"benchmarks.{name}", *given])
    print(f"## {title}\n\n{(module_doc or '').strip()}\n\n`{command}`. {describe()}.\n", flush=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table and an empty line. A `|` within a cell is escaped.

    Raises:
        ValueError: a row has more or fewer cells than there are columns; nothing is printed.
    """
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"{len(row)} cells under {len(columns)} columns: {list(row)} under {list(columns)}")
    lines = [_line(columns), "|" + "---|" * len(columns), *map(_line, rows)]
    print("\n".join(lines) + "\n", flush=True)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def spread(values: Sequence[float]) -> str:
    """Mean (least to most)."""
    return f"{statistics.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def median_seconds(work: Callable[[], T], runs: int) -> tuple[float, T]:
    """Median wall time of some runs, and what the last one returned."""
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), result
