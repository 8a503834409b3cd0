"""Many short videos of many avatars: what the fleet's machinery costs beyond the stages themselves.

`tango preprocess` of a folder of avatars against a plain loop over the same stages in one process per core, each of
which takes the next avatar when it is done with one: no flow, no server, no Ray. Both write the same tables. Then
`tango preprocess` again with nothing changed, and with one video replaced. The clips are parts of the synthetic
speaker, no two alike.

On a machine that others use too, wall times say little: the processor time of both stands beside them, and how much the
others took meanwhile.
"""

import argparse
import multiprocessing
import resource
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import footage
from benchmarks.commands import SAME_PRIORITY, Workplace, stage_times, workplace
from benchmarks.machine import busy_seconds
from benchmarks.memory import MemorySampler
from benchmarks.noop import rows_since
from benchmarks.printing import heading, table

_WANTED = "1.08 times the loop; nothing changed: 0 rows, at most 3 % of the first run and 15 s"
_SAMPLED_EVERY = 2.0
"""Seconds: sampling is no part of what the command costs."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--avatars", type=int, default=30)
    parser.add_argument("--videos", type=int, default=2, help="of each avatar")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each video")
    parser.add_argument("--side", type=int, default=768, help="of the pictures, px")
    parser.add_argument("--folder", type=Path, help="keeps the videos for the next time")
    parser.add_argument("--no-loop", action="store_true", help="measure the command alone")
    arguments = parser.parse_args()
    heading("A fleet of short videos", __doc__, "fleet")
    count = arguments.avatars * arguments.videos
    with workplace() as place:
        place.environment |= SAME_PRIORITY
        dataset = _dataset(arguments.folder or place.folder, arguments)
        alone = None if arguments.no_loop else loop(dataset, place.folder / "loop")
        catalog, memory = place.folder / "catalog", MemorySampler(every=_SAMPLED_EVERY)
        first = _timed(lambda: place.tango("preprocess", dataset, catalog=catalog, watch=memory.watch), memory)
        stages = stage_times(catalog)
        again = _again(place, dataset, catalog)
        other = place.folder / "other"
        shutil.copytree(dataset, other)
        make_clip(other / "a000" / "v0.mp4", count, arguments.seconds, arguments.side)
        replaced = _again(place, other, catalog)
    rows = [_row("`tango preprocess`, whole command", first, count)]
    if alone is not None:
        rows.insert(0, _row("plain loop, a process per core", alone, count))
    computing = stages[-1].ended - stages[0].began
    rows.append(["of it: first unit's start to last unit's end", f"{computing:.1f}", "", "", "", ""])
    rows.append(["again, nothing changed", f"{again[0]:.1f}", "", "", str(again[1]), ""])
    rows.append(["again, one video replaced", f"{replaced[0]:.1f}", "", "", str(replaced[1]), ""])
    print(f"{count} videos of {arguments.seconds:g} s, {arguments.avatars} avatars. Wanted: {_WANTED}.\n")
    table(["", "seconds", "processor time, s", "of others meanwhile, s", "rows written", "videos a minute"], rows)
    if alone is not None:
        ratio, processor = first.seconds / alone.seconds, first.processor / alone.processor
        print(f"The command against the loop: {ratio:.2f}, in processor time {processor:.2f}.")
    print(f"Nothing changed: {again[0] / first.seconds:.1%} of the first.\n")
    largest = memory.by_kind()
    table(["process", "largest, MB"], [[kind, f"{size:.0f}"] for kind, size in sorted(largest.items())])
    print(f"All processes together held {memory.together:.0f} MB at most, shared pages counted for each of them.")


@dataclass(frozen=True)
class Timed:
    """Wall time, our own processor time, and that of all others meanwhile, in seconds."""

    seconds: float
    processor: float
    others: float


def _timed(work: Callable[[], float], memory: MemorySampler) -> Timed:
    busy = busy_seconds()
    seconds = work()
    memory.stop()
    own = sum(memory.processor.values())
    return Timed(seconds, own, max(0.0, busy_seconds() - busy - own))


def _row(name: str, timed: Timed, count: int) -> list[str]:
    figures = [f"{value:.1f}" for value in (timed.seconds, timed.processor, timed.others)]
    return [name, *figures, "", f"{count * 60 / timed.seconds:.1f}"]


def _dataset(folder: Path, given: argparse.Namespace) -> Path:
    dataset = folder / "dataset"
    if not dataset.exists():
        make_dataset(dataset, given.avatars, given.videos, given.seconds, given.side)
    found = [len(list(avatar.iterdir())) for avatar in dataset.iterdir()]
    if found != [given.videos] * given.avatars:
        raise SystemExit(f"{dataset} holds another dataset; name another --folder")
    return dataset


def make_dataset(folder: Path, avatars: int, videos: int, seconds: float, side: int) -> None:
    """<folder>/<avatar>/v<k>.mp4."""
    for avatar in range(avatars):
        (folder / f"a{avatar:03}").mkdir(parents=True)
        for video in range(videos):
            make_clip(folder / f"a{avatar:03}" / f"v{video}.mp4", avatar * videos + video, seconds, side)


def make_clip(path: Path, number: int, seconds: float, side: int) -> None:
    """The synthetic speaker from a moment of its own on: another for every number below 800."""
    from itertools import islice

    import numpy as np

    from tango_models.media.sound.audio import read_audio
    from tango_models.media.sound.track import SoundArray
    from tango_models.media.video_writer import VideoWriter

    source = footage.synthetic_speaker()
    first, count = (number * 37) % 800, round(seconds * footage.FPS)
    rate = footage.AUDIO_RATE
    sound = np.roll(read_audio(source), -round(first * rate / footage.FPS))[: round(seconds * rate)]
    pictures = islice(footage.pictures([source], side), first, first + count)
    with VideoWriter(path, width=side, height=side, sound=SoundArray(sound, rate), preset="ultrafast") as writer:
        for picture in pictures:
            writer.write(picture)


def loop(dataset: Path, catalog: Path) -> Timed:
    """What the plain loop takes."""
    from data_catalog import Catalog
    from data_catalog.tables.schemas import TABLES
    from tasks.runtime.cluster.capacity import usable_cpus

    opened = Catalog(catalog)
    for name in TABLES:
        for part in opened.table(name).parts():
            part.open()
    start, busy, before = time.perf_counter(), busy_seconds(), resource.getrusage(resource.RUSAGE_CHILDREN)
    context = multiprocessing.get_context("spawn")
    with context.Pool(usable_cpus()) as pool:
        for _ in pool.imap_unordered(_avatar, [(str(path), str(catalog)) for path in sorted(dataset.iterdir())]):
            pass
        seconds = time.perf_counter() - start
        pool.close()
        pool.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timed(seconds, own, max(0.0, busy_seconds() - busy - own))


_workers: dict = {}


def _avatar(given: tuple[str, str]) -> None:
    """All stages of an avatar in this process, whose models stay for the next."""
    from data_catalog import Catalog
    from data_catalog.keys import track_id
    from flows.configuration.settings import Settings
    from tango_models.media.probe import content_id
    from tasks.runtime.cluster.workers import StageWorker
    from tasks.runtime.registry import PER_TRACK
    from tasks.runtime.versions import Versions, plan_units

    folder, catalog_uri = Path(given[0]), given[1]
    catalog, configs = Catalog(catalog_uri), Settings().stage_configs()

    def do(stage: str, scope: dict) -> None:
        if stage not in _workers:
            _workers[stage] = StageWorker(stage, configs[stage], catalog_uri, None, "loop")
        for unit in plan_units(catalog, stage, Versions(catalog, configs), scope):
            outcome = _workers[stage].process(unit)
            if not outcome.ok:
                raise RuntimeError(f"{stage} {outcome.subject}: {outcome.error}")

    tracks = []
    for path in sorted(folder.iterdir()):
        video = content_id(path)
        tracks.append(track_id(video))
        scope = {"track": tracks[-1], "video_id": video, "uri": str(path), "file_name": path.name, "motion_uri": None}
        for stage in PER_TRACK:
            do(stage, scope)
    do("score_edges", {"tracks": tracks})


def _again(place: Workplace, dataset: Path, catalog: Path) -> tuple[float, int]:
    began = datetime.now(UTC)
    seconds = place.tango("preprocess", dataset, catalog=catalog)
    return seconds, rows_since(catalog, began)


if __name__ == "__main__":
    main()
