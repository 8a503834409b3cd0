"""Smoothing over time that does not lag: Gaussians over both sides, strong at rest and light in fast motion."""

from __future__ import annotations

import numpy as np


def gaussian(signal: np.ndarray, sigma: float, weights: np.ndarray | None = None) -> np.ndarray:
    """Weighted Gaussian mean over the first axis.

    Args:
        signal: (T, ...); values of weight 0 may be NaN.
        sigma: frames.
        weights: shaped as the signal's leading axes, or None for equal ones. Where nothing within reach has weight,
            the result is NaN.
    """
    from scipy.ndimage import gaussian_filter1d

    weight = np.ones(signal.shape[:1]) if weights is None else np.asarray(weights, np.float64)
    weight = weight.reshape(*weight.shape, *[1] * (signal.ndim - weight.ndim))
    filled = np.where(weight > 0, np.nan_to_num(signal), 0.0)
    above = gaussian_filter1d(filled * weight, sigma, axis=0, mode="constant", truncate=3.0)
    below = gaussian_filter1d(weight, sigma, axis=0, mode="constant", truncate=3.0)
    return np.where(below > 1e-6, above / np.maximum(below, 1e-6), np.nan)


def adaptive(
    signal: np.ndarray, *, at_rest: float, in_motion: float, speed: float, weights: np.ndarray | None = None
) -> np.ndarray:
    """Smooth (T, P, C) points: Gaussian of ``at_rest`` frames where a point is slower than ``speed`` (units per frame),
    of ``in_motion`` frames where it is much faster, blended between.

    A tremor moves a point back and forth and disappears in the mean velocity over ``at_rest`` frames; a gesture does
    not. So the blend is decided by the strongly smoothed signal's velocity, near the frame in either direction.
    """
    from scipy.ndimage import maximum_filter1d

    slow = gaussian(signal, at_rest, weights)
    fast = gaussian(signal, in_motion, weights)
    if len(signal) < 3:
        return fast
    velocity = np.linalg.norm(np.gradient(np.nan_to_num(slow), axis=0), axis=-1)
    velocity = maximum_filter1d(velocity, size=2 * round(at_rest) + 1, axis=0, mode="nearest")
    blend = np.clip(velocity / speed - 0.5, 0, 1)[..., None]
    return slow + (fast - slow) * blend


def fill_gaps(signal: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(T, ...) with unknown frames interpolated linearly between their known neighbours, held at the ends.

    Args:
        known: (T,) bool with at least one True.
    """
    frames = np.arange(len(signal))
    inside = frames[known]
    right = np.clip(np.searchsorted(inside, frames), 0, len(inside) - 1)
    left = np.clip(right - (inside[right] > frames), 0, None)
    before, after = inside[left], inside[right]
    share = np.clip((frames - before) / np.maximum(after - before, 1), 0, 1)
    share = share.reshape(-1, *[1] * (signal.ndim - 1))
    return signal[before] * (1 - share) + signal[after] * share


def fill_points(signal: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(T, P, C) points, each bridged on its own as in :func:`fill_gaps`: over frames not ``known`` (T,) and over those
    in which it is NaN. A point that is never known is 0."""
    out = fill_gaps(signal, known)
    for point in np.flatnonzero(~np.isfinite(out).all((0, 2))):
        good = known & np.isfinite(signal[:, point]).all(-1)
        out[:, point] = fill_gaps(signal[:, point], good) if good.any() else 0.0
    return out


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """(start, stop) of every run of True in ``flags`` (T,)."""
    edges = np.diff(np.concatenate([[0], np.asarray(flags, np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))
