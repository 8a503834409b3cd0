"""Reenactment of 9.5 s of speech, warm and cold: seconds, per stage and altogether.

Every timed run has a speech and a seed of its own, and the seams made before are forgotten, so nothing is found ready.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import footage
from benchmarks.commands import workplace
from benchmarks.printing import heading, table

_WARM_UP = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--speech-seconds", type=float, default=9.5)
    parser.add_argument("--avatar-seconds", type=float, default=13.0)
    parser.add_argument("--motion", type=Path, help="import this motion instead of fitting")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)  # a job for this module's own process
    arguments = parser.parse_args()
    if arguments.inside:
        _inside(arguments.inside)
        return
    heading("Reenactment, warm and cold", __doc__, "reenact")
    with workplace() as place:
        videos = footage.speaker_videos()
        video = footage.make_video(videos, place.folder / "speaker.mp4", arguments.avatar_seconds)
        catalog = place.folder / "catalog"
        motion = ["--motion", str(arguments.motion)] if arguments.motion else []
        place.tango("onboard", "speaker", video, *motion, catalog=catalog)
        speeches = [
            str(
                footage.cut_speech(
                    footage.speech(), place.folder / f"speech{k}.wav", arguments.speech_seconds, start=0.1 * k
                )
            )
            for k in range(_WARM_UP + 2 * arguments.runs)
        ]
        cold = []
        for k in range(arguments.runs):
            forget_seams(catalog)
            target = place.folder / f"cold{k}.mp4"
            speech = speeches.pop()
            cold.append(
                place.tango("reenact", "speaker", speech, "--out", target, "--seed", str(100 + k), catalog=catalog)
            )
        job = place.folder / "job.json"
        job.write_text(json.dumps({"catalog": str(catalog), "speeches": speeches, "folder": str(place.folder)}))
        place.python("-m", "benchmarks.reenact", "--inside", str(job))
        warm = json.loads(job.read_text())
        trivial = statistics.median(place.trivial_flow() for _ in range(arguments.runs))
    report(" + ".join(v.name for v in videos), arguments, warm, cold, trivial)


def report(name: str, arguments: argparse.Namespace, warm: list[dict], cold: list[float], trivial: float) -> None:
    print(f"{arguments.speech_seconds:g} s of speech on {arguments.avatar_seconds:g} s of {name}, interpolator `auto`;")
    print(f"median of {arguments.runs} runs. Wanted: at most 15 s warm.\n")
    seams = ", ".join(str(run["seams"]) for run in warm)
    rows = [[f"warm: same process, Prefect and Ray running; seams made: {seams}", _median(r["seconds"] for r in warm)]]
    for stage in warm[0]["stages"]:
        rows.append([f"`{stage}`, in its worker", _median(run["stages"][stage] for run in warm)])
    outside = _median(run["seconds"] - sum(run["stages"].values()) for run in warm)
    rows.append(["outside the stages: workers starting, Prefect, the catalog", outside])
    rows.append(["cold: `tango reenact` from the shell", _median(cold)])
    rows.append(["of which a flow that does nothing", f"{trivial:.1f}"])
    table(["", "seconds"], rows)


def forget_seams(catalog: Path) -> None:
    """Take the generated seams and their ledger rows out of a catalog; what stands in for repeated frames stays, as it
    does from one speech to the next."""
    from data_catalog import Catalog
    from data_catalog.keys import equals
    from tango_models.interpolation.stand_ins import BETWEEN_ID

    tables = Catalog(catalog)
    tables.table("units").delete(f"{equals(stage='interpolate_seams')} AND unit NOT LIKE '%:{BETWEEN_ID}'")
    tables.table("transitions").delete(f"interpolator_id != '{BETWEEN_ID}'")


def _inside(job: Path) -> None:
    """Some reenactments in one process; the job file's path becomes a list of what each timed one took."""
    from flows.server import environment

    environment.prepare()
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    import ray

    from flows.configuration.settings import Settings
    from flows.reenact import reenact

    given = json.loads(job.read_text())
    settings = Settings(catalog=given["catalog"])
    ray.init(address="local", include_dashboard=False, log_to_driver=False, object_store_memory=128 * 2**20)
    made: list[dict[str, Any]] = []
    for seed, speech in enumerate(given["speeches"]):
        forget_seams(Path(given["catalog"]))
        start = time.perf_counter()
        result = reenact("speaker", speech, f"{given['folder']}/warm{seed}.mp4", seed=seed, settings=settings)
        elapsed, seams, seconds = time.perf_counter() - start, 0, defaultdict[str, float](float)
        for stage in result.report.stages:  # a path may be taken several times
            seams += stage.computed if stage.stage == "interpolate_seams" else 0
            seconds[stage.stage] += stage.seconds
        made.append({"seconds": elapsed, "seams": seams, "stages": dict(seconds)})
        print(made[-1], file=sys.stderr, flush=True)
    ray.shutdown()
    job.write_text(json.dumps(made[_WARM_UP:]))


def _median(seconds: Iterable[float]) -> str:
    return f"{statistics.median(seconds):.1f}"


if __name__ == "__main__":
    main()
