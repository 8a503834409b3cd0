"""How well the AuMoCLIP in the package finds the motion that belongs to a speech, as `tango evaluate aumoclip` says it.

First among synthetic voices and sentences that it was never trained on, then among real clips. The real ones are few
and half of them are outputs of TANGO's own system: what is found there is that the model tells true pairs from false,
not by how much. Shares are with their 95 % intervals; `prosody` is the baseline that follows loudness.
"""

import argparse
from pathlib import Path

from benchmarks.commands import workplace
from benchmarks.footage import REAL
from benchmarks.printing import heading, table
from flows.configuration.settings import Settings
from flows.models.evaluate_aumoclip import RetrievalReport, evaluate_job
from flows.models.training_jobs import catalog_tracks
from tango_models.aumoclip import EMBEDDED
from tango_models.aumoclip.synthetic_data.pairs import write_pairs
from tasks.training.embedding import TrainingJob


def report(title: str, found: RetrievalReport) -> None:
    print(f"{title}: {found.clips} clips, galleries of {found.gallery}.\n")
    rows = found.rows()
    table(list(rows[0]), [list(row.values()) for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=0.75, help="of held-out synthetic pairs")
    parser.add_argument("--catalog", type=Path, help="avatars for the real clips; without it those of TANGO_FOOTAGE")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    heading("A speech finds its own motion", __doc__, "retrieval")
    print("Wanted, of the synthetic: frame accuracy 60 %, recall@1 25 %, recall@5 60 %; of the real: above prosody.\n")
    with workplace() as place:
        pairs, cache = place.folder / "pairs", place.folder / "cache"
        write_pairs(pairs, arguments.hours, "held_out", processes=arguments.processes)
        report("Synthetic, held out", evaluate_job(TrainingJob(folder=str(cache), pairs=str(pairs)), EMBEDDED))
        clips = [] if arguments.catalog else sorted((REAL / "speakers").glob("*_[ab].mp4"))
        catalog = arguments.catalog or place.folder / "catalog"
        for clip in clips:
            place.tango("onboard", clip.stem.rpartition("_")[0], clip, catalog=catalog)
        if clips or arguments.catalog:
            settings = Settings(catalog=str(catalog))
            tracks = catalog_tracks(settings, [])
            job = TrainingJob(folder=str(cache), catalog=str(catalog), tracks=tracks)
            report("Real clips", evaluate_job(job, EMBEDDED))


if __name__ == "__main__":
    main()
