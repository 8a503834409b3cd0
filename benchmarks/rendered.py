"""Renders of real avatars, for the benchmarks that watch them."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks import footage
from benchmarks.commands import Workplace


def read_arguments(doc: str | None) -> argparse.Namespace:
    """What of a command line `catalog_of` and `render_all` need."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--speech", type=Path, default=footage.long_speech())
    parser.add_argument("--catalog", type=Path, help="with the avatars onboarded; none: onboard them first")
    parser.add_argument("--avatars", nargs="*", help="of that catalog; none: all of them")
    return parser.parse_args()


def catalog_of(arguments: argparse.Namespace, place: Workplace) -> Path:
    """The catalog that was named, or one for the time."""
    return arguments.catalog or place.folder / "catalog"


def render_all(arguments: argparse.Namespace, place: Workplace) -> Iterator[tuple[str, Path]]:
    """Onboard the avatars where no catalog was named, and render each: its name, and the video."""
    from data_catalog import Catalog

    catalog, speakers = catalog_of(arguments, place), dict[str, list[Path]]()
    if arguments.catalog:
        speakers = {name: [] for name in arguments.avatars or Catalog(catalog).avatars()}
    else:
        speakers = real_speakers() or {"synthetic": [footage.synthetic_speaker()]}
    for name, videos in speakers.items():
        if videos:
            place.tango("onboard", name, *videos, catalog=catalog)
        video = place.folder / f"{name}.mp4"
        place.tango("reenact", name, arguments.speech, "--out", video, catalog=catalog)
        yield name, video


def real_speakers() -> dict[str, list[Path]]:
    """The takes of each real speaker, by name; none where the footage is missing."""
    takes: dict[str, list[Path]] = {}
    for video in sorted((footage.REAL / "speakers").glob("*.mp4")):
        takes.setdefault(video.stem.partition("_")[0], []).append(video)
    return takes
