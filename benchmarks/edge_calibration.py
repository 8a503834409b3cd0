"""How well the cost of a jump says how visible it is, and the weights that say it best.

Frames g+1 … of continuous footage are put behind frame 0, as if the g frames between were cut out: a seam whose
badness is known, because both pictures show the same person in the same shot a moment apart. Badness is the mean
length of the optical flow between what would have come and what comes, over the person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tango_models.motion_graph.features import FrameFeatures, frame_ends, has_camera
from tango_models.motion_graph.terms import EdgeConfig, pair_terms, thresholds

GAPS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60)
_FLOW_HEIGHT = 256  # px


@dataclass(frozen=True)
class Seams:
    """P artificial seams of one video.

    relative (P, 8) float32: the terms as fractions of the video's usual thresholds; badness (P,) float64: mean flow in
    percent of the image height; gap (P,) int64: frames left out.
    """

    relative: np.ndarray
    badness: np.ndarray
    gap: np.ndarray

    def cost(self, weights: Sequence[float] | np.ndarray) -> np.ndarray:
        """(P,) float32, as `score_pair` computes it."""
        return self.relative @ np.asarray(weights, np.float32)

    def rank_correlation(self, weights: Sequence[float] | np.ndarray, *, shortest: int = 0) -> float:
        """Spearman's coefficient of cost and badness over the seams that leave out at least `shortest` frames."""
        from scipy.stats import spearmanr

        chosen = self.gap >= shortest
        return float(spearmanr(self.cost(weights)[chosen], self.badness[chosen]).statistic)


def artificial_seams(
    features: FrameFeatures,
    picture: Callable[[int], np.ndarray],
    config: EdgeConfig,
    *,
    left_out: np.ndarray | None = None,
    gaps: Sequence[int] = GAPS,
    step: int = 3,
) -> Seams:
    """Seams within the runs of a video, every `step` frames one of each gap.

    Args:
        picture: gives frame t of `features` as (H, W) uint8 grey, all of one size.
        left_out: (T,) bool, frames that are not used (repeated ones).
    """
    run = features.frame_run
    frames = np.arange(len(run))
    pairs = np.array([(t, t + g, g) for g in gaps for t in frames[1 : max(1, len(run) - g) : step]], np.int64).reshape(
        -1, 3
    )
    src, dst, gap = pairs.T
    good = (run[src] >= 0) & (run[src] == run[dst])
    if left_out is not None:
        good &= ~left_out[src] & ~left_out[dst]
    src, dst, gap = src[good], dst[good], gap[good]
    camera = has_camera(features)
    ends = frame_ends(features, frames, run >= 0, camera=camera)
    usual = thresholds(features, config, camera=camera)[0, 1]
    relative = pair_terms(ends, ends, src, dst).relative(np.broadcast_to(usual, (len(src), len(usual))))
    return Seams(relative, flow_over_person(picture, features.mask, src, dst), gap)


def flow_over_person(
    picture: Callable[[int], np.ndarray], mask: np.ndarray, src: np.ndarray, dst: np.ndarray
) -> np.ndarray:
    """(P,) float64 percent of the image height: mean optical flow between the frames of each pair, where either has
    the person. DIS flow (Kroeger et al., ECCV 2016) at a height of 256 px.

    Args:
        picture: gives frame t as (H, W) uint8 grey.
        mask: (T, 64, 64) bool, letterboxed.
    """
    import cv2

    from tango_models.perception.landmarks import letterbox

    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    small: dict[int, np.ndarray] = {}
    for t in sorted({*src.tolist(), *dst.tolist()}):
        grey = picture(t)
        size = (round(grey.shape[1] * _FLOW_HEIGHT / grey.shape[0]), _FLOW_HEIGHT)
        small[t] = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    badness = np.zeros(len(src))
    for k, (a, b) in enumerate(zip(src.tolist(), dst.tolist(), strict=True)):
        if a == b:
            continue
        height, width = small[a].shape
        left, top, inner_width, inner_height = letterbox(width, height)
        person = (mask[a] | mask[b])[top : top + inner_height, left : left + inner_width].astype(np.uint8)
        inside = cv2.resize(person, (width, height), interpolation=cv2.INTER_NEAREST) > 0
        if inside.any():
            length = np.linalg.norm(flow.calc(small[a], small[b], np.zeros((height, width, 2), np.float32)), axis=2)
            badness[k] = 100 * float(length[inside].mean()) / height
    return badness


def fit_weights(videos: Sequence[Seams], prior: Sequence[float] | np.ndarray, *, ridge: float) -> np.ndarray:
    """(8,) float64 non-negative weights, sum 1, whose cost follows the badness of all videos.

    Least squares with every video's badness in units of its own median, so that a lively speaker does not outvote a
    calm one, drawn to `prior`: flow sees neither a wrong speed nor another face, which are seen at a seam all the same.

    Args:
        ridge: weight of the prior; 0 is none, 1 as much as all videos together.
    """
    from scipy.optimize import nnls

    rows, targets = [], []
    for seams in videos:
        share = 1 / (np.median(seams.badness[seams.gap > 0]) * np.sqrt(len(seams.gap) * len(videos)))
        rows.append(seams.relative * share)
        targets.append(seams.badness * share)
    design, target = np.concatenate(rows).astype(np.float64), np.concatenate(targets)
    start = np.asarray(prior, np.float64)
    predicted = design @ start
    start = start * (predicted @ target) / (predicted @ predicted)  # the prior in the units of the target
    pull = np.sqrt(ridge * np.square(design).sum() / design.shape[1]) * np.eye(design.shape[1])
    weights, _ = nnls(np.concatenate([design, pull]), np.concatenate([target, pull @ start]))
    return weights / weights.sum()
