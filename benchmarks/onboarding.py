"""Onboarding: frames per second end to end and per stage.

The whole command counts the start of Prefect, Ray and the workers. A stage's seconds are from the start of its first
unit to the end of its last; stages run beside each other. What the landmark network takes by itself (MediaPipe
Holistic with segmentation in one process, its frames decoded beforehand) is measured before each run; the share is of
its speed.
"""

import argparse
import statistics
import time
from pathlib import Path

from benchmarks import footage
from benchmarks.commands import StageTime, stage_times, workplace
from benchmarks.printing import heading, table

_SHARES = {"whole command": 0.55, "first unit's start to last unit's end": 0.75, "detect_landmarks": 0.85}


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
        alone, totals, stages = [], [], []
        for run in range(arguments.runs):
            alone.append(network_alone(video))
            catalog = place.folder / f"catalog{run}"
            totals.append(place.tango("onboard", "speaker", video, *motion, catalog=catalog))
            stages.append(stage_times(catalog))
    report(" + ".join(source.name for source in sources), frames, alone, totals, stages)


def network_alone(video: Path) -> float:
    """Seconds MediaPipe Holistic with segmentation takes for a video's frames, which are decoded beforehand."""
    from mediapipe.python.solutions.holistic import Holistic

    frames = list(footage.pictures([video]))
    with Holistic(model_complexity=1, enable_segmentation=True) as network:
        network.process(frames[0])  # the networks are loaded with the first picture
        began = time.perf_counter()
        for frame in frames:
            network.process(frame)
        return time.perf_counter() - began


def report(name: str, frames: int, alone: list[float], totals: list[float], stages: list[list[StageTime]]) -> None:
    """Print the table of some runs over the same video."""
    print(f"{name}: {frames} frames, median of {len(totals)} runs.\n")
    network = statistics.median(alone)
    computing = statistics.median(max(s.ended for s in run) - run[0].began for run in stages)

    def row(name: str, seconds: float, label: str | None = None) -> list[str]:
        wanted = f"{_SHARES[name]}" if name in _SHARES else "–"
        return [label or name, f"{seconds:.1f}", f"{frames / seconds:.1f}", f"{network / seconds:.2f}", wanted]

    rows = [
        row("MediaPipe Holistic with segmentation", network),
        row("whole command", statistics.median(totals)),
        row("first unit's start to last unit's end", computing),
    ]
    for stage in stages[0]:
        seconds = statistics.median(s.wall for run in stages for s in run if s.stage == stage.stage)
        units = f"{stage.units} unit{'s' * (stage.units != 1)}"
        rows.append(row(stage.stage, seconds, f"`{stage.stage}`, {units}"))
    table(["", "seconds", "frames/s", "share", "wanted"], rows)


if __name__ == "__main__":
    main()
