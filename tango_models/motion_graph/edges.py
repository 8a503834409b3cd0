"""Which jumps between clips are worth having, and what they cost: what will be seen of them once they are made."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from tango_models.metrics.seam_visibility import POP
from tango_models.motion_graph.edge_config import CUT, EdgeConfig
from tango_models.motion_graph.features import (
    CLIP_FRAMES,
    WEIGHTS,
    ClipEnds,
    FrameFeatures,
    first_frames,
    following_frames,
    has_camera,
)
from tango_models.motion_graph.jump_price import visibilities
from tango_models.motion_graph.pictures import PICTURE_SIDE
from tango_models.motion_graph.seam_price import Views
from tango_models.motion_graph.terms import pair_terms

_BLOCK = 1024  # source clips at a time: 37 MB of distances to 9,000 clips
_UNITS = (0.02, 0.16, 0.024, 0.014, 16.0)
"""Metres, m/s, apparent metres, image heights, grey levels of the coarse picture that count alike among candidates."""


@dataclass(frozen=True)
class EdgeArrays:
    """E jumps, sorted by source and then cost. All arrays (E,)."""

    src: np.ndarray
    """int32 clip one leaves after its last frame."""
    dst: np.ndarray
    """int32 clip shown next."""
    pose: np.ndarray
    """float32 metres: weighted mean distance of the joints."""
    velocity: np.ndarray
    """float32 m/s: weighted mean distance of the joints' velocities."""
    translation: np.ndarray
    """float32 apparent metres: move, change of scale and turn of the person as a whole."""
    mask_iou: np.ndarray
    """float32 0..1: overlap of the person masks."""
    hand_iou: np.ndarray
    """float32 0..1: mean overlap of the hands' boxes; NaN when no hand is seen in both frames."""
    head: np.ndarray
    """float32 image heights: move and change of size of the face; NaN when no face is seen in both frames."""
    face: np.ndarray
    """float32 grey levels: mean difference of the faces, brought to one place and size; NaN as for `head`."""
    picture: np.ndarray
    """float32 grey levels: mean difference of the small pictures over the person."""
    stutter: np.ndarray
    """float32 0 or 1: the picture stands still twice in a row around the jump (repeated frames)."""
    whole: np.ndarray
    """float32: predicted visibility of the made seam, in the yardstick's unit."""
    background: np.ndarray
    """float32: the same of what is not the person."""
    cost: np.ndarray
    """float32: the larger of both, each in units of what is just seen."""

    def __len__(self) -> int:
        return len(self.src)

    def take(self, index: np.ndarray) -> "EdgeArrays":
        return EdgeArrays(**{one.name: getattr(self, one.name)[index] for one in fields(self)})

    def shifted(self, src: int, dst: int) -> "EdgeArrays":
        """The same jumps with offsets added: from clip numbers of a video to node numbers of a graph."""
        return replace(self, src=(self.src + src).astype(np.int32), dst=(self.dst + dst).astype(np.int32))


def concatenate_edges(parts: list[EdgeArrays]) -> EdgeArrays:
    """One set of jumps, sorted by source, then cost, then destination."""
    if parts:
        joined = {one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(EdgeArrays)}
    else:
        joined = {one.name: np.zeros(0, np.float32) for one in fields(EdgeArrays)}
        joined["src"] = joined["dst"] = np.zeros(0, np.int32)
    arrays = EdgeArrays(**joined)
    return arrays.take(np.lexsort((arrays.dst, arrays.cost, arrays.src)))


def cheapest_per_source(edges: EdgeArrays, budget: int) -> EdgeArrays:
    """At most `budget` jumps out of each clip, the cheapest. The jumps must be sorted by source and then cost."""
    rank = np.arange(len(edges)) - np.searchsorted(edges.src, edges.src)
    return edges.take(np.flatnonzero(rank < budget))


def score_pair(
    a: FrameFeatures, b: FrameFeatures, config: EdgeConfig | None = None, *, same_video: bool = False
) -> EdgeArrays:
    """The cheapest jumps out of the clips of `a` into the clips of `b`.

    A jump i -> j shows clip j after clip i. Candidates are those whose first frame is like the frame that would follow
    i; of each the seam is priced at several places of the cut. Jumps in the other direction: `score_pair(b, a)`.

    Args:
        a, b: N and M clips of two videos; twice the same object for the jumps within one video.
        same_video: `a` and `b` are one video: leaves out the natural successor, the clip itself, and everything within
            `config.separation` clips in the same run, backward and forward.

    Returns:
        At most `budget_same` (one video) or `budget_other` jumps per clip of `a`. Clips with an unusable frame have
        none, in either role.

    Cost: one float32 matrix product for all pairs (N x M x 384), `candidates` times the budget priced.
    Figures: benchmarks/edges.py.
    """
    config = config or EdgeConfig()
    videos = [a] if same_video else [a, b]
    judge = Judge(videos, config)
    source, target = np.flatnonzero(a.usable_clips), np.flatnonzero(b.usable_clips)
    budget = config.budget_same if same_video else config.budget_other
    offset = 0 if same_video else a.clips
    src, dst = judge.nearest(source, target + offset, budget * config.candidates, separation=config.separation)
    return cheapest_per_source(judge.score(src, dst, budget), budget).shifted(0, -offset)


