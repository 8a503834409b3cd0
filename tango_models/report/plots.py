"""The report's plots as PNG bytes, in a light and a dark version.

Axes take the same share of the width in all of them (LEFT .. RIGHT), so the page can lay a playhead over them.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tango_models.report.data import ReportData

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, RIGHT = 0.065, 0.99
WIDTH = 11.0  # inches, at 110 dots
MOST_POINTS = 4_000  # of a curve: three a pixel, 2:13 min of frames one by one

# Told apart in both themes and by colour-blind readers (Okabe and Ito, without black and yellow).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")


@dataclass(frozen=True)
class Theme:
    """Colours of text, lines that recede, and the two energies."""

    text: str
    faint: str
    speech: str
    motion: str
    voice: str


LIGHT = Theme(text="#3b3a37", faint="#d9d5cc", speech="#9a6a12", motion="#1f5f99", voice="#f3e3bd")
DARK = Theme(text="#cfcac0", faint="#45423d", speech="#e3b25a", motion="#74b2ea", voice="#3d3520")


def path_plot(data: ReportData, theme: Theme) -> bytes:
    """Output time against source time, one colour per source video, a thin line at every jump."""
    from matplotlib.collections import LineCollection

    figure, (axes,) = _figure(theme, heights=[3.1])
    time = np.arange(len(data.source_seconds)) / data.fps
    source = np.asarray(data.source_seconds, float)
    video = np.asarray(data.source_video, int)
    # A run ends where the video changes or the source time does not go on by about one frame.
    breaks = np.flatnonzero((np.diff(video) != 0) | (np.abs(np.diff(source) - 1 / data.fps) > 0.6 / data.fps)) + 1
    # A run is straight: its two ends draw it, and an hour of them is two collections.
    begin, last = np.append(0, breaks), np.append(breaks, len(source)) - 1
    ends = [np.stack([at[begin], at[last] + 1 / data.fps], axis=1) for at in (time, source)]
    colours = [COLOURS[k % len(COLOURS)] for k in video[begin].tolist()]
    runs = LineCollection(list(np.stack(ends, axis=2)), colors=colours, lw=2.4, capstyle="butt", zorder=2)
    steps = [np.stack([time[breaks]] * 2, axis=1), np.stack([source[breaks - 1], source[breaks]], axis=1)]
    axes.add_collection(LineCollection(list(np.stack(steps, axis=2)), colors=theme.faint, lw=0.8, zorder=1))
    axes.add_collection(runs)
    names = sorted(set(video.tolist()))
    for index in names[:8]:
        label = data.videos[index].replace("$", r"\$")  # matplotlib reads dollars as mathematics
        axes.plot([], [], color=COLOURS[index % len(COLOURS)], lw=2.4, label=label[:48])
    axes.set_ylabel("source, s")
    axes.set_ylim(min(0.0, float(source.min())), float(source.max()) * 1.05 + 0.1)
    legend = axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, frameon=False, fontsize=9, handlelength=1.2, borderpad=0.2
    )
    for text in legend.get_texts():
        text.set_color(theme.text)
    return _finish(figure, axes, data)


def energy_plot(data: ReportData, theme: Theme) -> bytes:
    """Speech energy above the opening of painted lips, if any, and motion energy; where the voice is active is shaded,
    jumps are ticks at the bottom."""
    lips = [(data.lips, theme.speech, "lips open")] if len(data.lips) else []
    figure, axes_of = _figure(theme, heights=[1.3] * (2 + len(lips)))
    active, step = thinned(np.asarray(data.voice_activity, float), np.mean)
    time = np.arange(len(active)) * step / data.fps
    curves = [
        (data.speech_energy, theme.speech, "speech energy"),
        *lips,
        (data.motion_energy, theme.motion, "motion energy"),
    ]
    for axes, (values, colour, label) in zip(axes_of, curves, strict=True):
        values, _ = thinned(np.nan_to_num(np.asarray(values, float)), np.max)
        top = max(float(values.max()), 1e-9) * 1.1
        axes.fill_between(time, 0, top, where=active > 0.5, color=theme.voice, lw=0, step="post")
        axes.fill_between(time, 0, values, color=colour, alpha=0.3, lw=0)
        axes.plot(time, values, color=colour, lw=1.3)
        axes.set_ylim(0, top)
        axes.set_ylabel(label)
        axes.locator_params(axis="y", nbins=3)
    seams = [seam.output_frame / data.fps for seam in data.seams]
    *above, lower = axes_of
    lower.plot(seams, [0] * len(seams), "|", color=theme.text, ms=9, mew=1.2, clip_on=False)
    for axes in above:
        axes.tick_params(labelbottom=False)
        axes.set_xlim(0, data.seconds)
    return _finish(figure, lower, data)


def thinned(values: np.ndarray, take: Callable[..., np.ndarray]) -> tuple[np.ndarray, int]:
    """(T,) -> at most `MOST_POINTS` values and how many of the T each stands for: what `take` makes of so many."""
    step = -(-len(values) // MOST_POINTS)
    padded = np.pad(values, (0, -len(values) % step), mode="edge")
    return take(padded.reshape(-1, step), axis=1), step


def _figure(theme: Theme, heights: list[float]) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    bottom, top, gap = 0.5, 0.35, 0.15  # inches
    total = bottom + top + sum(heights) + gap * (len(heights) - 1)
    figure = Figure(figsize=(WIDTH, total), dpi=110)
    FigureCanvasAgg(figure)
    figure.patch.set_alpha(0)
    axes, y = [], total - top
    for height in heights:
        y -= height
        ax = figure.add_axes((LEFT, y / total, RIGHT - LEFT, height / total))
        y -= gap
        ax.patch.set_alpha(0)
        for side in ("top", "right", "left"):
            ax.spines[side].set_visible(False)
        ax.spines["bottom"].set_color(theme.faint)
        ax.grid(axis="y", color=theme.faint, lw=0.6)
        ax.set_axisbelow(True)
        ax.tick_params(colors=theme.text, labelsize=9, length=0)
        ax.yaxis.label.set_color(theme.text)
        ax.xaxis.label.set_color(theme.text)
        ax.yaxis.set_label_coords(-0.045, 0.5)
        axes.append(ax)
    return figure, axes


def _finish(figure: Figure, lowest: Axes, data: ReportData) -> bytes:
    lowest.set_xlim(0, data.seconds)
    lowest.set_xlabel("output, s")
    buffer = io.BytesIO()
    # No Software entry: the same data gives the same bytes with the next matplotlib too.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
