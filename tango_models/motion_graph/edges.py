"""Which jumps between clips look like playback, and what they cost."""

from dataclasses import dataclass, fields, replace

import numpy as np

from tango_models.motion_graph.features import (
    CLIP_FRAMES,
    WEIGHTS,
    ClipEnds,
    FrameFeatures,
    first_frames,
    following_frames,
    has_camera,
)
from tango_models.motion_graph.pictures import PICTURE_SIDE
from tango_models.motion_graph.terms import TERMS, EdgeConfig, PairTerms, pair_terms, thresholds

__all__ = [
    "EdgeArrays", "EdgeConfig", "cheapest_per_source", "concatenate_edges", "edges_of_pairs", "nearest_pairs",
    "score_pair",
]  # fmt: skip

_BLOCK = 1024  # source clips at a time: 37 MB of distances to 9,000 clips
_NEARNESS = [TERMS.index(term) for term in ("pose", "velocity", "translation", "head", "picture")]


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
    cost: np.ndarray
    """float32: 0 like natural playback, 1 with every term at the video's usual threshold."""

    def __len__(self) -> int:
        return len(self.src)

    def take(self, index: np.ndarray) -> "EdgeArrays":
        return EdgeArrays(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def shifted(self, src: int, dst: int) -> "EdgeArrays":
        """The same jumps with offsets added: from clip numbers of a video to node numbers of a graph."""
        return replace(self, src=(self.src + src).astype(np.int32), dst=(self.dst + dst).astype(np.int32))


def concatenate_edges(parts: list[EdgeArrays]) -> EdgeArrays:
    """One set of jumps, sorted by source, then cost, then destination."""
    if parts:
        joined = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(parts[0])
        }
    else:
        joined = {field.name: np.zeros(0, np.float32) for field in fields(EdgeArrays)}
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
    """Admissible jumps out of the clips of `a` into the clips of `b`.

    A jump i -> j shows clip j after clip i, so the first frame of j is compared with the frame that would naturally
    follow i (paper section 2.4: mean joint position and velocity distance, person-mask and hand-box IoU; beyond it the
    head's place and the grey values of face and person, because a head that jumps is what one sees first). Every term
    must stay within the threshold of the source's own surroundings. Jumps in the other direction: `score_pair(b, a)`.

    Args:
        a, b: N and M clips of two videos; twice the same object for the jumps within one video.
        same_video: `a` and `b` are one video: leaves out the natural successor, the clip itself, and everything within
            `config.separation` clips in the same run, backward and forward.

    Returns:
        At most `budget_same` (one video) or `budget_other` jumps per clip of `a`, the cheapest. Clips with an unusable
        frame have none, in either role.

    Cost: one float32 matrix product for all pairs (N x M x 384), exact terms for `candidates` times the budget.
    Figures: benchmarks/edges.py.
    """
    config = config or EdgeConfig()
    camera = has_camera(a) and has_camera(b)
    following, first = following_frames(a, camera=camera), first_frames(b, camera=camera)
    limit = thresholds(a, config, camera=camera)
    source, target = np.flatnonzero(a.usable_clips), np.flatnonzero(b.usable_clips)
    budget = config.budget_same if same_video else config.budget_other
    keep = budget * config.candidates
    run = a.frame_run[::CLIP_FRAMES] if same_video else None
    src, dst = nearest_pairs(following, first, limit, source, target, keep, run=run, separation=config.separation)
    edges, worst = edges_of_pairs(pair_terms(following, first, src, dst), limit[src], src, dst, config)
    edges = edges.take(np.flatnonzero(worst <= 1.0))
    return cheapest_per_source(concatenate_edges([edges]), budget)


def edges_of_pairs(
    terms: PairTerms, limit: np.ndarray, src: np.ndarray, dst: np.ndarray, config: EdgeConfig
) -> tuple[EdgeArrays, np.ndarray]:
    """P pairs with their cost, admissible or not, and the largest term as a fraction of its own threshold (P,).

    limit: (P, 2, 8), the rows of `thresholds` of the sources.
    """
    relative = terms.relative(limit[:, 0])
    usual = terms.relative(limit[:, 1])
    distance = terms.distance
    edges = EdgeArrays(
        src=src.astype(np.int32), dst=dst.astype(np.int32),
        pose=distance[:, 0], velocity=distance[:, 1], translation=distance[:, 2],
        mask_iou=1 - distance[:, 3], hand_iou=1 - distance[:, 4],
        head=distance[:, 5], face=distance[:, 6], picture=distance[:, 7],
        stutter=terms.stutter.astype(np.float32),
        cost=(usual @ np.asarray(config.weights, np.float32) + config.stutter * terms.stutter).astype(np.float32),
    )  # fmt: skip
    return edges, relative.max(axis=1, initial=0.0)


def nearest_pairs(
    following: ClipEnds, first: ClipEnds, limit: np.ndarray, source: np.ndarray, target: np.ndarray, keep: int,
    *, run: np.ndarray | None = None, separation: int = 0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """For every source clip the `keep` target clips nearest in pose, velocity, place, head and coarse picture together.

    Nearness is the sum of the squared (weighted RMS) distances as fractions of the usual thresholds: with the parts
    side by side in one vector it is a matrix product.

    Args:
        limit: (N, 2, 8) of `thresholds`; source, target: clip numbers allowed in each role.
        run: (N,) run of every clip when both roles are one video; pairs of one run within `separation` are left out.

    Returns:
        src, dst (P,) int64, sorted by source; never the natural successor when `run` is given.
    """
    if not source.size or not target.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    (vector_a, part), (vector_b, _) = _stack(following, source), _stack(first, target)
    middle = vector_b.mean(axis=0)  # nearer to zero: less cancellation in float32
    vector_a -= middle
    vector_b -= middle
    scale = 1.0 / np.square(limit[source, 1][:, _NEARNESS])  # (n, 5)
    parts = len(_NEARNESS)
    square_b = np.stack([np.square(vector_b[:, part == k]).sum(axis=1) for k in range(parts)], axis=1)
    right = np.concatenate([-2.0 * vector_b, square_b], axis=1).T.astype(np.float32)
    sources, targets = [], []
    keep = min(keep, target.size)
    for start in range(0, source.size, _BLOCK):
        rows = slice(start, start + _BLOCK)
        left = np.concatenate([vector_a[rows] * scale[rows][:, part], scale[rows]], axis=1).astype(np.float32)
        distance = left @ right  # up to the source's own square, which ranks nothing
        if run is not None:
            clip = source[rows]
            step = target[None, :] - clip[:, None]
            near = (run[clip][:, None] == run[target][None, :]) & (np.abs(step) <= separation)
            # (i - separation .. i]: backward; (i .. i + separation]: skips; the clip before those may be jumped to
            distance[(near & (step > -separation)) | (step == 0)] = np.inf
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
