"""RESULTS.md: a fixed preamble and one section for each benchmark, which is what its command printed and nothing else.

A section stands between `<!-- benchmarks.NAME -->` and `<!-- /benchmarks.NAME -->`.
"""

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
NAMES = (
    *("onboarding", "memory", "noop", "fleet", "status", "reenact", "hour", "ledger", "search", "real_search", "edges"),
    *("cuts", "calibration", "seams", "fit", "embedding", "retrieval", "comparison", "acinterp_gpu", "chaos"),
)
"""The benchmarks, in the order of their sections."""
WHEN_NAMED = ("acinterp_gpu", "chaos")
"""Those that run only when they are named: on a GPU, or for more than half an hour."""
PREAMBLE = """# Results

Written by `python -m benchmarks --write NAME…`: every section is what its command printed, on the machine, the day and
the commit it names. Nothing here is written by hand; what a benchmark measures, and why, is said in its module. A
section headed *of an earlier commit* has not been run since the file is generated: its text is the old one, and it
goes when the benchmark is run.
"""
_SECTION = re.compile(r"<!-- benchmarks\.(\w+) -->\n(.*?)<!-- /benchmarks\.\1 -->\n", re.DOTALL)


def read_sections(text: str) -> dict[str, str]:
    """The sections of a results file by name.

    Raises:
        ValueError: there is other text than the preamble and sections, or a section twice.
    """
    if not text.startswith(PREAMBLE):
        raise ValueError("RESULTS.md does not begin with the preamble of benchmarks/results.py")
    found = _SECTION.findall(text)
    if outside := _SECTION.sub("", text.removeprefix(PREAMBLE)).strip():
        raise ValueError(f"RESULTS.md has text outside of its sections: {outside[:200]!r}")
    if len(dict(found)) != len(found):
        raise ValueError("RESULTS.md has a section twice")
    return dict(found)


def compose(sections: dict[str, str]) -> str:
    """The file of these sections, in the order of NAMES.

    Raises:
        ValueError: a section is of no known benchmark.
    """
    if unknown := sorted(set(sections) - set(NAMES)):
        raise ValueError(f"no such benchmark: {', '.join(unknown)}")
    parts = [f"\n<!-- benchmarks.{n} -->\n{sections[n]}<!-- /benchmarks.{n} -->\n" for n in NAMES if n in sections]
    return PREAMBLE + "".join(parts)


def write_section(name: str, printed: str, path: Path = RESULTS) -> None:
    """Put what a benchmark printed in the place of its section; the other sections stay as they are."""
    sections = read_sections(path.read_text()) if path.exists() else {}
    path.write_text(compose(sections | {name: printed.strip() + "\n"}))
