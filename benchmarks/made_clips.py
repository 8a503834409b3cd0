"""What the machinery costs a clip: the whole onboarding with models that do nothing.

The workers compute nothing and write, of every stage, as many rows as a real one and as large (`benchmarks.made_rows`):
frames, landmarks, poses, clips, embeddings, edges, the ledger. Counted are the rows that are in the catalog afterwards.
"""

import argparse

from benchmarks import footage
from benchmarks.artificial import make_dataset, preprocess
from benchmarks.commands import stage_times, workplace
from benchmarks.printing import heading, table
from data_catalog.tables.sizes import CLIP_FRAMES

_WANTED = 3.0
_COUNTED = ("frames", "landmarks", "poses", "clips", "embeddings", "edges", "units")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--clips-a-video", type=int, default=500)
    given = parser.parse_args()
    heading("Stages whose models do nothing", __doc__, "made_clips")
    videos = max(1, given.clips // given.clips_a_video)
    with workplace() as place:
        video = footage.make_video([footage.synthetic_speaker()], place.folder / "video.mp4", 0.5)
        make_dataset(place.folder / "dataset", videos, video)
        catalog = place.folder / "catalog"
        frames = given.clips_a_video * CLIP_FRAMES
        seconds = preprocess(place, place.folder / "dataset", catalog, frames=frames, rows=True)
        stages = stage_times(catalog)
        from data_catalog import Catalog

        counts = {name: Catalog(catalog).table(name).count() for name in _COUNTED}
        size = sum(path.stat().st_size for path in catalog.rglob("*") if path.is_file()) / 1e9
    clips = counts["clips"]
    if clips != videos * given.clips_a_video:
        raise SystemExit(f"{clips} clips in the catalog, {videos * given.clips_a_video} were to be made")
    computing = max(stage.ended for stage in stages) - min(stage.began for stage in stages)
    rows = ", ".join(f"{count} {name}" for name, count in counts.items())
    print(f"{videos} videos of {given.clips_a_video} clips. Rows: {rows}; {size:.1f} GB.\n")
    measured = [["whole command", f"{seconds:.0f}", f"{1000 * seconds / clips:.2f}", f"{_WANTED:g}"]]
    measured.append(
        ["first unit's start to last unit's end", f"{computing:.0f}", f"{1000 * computing / clips:.2f}", ""]
    )
    for stage in stages:
        measured.append(
            [
                f"`{stage.stage}`, {stage.units} units, in the workers",
                f"{stage.seconds:.0f}",
                f"{1000 * stage.seconds / clips:.2f}",
                "",
            ]
        )
    table(["", "seconds", "ms a clip", "wanted at most"], measured)


if __name__ == "__main__":
    main()
