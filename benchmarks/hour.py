"""An hour of speech on 13 s of footage: memory of the largest process, the report's size, and what was made.

The speech is a minute with pauses, again and again, or the synthetic speaker's speech where that is missing.
"""

import argparse
from pathlib import Path

from benchmarks import footage
from benchmarks.commands import Workplace, workplace
from benchmarks.memory import MemorySampler
from benchmarks.printing import heading, table

_MEMORY, _PAGE = 1.2, 20  # GB and MB, at most


def rows(catalog: Path, video: Path, wall: float, sampler: MemorySampler) -> list[list[str]]:
    """Figures of the one render in a catalog."""
    from data_catalog import Catalog

    render = Catalog(catalog).table("renders").read().to_pylist()[-1]
    path = next(p for p in Catalog(catalog).table("paths").read().to_pylist() if p["path_id"] == render["path_id"])
    kinds = sampler.by_kind()
    largest = max(kinds, key=kinds.__getitem__)
    page = Path(render["report_uri"]).stat().st_size / 1e6
    return [
        ["largest process, GB", f"{kinds[largest] / 1e3:.2f} ({largest})", f"{_MEMORY}"],
        ["report page, MB", f"{page:.1f}", f"{_PAGE}"],
        ["frames", f"{len(render['source_frame'])}", "–"],
        ["seams", f"{len(path['seams'])}", "–"],
        ["wall time, s", f"{wall:.0f}", "–"],
        ["video, MB", f"{video.stat().st_size / 1e6:.0f}", "–"],
        *([f"{kind}, largest, GB", f"{peak / 1e3:.2f}", "–"] for kind, peak in sorted(kinds.items())),
    ]


def measure(place: Workplace, minutes: float, seconds: float, side: int | None) -> list[list[str]]:
    """Onboard and reenact; the rows of the table."""
    catalog, target = place.folder / "catalog", place.folder / "hour.mp4"
    sources = footage.speaker_videos()
    video = footage.make_video(sources, place.folder / "speaker.mp4", seconds, side=side)
    speech = footage.cut_speech(footage.long_speech(), place.folder / "speech.wav", minutes * 60)
    place.tango("onboard", "speaker", video, catalog=catalog)
    sampler = MemorySampler()
    wall = place.tango("reenact", "speaker", speech, "--out", target, catalog=catalog, watch=sampler.watch)
    sampler.stop()
    return rows(catalog, target, wall, sampler)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="of speech")
    parser.add_argument("--seconds", type=float, default=13.0, help="of footage")
    parser.add_argument("--side", type=int, help="scale the footage to a square of so many pixels; without it 768")
    given = parser.parse_args()
    heading("An hour of speech", __doc__, "hour")
    with workplace() as place:
        found = measure(place, given.minutes, given.seconds, given.side)
    print(f"{given.minutes:g} minutes of speech, {given.seconds:g} s of footage, {given.side or 768} px. Peak resident")
    print("memory of every process below the command (workers of Ray too), sampled as in `benchmarks.memory`.\n")
    table(["", "measured", "wanted at most"], found)


if __name__ == "__main__":
    main()
