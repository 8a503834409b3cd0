"""What a training run is looked at by: its curves, and the space it made, as PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SPEECH, _MOTION = "#9a6a12", "#1f5f99"
_SMOOTH = 0.02  # share of the run over which curves are averaged


def curves(figures: Sequence[dict[str, float]]) -> bytes:
    """Losses and accuracies of a run over its steps.

    Args:
        figures: rows of `training.train`'s report, in order; a run that was resumed may repeat steps.
    """
    by_step = {int(row["step"]): row for row in figures}
    steps = np.array(sorted(by_step))
    figure, (left, right) = _figure(2)
    width = max(1, round(_SMOOTH * len(steps)))
    for axes, names in ((left, ("local_loss", "clip_loss")), (right, ("local_accuracy", "clip_accuracy"))):
        for name, colour in zip(names, (_SPEECH, _MOTION), strict=True):
            values = np.array([by_step[step][name] for step in steps.tolist()])
            mean = np.convolve(values, np.ones(width) / width, mode="valid")
            axes.plot(steps[width - 1 :], mean, color=colour, lw=1.6, label=name.replace("_", " "))
        axes.set_xlabel("step")
        axes.legend(frameon=False)
    right.set_ylim(0, 1)
    return _png(figure)


def projection(speech: np.ndarray, motion: np.ndarray) -> bytes:
    """The clip-level space in its two most spread directions; a line joins what belongs together.

    Args:
        speech, motion: (N, D) clip-level vectors of the same N clips.
    """
    both = np.concatenate([speech, motion])
    both = both - both.mean(axis=0)
    plane = both @ np.linalg.svd(both, full_matrices=False)[2][:2].T
    heard, seen = plane[: len(speech)], plane[len(speech) :]
    figure, (axes,) = _figure(1)
    axes.plot(*np.stack([heard, seen]).transpose(2, 0, 1), color="#d9d5cc", lw=0.6, zorder=1)
    axes.scatter(*heard.T, s=14, color=_SPEECH, label="speech", zorder=2)
    axes.scatter(*seen.T, s=14, color=_MOTION, label="motion", zorder=2)
    axes.set_aspect("equal", "datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.legend(frameon=False)
    return _png(figure)


def _figure(panels: int) -> tuple[Figure, list]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.0 * panels, 4.0), layout="constrained")
    axes = [figure.add_subplot(1, panels, k + 1) for k in range(panels)]
    for part in axes:
        for side in ("top", "right"):
            part.spines[side].set_visible(False)
    return figure, axes


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return out.getvalue()
