"""Jump cuts that are found in talking footage, and continuous frames that are called one.

Some time is taken out of continuous clips at random places, the rest is encoded anew, read as a video is onboarded, and
judged by the same code. A cut is found within a frame. Clips of 24 and 25 frames a second come out at 30 with repeats.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import footage
from benchmarks.printing import heading, table

_RATES = (24, 25, 30)
_GAPS = ((0.2, 0.4), (0.4, 0.8), (0.8, 2.0))
_APART = 14  # pictures between two cuts, at least
_SWITCHES = {"newsdesk": (43, 105), "speaker9_a": (21,)}  # pictures behind cuts and switched insets in the clips


@dataclass
class Count:
    """Cuts made and found by length of what was taken out, false alarms, frames judged, seconds of judging."""

    made: list[int] = field(default_factory=lambda: [0] * len(_GAPS))
    found: list[int] = field(default_factory=lambda: [0] * len(_GAPS))
    missed: list[str] = field(default_factory=list)
    false: int = 0
    frames: int = 0
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="videos made of each clip and rate")
    parser.add_argument("--crf", type=int, default=20, help="of the encoding behind the cut")
    parser.add_argument("--clips", nargs="*", type=Path, help="continuous footage")
    arguments = parser.parse_args()
    heading("Cuts", __doc__, "cuts")
    clips = arguments.clips or [
        *(path for path in sorted((footage.REAL / "speakers").glob("*.mp4")) if not path.stem.endswith("_b")),
        footage.synthetic_speaker(),
    ]
    rows = []
    for clip in clips:
        pictures = distinct_pictures(clip)
        for rate in _RATES:
            count = Count()
            for number in range(arguments.rounds + 1):  # the last one without a cut
                judge(clip.stem, pictures, rate, number, arguments, count)
            rows.append(row(clip.stem, rate, count))
    names = [f"{low}–{high} s" for low, high in _GAPS]
    table(["clip", "rate", *names, "false alarms", "in s of footage", "ms a frame", "missed"], rows)


def row(name: str, rate: int, count: Count) -> list[str]:
    found = [f"{b} of {a}" for a, b in zip(count.made, count.found, strict=True)]
    return [
        name, str(rate), *found, str(count.false), f"{count.frames / 30:.0f}",
        f"{1000 * count.seconds / max(count.frames, 1):.1f}", " ".join(count.missed),
    ]  # fmt: skip


def distinct_pictures(clip: Path) -> list[np.ndarray]:
    """The pictures of a clip without those that repeat one."""
    from tango_models.media.pictures.cadence import ChangeMeter, find_repeats
    from tango_models.media.pictures.frames import iter_frames
    from tango_models.media.pictures.small_grey import small_grey

    pictures, meter = [], ChangeMeter()
    for picture in iter_frames(clip):
        meter.see(small_grey(picture))
        pictures.append(picture)
    return [picture for picture, repeat in zip(pictures, find_repeats(meter.change), strict=True) if not repeat]


def edit(
    count: int, rate: int, rng: np.random.Generator, closed: tuple[int, ...]
) -> tuple[list[int], dict[int, float]]:
    """Numbers of the pictures kept of `count`, and by place among them the seconds that were taken out before it."""
    kept: list[int] = []
    cuts: dict[int, float] = {}
    at = 0
    while True:
        run = int(rng.integers(_APART, 2 * _APART))
        room = (count - at - run - _APART) / rate
        low, high = _GAPS[int(rng.integers(sum(low < room for low, _ in _GAPS)))] if room > _GAPS[0][0] else (0.0, 0.0)
        if not high:
            return kept + list(range(at, count)), cuts
        kept += range(at, at + run)
        gap = int(np.ceil(rng.uniform(low, min(high, room)) * rate))
        at += run
        if not any(at - _APART < place < at + gap + _APART for place in closed):  # no cut beside one that the clip has
            cuts[len(kept)] = gap / rate
            at += gap


def judge(
    name: str, pictures: list[np.ndarray], rate: int, number: int, arguments: argparse.Namespace, count: Count
) -> None:
    """Make a video with cuts, read it as onboarding does, and count."""
    from tango_models.media.pictures.source_times import TimedFrameReader
    from tasks.extract_frames import _Timing

    closed = _SWITCHES.get(name, ())
    if number < arguments.rounds:
        kept, made = edit(len(pictures), rate, np.random.default_rng([number, rate, len(pictures)]), closed)
    else:
        kept, made = list(range(len(pictures))), {}
    with tempfile.TemporaryDirectory(prefix="tango-cuts-") as folder:
        path = Path(folder) / "cut.mp4"
        encode([pictures[k] for k in kept], path, rate, arguments.crf)
        reader, timing = TimedFrameReader(path, fps=30), _Timing()
        for frame in reader:
            began = time.process_time()
            list(timing.watch([frame]))
            count.seconds += time.process_time() - began
            count.frames += 1
    found = timing.columns(reader.source_times(), reader.breaks)["cuts"]
    open_cuts = set(found)
    for place, gap in made.items():
        group = next(k for k, (low, high) in enumerate(_GAPS) if gap <= high + 1 / rate)
        count.made[group] += 1
        hits = {frame for frame in open_cuts if abs(frame - place * 30 / rate) <= 1.5}
        count.found[group] += bool(hits)
        if not hits:
            count.missed.append(f"{kept[place - 1]}+{gap:.2f}")
        open_cuts -= hits
    old = {kept.index(k) * 30 / rate for k in closed if k in kept}
    count.false += sum(all(abs(frame - place) > 3 for place in old) for frame in open_cuts)


def encode(pictures: list[np.ndarray], path: Path, rate: int, crf: int) -> None:
    """Pictures (H, W, 3) uint8 as H.264 of so many frames a second."""
    from tango_models.media.video_writer import VideoWriter

    height, width = pictures[0].shape[:2]
    with VideoWriter(path, width=width, height=height, fps=rate, crf=crf, preset="veryfast") as video:
        for picture in pictures:
            video.write(picture)


if __name__ == "__main__":
    main()
