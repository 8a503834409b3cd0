"""The lips of a path in the catalog: for every frame the picture its mouth comes from, and the shape it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals
from data_catalog.tables.sizes import MESH_POINTS

if TYPE_CHECKING:
    from tango_models.lips.blending import PaintedLips
    from tango_models.lips.library import MouthLibrary
    from tango_models.lips.visemes import LipTargets

PART_FRAMES = 1800
"""Frames of a row: a minute."""
SHAPE_POINTS = 55


def lips_key(path_id: str) -> str:
    """The unit of the lips of a path."""
    return f"{path_id}:lips"


@dataclass(frozen=True)
class StoredLips:
    """A minute of lips: T frames.

    Attributes:
        pictures: (T,) video and frame of each mouth; others: of a second one, None without.
        weight: (T,) share of the second; strength: (T,) 0: the frame stays as it is.
        run: (T,) number of the run of one source.
        shape: (T, 55, 3); reference: (478, 3) the mean face; both in eye distances.
    """

    pictures: list[tuple[str, int]]
    others: list[tuple[str, int] | None]
    weight: np.ndarray
    strength: np.ndarray
    run: np.ndarray
    shape: np.ndarray
    reference: np.ndarray


def lip_row(
    path_id: str,
    part: int,
    videos: list[str] | None = None,
    library: MouthLibrary | None = None,
    painted: PaintedLips | None = None,
    shapes: np.ndarray | None = None,
    targets: LipTargets | None = None,
    rows: slice | None = None,
    *,
    note: str = "",
) -> dict[str, Any]:
    """A row of `lips`; with nothing but a note where the frames stay as they are."""
    row: dict[str, Any] = {"path_id": path_id, "part": part, "note": note}
    if videos is None or library is None or painted is None or shapes is None or targets is None or rows is None:
        empty: dict[str, Any] = {name: [] for name in ("source_video", "source_frame", "other_video", "other_frame")}
        empty |= {name: [] for name in ("other_weight", "strength", "run", "opening")}
        return row | empty | {"shape": b"", "reference": b""}
    from tango_models.lips.blending import source_runs

    mouth, other = painted.mouth[rows], painted.other[rows]
    names = np.array(videos)
    second = np.maximum(other, 0)
    return row | {
        "source_video": names[library.video[mouth]].tolist(),
        "source_frame": library.frame[mouth].tolist(),
        "other_video": [v if k >= 0 else "" for v, k in zip(names[library.video[second]].tolist(), other, strict=True)],
        "other_frame": np.where(other >= 0, library.frame[second], -1).tolist(),
        "other_weight": painted.weight[rows].tolist(),
        "strength": painted.strength[rows].tolist(),
        "run": source_runs(painted.mouth, library)[rows].tolist(),
        "opening": targets.opening[rows].tolist(),
        "shape": shapes[rows].astype("<f4").tobytes(),
        "reference": library.reference.astype("<f4").tobytes(),
    }


def read_lips(source: Source, path_id: str, part: int) -> StoredLips | None:
    """The lips of a minute of a path; None where they stay as they are."""
    columns = [
        "path_id", "part", "source_video", "source_frame", "other_video", "other_frame", "other_weight", "strength",
        "run", "shape", "reference",
    ]  # fmt: skip
    rows = source.table("lips").read(columns, where=equals(path_id=path_id, part=part)).to_pylist()
    if not rows or not rows[0]["source_video"]:
        return None
    row = rows[0]
    return StoredLips(
        pictures=list(zip(row["source_video"], row["source_frame"], strict=True)),
        others=[(v, f) if v else None for v, f in zip(row["other_video"], row["other_frame"], strict=True)],
        weight=np.array(row["other_weight"], np.float32),
        strength=np.array(row["strength"], np.float32),
        run=np.array(row["run"]),
        shape=np.frombuffer(row["shape"], "<f4").reshape(-1, SHAPE_POINTS, 3),
        reference=np.frombuffer(row["reference"], "<f4").reshape(MESH_POINTS, 3),
    )


def read_lip_track(source: Source, path_id: str, n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """(T,) eye distances between the painted lips, NaN where a frame keeps its own mouth, and the first frames behind
    each change of a painted mouth's source."""
    from tango_models.lips.shapes import gap_of

    opening, run, strength = np.full(n_frames, np.nan), np.zeros(n_frames, int), np.zeros(n_frames)
    for part, start in enumerate(range(0, n_frames, PART_FRAMES)):
        if (lips := read_lips(source, path_id, part)) is None:
            continue
        rows = slice(start, start + len(lips.strength))
        run[rows], strength[rows] = lips.run, lips.strength
        opening[rows] = np.where(lips.strength > 0, gap_of(lips.shape), np.nan)
    return opening, painted_changes(run, strength)


def painted_changes(run: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """The first frames of runs of another source than in the frame before, where either frame is painted.

    Args:
        run, strength: (T,) of `StoredLips`.
    """
    painted = np.asarray(strength) > 0
    behind = np.flatnonzero(np.diff(np.asarray(run, int))) + 1
    return behind[painted[behind] | painted[behind - 1]]


def lip_figures(source: Source, path_id: str) -> tuple[dict[str, float], list[str]]:
    """What of a path's lips is told in figures, and what else there is to say: why they stay as they are, or what they
    cannot do."""
    columns = ["path_id", "part", "strength", "run", "note"]
    rows = source.table("lips").read(columns, where=equals(path_id=path_id)).sort_by("part").to_pylist()
    strength = np.array([value for row in rows for value in row["strength"]])
    runs = [number for row in rows for number in row["run"]]
    figures = {
        "mouths_painted": float((strength > 0).mean()) if len(strength) else 0.0,
        "mouth_changes_per_second": runs[-1] / (len(runs) / 30) if runs else 0.0,
    }
    told = [(row["note"], bool(row["strength"])) for row in rows if row["note"]]
    return figures, [note if painted else f"the lips move as in the footage: {note}" for note, painted in told]
