"""Onboarding again with nothing changed: rows computed, and seconds beyond those of a flow that does nothing."""

import argparse
import statistics
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import footage
from benchmarks.commands import stage_times, workplace
from benchmarks.printing import heading, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the video")
    parser.add_argument("--motion", type=Path, help="import this motion instead of fitting")
    arguments = parser.parse_args()
    heading("Onboarding again with nothing changed", __doc__, "noop")
    with workplace() as place:
        video = footage.make_video([footage.synthetic_speaker()], place.folder / "video.mp4", arguments.seconds)
        catalog = place.folder / "catalog"
        motion = ["--motion", str(arguments.motion)] if arguments.motion else []
        place.tango("onboard", "speaker", video, *motion, catalog=catalog)
        onboarded = datetime.now(UTC)
        starting, again = [], []
        for _ in range(arguments.runs):  # in turn, so that both see the same machine
            starting.append(place.trivial_flow())
            again.append(place.tango("onboard", "speaker", video, *motion, catalog=catalog))
        units = sum(stage.units for stage in stage_times(catalog))
        rows = rows_since(catalog, onboarded)
    print(f"{units} units in the ledger, median of {arguments.runs} runs. Wanted: 0 rows computed, at most 5 s more.\n")
    a, b = statistics.median(starting), statistics.median(again)
    table(
        ["rows computed", "a flow that does nothing, s", "`tango onboard` again, s", "difference, s"],
        [[str(rows), f"{a:.1f}", f"{b:.1f}", f"{b - a:.1f}"]],
    )


def rows_since(catalog: Path, moment: datetime) -> int:
    """Rows of any table that were written after a moment."""
    from data_catalog import Catalog
    from data_catalog.tables.schemas import TABLES

    found = 0
    for name, spec in TABLES.items():
        for column in {"produced_at", "added_at"} & set(spec.schema.names):
            times = Catalog(catalog).table(name).read([column])[column].to_pylist()
            found += sum(time > moment for time in times)
    return found


if __name__ == "__main__":
    main()
