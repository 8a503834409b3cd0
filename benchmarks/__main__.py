"""All benchmarks, or those named: `python -m benchmarks [onboarding] [memory] …`. Each in a process of its own."""

import argparse
import subprocess
import sys

NAMES = (
    *("onboarding", "memory", "noop", "reenact", "search", "real_search", "edges", "calibration", "fit"),
    *("seams", "embedding", "comparison"),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=", ".join(NAMES))
    failed = []
    for name in parser.parse_args().names or NAMES:
        # A new process for each: one's imports and caches are not measured in the other.
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
