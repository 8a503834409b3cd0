"""Settings of the fit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FitConfig:
    """Settings of :func:`~tango_models.body.fit.fitting.fit_smplx`."""

    min_person_share: float = 0.1
    """Least share of frames in which a person must be found."""
    iterations: int = 60
    """Gradient steps per window, from the analytic pose."""
    shape_iterations: int = 150
    shape_frames: int = 32
    """Frames spread over the video from which its one shape is estimated."""
    sample_frames: int = 600
    """Frames spread over the video from which scale and framing are measured."""
    window: int = 192
    """Frames fitted at once."""
    overlap: int = 12
    """Frames shared by neighbouring windows and cross-faded."""
    chunk: int = 900
    """Frames held at once, rounded down to whole windows; memory grows with this, not with the video."""
    focal: float | None = None
    """Focal length in longest sides of the picture; None: estimated, 2.2 (a portrait lens) where nothing tells it."""
