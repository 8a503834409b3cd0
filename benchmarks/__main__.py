"""All benchmarks, or those named: `python -m benchmarks [--write] [onboarding] [memory] …`.

Each runs in a process of its own. With --write what it prints becomes its section of RESULTS.md, if it succeeds.
"""

import argparse
import subprocess
import sys

from benchmarks.results import NAMES, WHEN_NAMED, write_section


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--write", action="store_true", help="replace the sections of RESULTS.md")
    given = parser.parse_args()
    failed = []
    for name in given.names or [name for name in NAMES if name not in WHEN_NAMED]:
        code, printed = _run(name)
        if code:
            failed.append(name)
        elif given.write:
            write_section(name, printed)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _run(name: str) -> tuple[int, str]:
    """Exit code and standard output of a benchmark, which is shown as it comes."""
    # A new process for each: one's imports and caches are not measured in the other.
    with subprocess.Popen([sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    return process.returncode, "".join(lines)


if __name__ == "__main__":
    main()
