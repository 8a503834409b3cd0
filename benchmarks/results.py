"""RESULTS.md: a fixed preamble, a line that names the benchmarks without a section, and one section for each of the
others, which is what its command printed and nothing else.

A section stands between `<!-- benchmarks.NAME -->` and `<!-- /benchmarks.NAME -->`.
"""

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
NAMES = (
    *("onboarding", "memory", "noop", "hopeless", "fleet", "machinery", "made_clips", "nodes", "submit", "status"),
    *("reenact", "hour", "ledger", "search", "real_search", "edges", "cuts", "calibration", "seams", "lips"),
    *("real_lips", "fit", "embedding", "retrieval", "comparison", "interpolators", "acinterp_gpu", "chaos"),
)
"""The benchmarks, in the order of their sections."""
WHEN_NAMED = ("interpolators", "acinterp_gpu", "chaos")
"""Those that run only when they are named: on a GPU, or for more than half an hour."""
PREAMBLE = """# Results

Written by `python -m benchmarks --write NAME…`: every section is what its command printed, on the machine, the day and
the commit it names. Nothing here is written by hand; what a benchmark measures, and why, is said in its module.
"""
_NEVER = re.compile(r"\nNever run with `--write`: .+\.\n")
_MEASURED = r"""
    ^`python\ -m\ benchmarks\.{name}(\ [^`]+)?`\.\ .+,\ \d+\ cores,\ \d+\ GiB,\ Python\ [\d.]+,\ \d{{4}}-\d\d-\d\d,
    \ commit\ [0-9a-f]{{7,40}}(\ with\ changes)?,\ load\ [\d.]+\ at\ the\ start\.$
"""
"""The line of `printing.heading` and `machine.describe`, in a checkout."""
_SECTION = re.compile(r"<!-- benchmarks\.(\w+) -->\n(.*?)<!-- /benchmarks\.\1 -->\n", re.DOTALL)


def read_sections(text: str) -> dict[str, str]:
    """The sections of a results file by name.

    Raises:
        ValueError: there is other text than the preamble and sections, or a section twice.
    """
    if not text.startswith(PREAMBLE):
        raise ValueError("RESULTS.md does not begin with the preamble of benchmarks/results.py")
    rest = text.removeprefix(PREAMBLE)
    if never := _NEVER.match(rest):
        rest = rest[never.end() :]
    found = _SECTION.findall(rest)
    if outside := _SECTION.sub("", rest).strip():
        raise ValueError(f"RESULTS.md has text outside of its sections: {outside[:200]!r}")
    if len(dict(found)) != len(found):
        raise ValueError("RESULTS.md has a section twice")
    return dict(found)


def compose(sections: dict[str, str]) -> str:
    """The file of these sections, in the order of NAMES, with the line that names the others.

    Raises:
        ValueError: a section is of no known benchmark.
    """
    if unknown := sorted(set(sections) - set(NAMES)):
        raise ValueError(f"no such benchmark: {', '.join(unknown)}")
    parts = [f"\n<!-- benchmarks.{n} -->\n{sections[n]}<!-- /benchmarks.{n} -->\n" for n in NAMES if n in sections]
    never = [name for name in NAMES if name not in sections]
    line = f"\nNever run with `--write`: {', '.join(never)}.\n" if never else ""
    return PREAMBLE + line + "".join(parts)


def faults_of(name: str, section: str) -> list[str]:
    """What keeps a text from being a section of that benchmark: its heading, the line that says what was run when and
    where, and tables whose rows have a cell for each column."""
    faults = []
    heading, _, body = section.partition("\n")
    if not heading.startswith("## "):
        faults.append(f"it begins with {heading[:80]!r}, not with a heading")
    if not re.search(_MEASURED.format(name=name), body, re.VERBOSE | re.MULTILINE):
        faults.append("it does not say with which command, on what machine, on which day and of which commit")
    tables = re.findall(r"(?:^\|.*\n)+", body, re.MULTILINE)
    if not tables:
        faults.append("it has no table")
    for rows in map(str.splitlines, tables):
        columns = _cells(rows[0])
        if len(rows) < 3 or rows[1] != "|" + "---|" * columns:
            faults.append(f"a table without a line below its {columns} columns, or without a row: {rows[0]}")
        faults += [f"{_cells(row)} cells under {columns} columns: {row}" for row in rows[2:] if _cells(row) != columns]
    return faults


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def write_section(name: str, printed: str, path: Path = RESULTS) -> None:
    """Put what a benchmark printed in the place of its section; the other sections stay as they are.

    Raises:
        ValueError: there is no such benchmark, or what was printed is no section.
    """
    sections, section = read_sections(path.read_text()) if path.exists() else {}, printed.strip() + "\n"
    text = compose(sections | {name: section})
    if faults := faults_of(name, section):
        raise ValueError(f"what benchmarks.{name} printed is no section: {'; '.join(faults)}")
    path.write_text(text)
