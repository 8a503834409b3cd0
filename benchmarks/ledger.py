"""What it costs to note a unit's end, at the first and at the last of many.

One process finishes the units of one stage through the catalog as a run does: every twentieth fails at first and is
finished after that. The units have no data rows, so that only the ledger is measured.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.printing import heading, table
from data_catalog import Catalog, Unit

_ENDS = 100  # units at either end that are compared
_FAILS = 20
_WANTED = 1.5


def write_units(catalog: Catalog, units: int) -> list[float]:
    """Seconds of each unit's note, in the order of writing."""
    seconds = []
    for index in range(units):
        read = f"input{index}"
        unit = Unit("interpolate_seams", f"seam{index:06d}", f"seam {index}", "1", "settings", input_hash=read)
        start = time.perf_counter()
        if index % _FAILS == _FAILS - 1:
            catalog.fail(unit, "the first attempt fails", run_id="run", seconds=0.5)
        fields = {"pictures": f"{index:032x}"}
        catalog.finish(unit, n_rows=1, run_id="run", seconds=0.5, fields=fields)
        seconds.append(time.perf_counter() - start)
    return seconds


def files_of(catalog: Path) -> tuple[int, float]:
    """Files of the ledger's table, and their MB."""
    files = [path for path in (catalog / "units.lance").rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=10_000)
    units = parser.parse_args().units
    heading("The ledger", __doc__, "ledger")
    with tempfile.TemporaryDirectory(prefix="tango-benchmark-") as folder:
        start = time.perf_counter()
        seconds = write_units(Catalog(folder), units)
        took = time.perf_counter() - start
        files, size = files_of(Path(folder))
        rows = Catalog(folder).table("units").count()
    if rows != units:
        raise SystemExit(f"{rows} units in the ledger, {units} were written")
    ends = min(_ENDS, units // 2)
    first, last = statistics.median(seconds[:ends]), statistics.median(seconds[-ends:])
    print(f"Wanted: the last {ends} at most {_WANTED} times the first {ends}.\n")
    columns = [f"median of the first {ends}, ms", f"of the last {ends}, ms", "ratio", "slowest, ms", "all, s"]
    values = [f"{1e3 * first:.1f}", f"{1e3 * last:.1f}", f"{last / first:.2f}", f"{1e3 * max(seconds):.0f}"]
    table(["units", *columns, "files left", "MB"], [[f"{units}", *values, f"{took:.0f}", f"{files}", f"{size:.1f}"]])


if __name__ == "__main__":
    main()
