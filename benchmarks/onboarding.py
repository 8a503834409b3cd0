"""Onboarding: frames per second end to end and per stage.

The whole command counts the start of Prefect, Ray and the workers. A stage's seconds are those in its workers, all its
units together; some stages run beside each other.
"""

import argparse
import statistics
from pathlib import Path

from benchmarks import footage
from benchmarks.commands import StageTime, stage_times, workplace
from benchmarks.printing import heading, table

TARGET = "at least 8 frames/s end to end"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--video", type=Path, help="instead of two real clips, or else the synthetic speaker")
    parser.add_argument("--motion", type=Path, help="import this motion instead of fitting")
    parser.add_argument("--seconds", type=float, help="length of the video, cut or repeated")
    arguments = parser.parse_args()
    heading("Onboarding 768 x 768 footage", __doc__, "onboarding")
    sources = [arguments.video] if arguments.video else footage.speaker_videos()
    with workplace() as place:
        video = sources[0]
        if len(sources) > 1 or arguments.seconds:
            seconds = arguments.seconds or sum(footage.frame_count(source) for source in sources) / footage.FPS
            video = footage.make_video(sources, place.folder / "video.mp4", seconds)
        frames = footage.frame_count(video)
        motion = ["--motion", str(arguments.motion)] if arguments.motion else []
        totals, stages = [], []
        for run in range(arguments.runs):
            catalog = place.folder / f"catalog{run}"
            totals.append(place.tango("onboard", "speaker", video, *motion, catalog=catalog))
            stages.append(stage_times(catalog))
    report(" + ".join(source.name for source in sources), frames, totals, stages)


def report(name: str, frames: int, totals: list[float], stages: list[list[StageTime]]) -> None:
    """Print the table of some runs over the same video."""
    print(f"{name}: {frames} frames, median of {len(totals)} runs. Wanted: {TARGET}.\n")
    computing = [run[-1].ended - run[0].began for run in stages]
    rows = [
        _row("whole command", frames, statistics.median(totals)),
        _row("first unit's start to last unit's end", frames, statistics.median(computing)),
    ]
    for stage in stages[0]:
        seconds = statistics.median(s.seconds for run in stages for s in run if s.stage == stage.stage)
        rows.append(_row(f"`{stage.stage}`, {stage.units} unit{'s' * (stage.units != 1)}", frames, seconds))
    table(["", "seconds", "frames/s"], rows)


def _row(name: str, frames: int, seconds: float) -> list[str]:
    return [name, f"{seconds:.1f}", f"{frames / seconds:.1f}"]


if __name__ == "__main__":
    main()
