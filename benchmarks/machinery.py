"""The fleet's machinery alone, over few videos and over many: how much memory the processes of a run take, and what a
unit costs that costs nothing. The stages only wait, and for no time (`benchmarks.artificial`)."""

import argparse
from pathlib import Path

from benchmarks import footage
from benchmarks.artificial import make_dataset, preprocess
from benchmarks.commands import Workplace, stage_times, workplace
from benchmarks.memory import MemorySampler
from benchmarks.printing import heading, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, nargs=2, default=[60, 600], help="few and many")
    given = parser.parse_args()
    heading("The fleet's machinery alone", __doc__, "machinery")
    with workplace() as place:
        video = footage.make_video([footage.synthetic_speaker()], place.folder / "video.mp4", 0.5)
        few, many = (_measured(place, video, count) for count in given.videos)
    print("Memory of the largest process of each kind. Wanted: within 10 %.\n")
    kinds = sorted(set(few) | set(many), key=lambda kind: (kind.endswith("MB"), -many.get(kind, 0.0)))
    rows = [[kind, *(f"{found[kind]:.0f}" if kind in found else "" for found in (few, many))] for kind in kinds]
    for kind, row in zip(kinds, rows, strict=True):
        row.append(f"{many[kind] / few[kind]:.2f}" if few.get(kind) and kind in many else "")
    table(["", *(f"{count} videos" for count in given.videos), "ratio"], rows)


def _measured(place: Workplace, video: Path, count: int) -> dict[str, float]:
    """By what it is: MB of processes, seconds, ms of a unit."""
    dataset, catalog, sampler = place.folder / f"d{count}", place.folder / f"c{count}", MemorySampler()
    make_dataset(dataset, count, video)
    seconds = preprocess(place, dataset, catalog, watch=sampler.watch)
    sampler.stop()
    found = stage_times(catalog)
    units = sum(stage.units for stage in found)
    computing = max(stage.ended for stage in found) - min(stage.began for stage in found)
    figures = {"whole command, s": seconds, "units": units, "first unit to last, ms a unit": 1000 * computing / units}
    return {f"{kind}, MB": size for kind, size in sampler.by_kind().items()} | figures


if __name__ == "__main__":
    main()