class Judge:
    """Prices of any pairs of clips across some videos; clips are numbered through all of them."""

    def __init__(self, videos: Sequence[FrameFeatures], config: EdgeConfig) -> None:
        camera = all(has_camera(video) for video in videos if video.usable_clips.any())
        self.config = config
        self.following = ClipEnds.concatenate([following_frames(video, camera=camera) for video in videos])
        self.first = ClipEnds.concatenate([first_frames(video, camera=camera) for video in videos])
        self.views = Views.of_videos(videos)

    def nearest(self, source: np.ndarray, target: np.ndarray, keep: int, *, separation: int):
        """See `nearest_pairs`; pairs of one run within `separation` are left out."""
        run = self.views.run[::CLIP_FRAMES]
        return nearest_pairs(self.following, self.first, source, target, keep, run=run, separation=separation)

    def score(self, src: np.ndarray, dst: np.ndarray, budget: int | None = None) -> EdgeArrays:
        """Jumps src[p] -> dst[p], sorted by source and cost; with a budget only the cheapest of each source."""
        src, dst = np.asarray(src, np.int64), np.asarray(dst, np.int64)
        seen = visibilities(self.views, src, dst, self.config.price)
        cost = np.maximum(seen[:, 0] / POP, seen[:, 1] / self.config.price.background_seen)
        cost = np.where(self._reframed(src, dst), np.maximum(cost, CUT), cost)
        order = np.lexsort((dst, cost, src))
        if budget is not None:
            rank = np.arange(len(order)) - np.searchsorted(src[order], src[order])
            order = order[rank < budget]
        src, dst, seen, cost = src[order], dst[order], seen[order], cost[order]
        terms = pair_terms(self.following, self.first, src, dst)
        distance = terms.distance
        return EdgeArrays(
            src=src.astype(np.int32), dst=dst.astype(np.int32),
            pose=distance[:, 0], velocity=distance[:, 1], translation=distance[:, 2],
            mask_iou=1 - distance[:, 3], hand_iou=1 - distance[:, 4],
            head=distance[:, 5], face=distance[:, 6], picture=distance[:, 7],
            stutter=terms.stutter.astype(np.float32), whole=seen[:, 0], background=seen[:, 1],
            cost=cost.astype(np.float32),
        )  # fmt: skip

    def _reframed(self, src: np.ndarray, dst: np.ndarray) -> np.ndarray:
        """(P,) bool: the face suddenly has another size. False where it is not seen."""
        before, after = self.following.head[src, 2], self.first.head[dst, 2]
        return np.maximum(before, after) > self.config.framing * np.minimum(before, after)


def nearest_pairs(
    following: ClipEnds, first: ClipEnds, source: np.ndarray, target: np.ndarray, keep: int,
    *, run: np.ndarray, separation: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """For every source clip the `keep` target clips nearest in pose, velocity, place, head and coarse picture together.

    Nearness is the sum of the squared (weighted RMS) distances in their `_UNITS`: with the parts side by side in one
    vector it is a matrix product.

    Args:
        source, target: clip numbers allowed in each role.
        run: (N,) run of every clip; pairs of one run within `separation` are left out.

    Returns:
        src, dst (P,) int64, sorted by source; never the natural successor, unless `separation` is 0.
    """
    if not source.size or not target.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    (vector_a, part), (vector_b, _) = _stack(following, source), _stack(first, target)
    unit = np.asarray(_UNITS, np.float32)[part]
    middle = vector_b.mean(axis=0)  # nearer to zero: less cancellation in float32
    vector_a, vector_b = (vector_a - middle) / unit, (vector_b - middle) / unit
    right = (-2.0 * vector_b).T
    square_b = np.square(vector_b).sum(axis=1)
    sources, targets = [], []
    keep = min(keep, target.size)
    for start in range(0, source.size, _BLOCK):
        rows = slice(start, start + _BLOCK)
        distance = vector_a[rows] @ right + square_b  # up to the source's own square, which ranks nothing
        clip = source[rows]
        step = target[None, :] - clip[:, None]
        near = (run[clip][:, None] == run[target][None, :]) & (np.abs(step) <= separation)
        # (i - separation .. i]: backward; (i .. i + separation]: skips; the clip before those may be jumped to
        distance[(near & (step > -separation)) | ((step == 0) & (separation > 0))] = np.inf
        nearest = np.argpartition(distance, keep - 1, axis=1)[:, :keep]
        allowed = np.isfinite(np.take_along_axis(distance, nearest, axis=1))
        row, column = np.nonzero(allowed)
        sources.append(source[rows][row])
        targets.append(target[nearest[row, column]])
    return np.concatenate(sources), np.concatenate(targets)


def _stack(ends: ClipEnds, clips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 379) float32: weighted joints, weighted velocities, rigid part, head, 8 x 8 picture; and (379,) which of
    these each number belongs to. An unseen head lies in the middle of the seen ones."""
    root = np.sqrt(WEIGHTS)[None, :, None]
    head = ends.head[clips]
    seen = np.isfinite(head[:, 0])
    head = np.where(seen[:, None], head, head[seen].mean(axis=0) if seen.any() else 0.0)
    cell = PICTURE_SIDE // 8
    cells = ends.picture[clips].reshape(-1, 8, cell, 8, cell).mean(axis=(2, 4), dtype=np.float32)
    # a quarter of the picture is the person: its mean difference is four times that of the whole
    parts = [ends.position[clips] * root, ends.velocity[clips] * root, ends.rigid[clips], head, cells * (4 / 8)]
    flat = [part.reshape(len(clips), -1) for part in parts]
    number = np.repeat(np.arange(len(flat)), [part.shape[1] for part in flat])
    return np.concatenate(flat, axis=1).astype(np.float32), number
