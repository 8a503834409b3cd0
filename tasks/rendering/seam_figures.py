"""What is known of each seam of a path before it is rendered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from data_catalog import Source
from data_catalog.keys import equals
from tasks.views.paths.playback import Playback, SeamWindow
from tasks.views.paths.transitions import read_made

_TERMS = ("pose", "velocity", "translation", "mask_iou", "hand_iou")
_QUALITY = ("sharpness", "jump")
_SEAMS_PER_READ = 200


@dataclass(frozen=True)
class SeamFigures:
    """
    Attributes:
        terms: the stored parts of the edge's cost; a bridge has none.
        quality: of the frames that were made, `sharpness` and `jump`; a plain cut has none.
        made_by: which way they were made, and why that one.
    """

    terms: dict[str, float] = field(default_factory=dict)
    quality: dict[str, float] = field(default_factory=dict)
    made_by: str = ""


def read_seam_figures(source: Source, playback: Playback, method: str, size: Sequence[int]) -> list[SeamFigures]:
    """The figures of each seam of a path, some hundred seams a read."""
    made = read_made(source, playback.seams, method, size, [*_QUALITY, "made_by"])
    found = []
    for seams in _parts(playback.seams):
        where = equals(src=sorted({s.src for s in seams}), dst=sorted({s.dst for s in seams}))
        edges = source.table("edges").read(["src", "dst", *_TERMS], where=where).to_pylist()
        terms = {(row["src"], row["dst"]): {name: row[name] for name in _TERMS} for row in edges}
        for s in seams:
            row = made.get(s, {"made_by": "" if s.half else "a cut"})
            quality = {name: row[name] for name in _QUALITY if name in row}
            found.append(SeamFigures(terms.get((s.src, s.dst), {}), quality, row["made_by"]))
    return found


def _parts(seams: list[SeamWindow]) -> Iterator[list[SeamWindow]]:
    for first in range(0, len(seams), _SEAMS_PER_READ):
        yield seams[first : first + _SEAMS_PER_READ]
