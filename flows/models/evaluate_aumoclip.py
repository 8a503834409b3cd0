"""How well an AuMoCLIP finds the motion of a speech, beside chance and the prosody baseline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from tasks.training.embedding import TrainingJob, open_pairs

if TYPE_CHECKING:
    from tango_models.aumoclip.learning.evaluation import Interval
    from tango_models.aumoclip.learning.pairs import PairData


class Figure(BaseModel):
    """A share from 0 to 1, its 95 % bootstrap interval, what chance gives, and the prosody baseline's."""

    name: str
    chance: float
    mean: float
    low: float
    high: float
    prosody: float | None = None
    prosody_low: float | None = None
    prosody_high: float | None = None


class RetrievalReport(BaseModel):
    """Attributes:
    gallery: clips among which a speech looks for its own; clips: that were looked for.
    """

    gallery: int
    clips: int
    figures: list[Figure]

    def rows(self) -> list[dict]:
        """For a table."""
        rows = []
        for figure in self.figures:
            row = {"figure": figure.name, "chance": _share(figure.chance)}
            row["aumoclip"] = f"{_share(figure.mean)} ({_share(figure.low)} to {_share(figure.high)})"
            if figure.prosody is not None and figure.prosody_low is not None and figure.prosody_high is not None:
                interval = f"{_share(figure.prosody_low)} to {_share(figure.prosody_high)}"
                row["prosody"] = f"{_share(figure.prosody)} ({interval})"
            else:
                row["prosody"] = ""
            rows.append(row)
        return rows


def evaluate_job(job: TrainingJob, checkpoint: Path) -> RetrievalReport:
    """Judge a checkpoint on a folder of pairs or on avatars of the catalog.

    Raises:
        InputError: the checkpoint or the pairs cannot be used.
    """
    _, _, data = open_pairs(job.model_copy(update={"start": str(checkpoint)}))
    return evaluate_pairs(checkpoint, data)[0]


def evaluate_pairs(checkpoint: Path, data: PairData) -> tuple[RetrievalReport, bytes]:
    """The figures of a checkpoint on pairs, and a picture of the space. A small set is its own gallery."""
    from tango_models.aumoclip.checkpoints import load
    from tango_models.aumoclip.learning.evaluation import GALLERY, clip_vectors, evaluate
    from tango_models.aumoclip.learning.plots import projection
    from tango_models.aumoclip.learning.prosody_baseline import prosody_scores

    model = load(checkpoint)
    gallery = min(GALLERY, len(data))
    found = evaluate(model, data, gallery=gallery, galleries=1 if gallery == len(data) else 8, baseline=prosody_scores)
    model_figures, other = found.model, found.baseline
    assert other is not None
    figures = [_figure("frame accuracy, 8 of 32", 0.267, found.frame_accuracy, None)]
    for name, chance, key in (
        ("recall@1", 1 / gallery, "recall_at_1"),
        ("recall@5", min(1.0, 5 / gallery), "recall_at_5"),
        ("mean rank percentile", 0.5, "rank_percentile"),
        ("rank percentile, same recording", 0.5, "same_speaker"),
        ("true speech above another", 0.5, "mismatched"),
    ):
        figures.append(_figure(name, chance, getattr(model_figures, key), getattr(other, key)))
    report = RetrievalReport(gallery=gallery, clips=found.clips, figures=figures)
    return report, projection(*clip_vectors(model, data))


def _figure(name: str, chance: float, mine: Interval, other: Interval | None) -> Figure:
    theirs = {"prosody": other.mean, "prosody_low": other.low, "prosody_high": other.high} if other else {}
    return Figure(name=name, chance=chance, mean=mine.mean, low=mine.low, high=mine.high, **theirs)


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
