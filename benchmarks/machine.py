"""What the figures were measured on."""

import os
import platform
from datetime import date
from pathlib import Path


def describe() -> str:
    """One line: processor, cores, memory, Python, date."""
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, {date.today().isoformat()}"
    )


def heading(title: str, command: str) -> None:
    """Print a benchmark's title, its machine and the command that prints it."""
    print(f"## {title}\n\n{describe()}. `{command}`\n", flush=True)


def table(columns: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
