"""The eight terms of a jump for given pairs of clips, and what each clip's own surroundings make of them."""

from dataclasses import dataclass

import numba
import numpy as np

from tango_models.motion_graph.features import CLIP_FRAMES, WEIGHTS, ClipEnds, FrameFeatures, frame_ends

NEIGHBOURHOOD = 4  # frames each way, paper section 2.3 after GVR (Zhou et al. 2022)
TERMS = ("pose", "velocity", "translation", "mask", "hands", "head", "face", "picture")
SHORTEST_PERIOD = 2
HANDS, HEAD, FACE = TERMS.index("hands"), TERMS.index("head"), TERMS.index("face")


@dataclass(frozen=True)
class EdgeConfig:
    """How jumps are judged.

    Whether a jump is admissible is a matter of its source: every distance must stay within the source clip's own
    threshold, the mean distance between the frame one would see next and its own +-4 frames (in its own run), at least
    the `floor_quantile` of these means over the video and `floor[term]`, at most the `ceiling_quantile` and
    `ceiling[term]`, times `slack`. Still and repeated frames so take the video's usual threshold instead of zero, and
    the fastest frames do not admit everything.

    What a jump costs is a matter of what is seen: the same distances as fractions of the video's *usual* thresholds
    (the lower bound above), weighted. Against the optical flow between the two pictures this ranks jumps better than
    fractions of each source's own threshold (benchmarks/calibration.py).
    """

    slack: float = 2.0
    """One frame's mean distance to +-4 frames is about 2.5 frames of motion; 2 makes that five frames' worth. On raw
    landmarks of seated speakers (4 clips of 5 to 8.5 s) 1.5 left 1 to 4 jumps per clip, 2 leaves about 4."""
    floor_quantile: float = 0.5
    ceiling_quantile: float = 0.95
    floor: tuple[float, ...] = (0.010, 0.08, 0.012, 0.04, 0.40, 0.007, 6.0, 8.0)
    """Before slack, in the order of `TERMS`: metres, m/s, apparent metres, 1 - IoU, 1 - IoU, image heights, grey
    levels, grey levels."""
    ceiling: tuple[float, ...] = (0.08, 0.8, 0.05, 0.20, 0.45, 0.025, 16.0, 24.0)
    weights: tuple[float, ...] = (0.08, 0.08, 0.11, 0.15, 0.07, 0.19, 0.06, 0.26)
    """Shares of the terms in the cost; sum 1, so that an edge's cost is 0 when what comes is exactly what would have
    come, and 1 when every term is at the video's usual threshold. Fitted to optical flow on three real speakers with a
    pull towards even weights (benchmarks/calibration.py, ridge 0.3)."""
    stutter: float = 0.15
    """Added to the cost of a jump around which the picture stands still twice within `SHORTEST_PERIOD` frames: footage
    of 24 fps stored as 30 holds every fifth frame, and two holds in a row are seen."""
    budget_same: int = 24
    """Cheapest jumps kept per clip within its own video."""
    budget_other: int = 12
    """Cheapest jumps kept per clip into each other video."""
    budget_node: int = 48
    """Cheapest jumps kept per clip of a graph, into all videos together."""
    separation: int = 3
    """In the clip's own run jumps to within this many clips are no edges: back they stutter, ahead they skip frames."""
    candidates: int = 8
    """Pairs judged exactly per jump kept; they are the nearest in pose, velocity, place, head and picture together."""


@dataclass(frozen=True)
class PairTerms:
    """Terms of P pairs.

    distance (P, 8) float32 in the order of `TERMS`: metres, m/s, metres, 1 - IoU, 1 - IoU (NaN where no hand is seen in
    both), image heights and grey levels (NaN where no face is seen in both), grey levels over the person. Hands:
    one_sided (P,) int64 are seen in one of the two frames only, both (P,) in both. faces (P,) int64: frames with a
    face. stutter (P,) bool: see `EdgeConfig.stutter`.
    """

    distance: np.ndarray
    one_sided: np.ndarray
    both: np.ndarray
    faces: np.ndarray
    stutter: np.ndarray

    def relative(self, threshold: np.ndarray) -> np.ndarray:
        """(P, 8) float32: each term as a fraction of its threshold (P, 8).

        A hand that is seen before and not after (or the reverse) counts as at the threshold: the detector blinks, so it
        neither forbids the jump nor passes for free. Two frames without hands agree. The same holds for the face.
        """
        fraction = self.distance / threshold
        seen = self.both + self.one_sided
        hands = np.where(self.both > 0, fraction[:, HANDS] * self.both, 0.0) + self.one_sided
        fraction[:, HANDS] = np.where(seen > 0, hands / np.maximum(seen, 1), 0.0)
        for term in (HEAD, FACE):
            fraction[:, term] = np.where(self.faces == 2, fraction[:, term], self.faces)
        return fraction


def pair_terms(following: ClipEnds, first: ClipEnds, src: np.ndarray, dst: np.ndarray) -> PairTerms:
    """Compare what would follow clip `src[p]` with the first frame of clip `dst[p]`. src, dst (P,) int."""
    src, dst = np.asarray(src, np.int64), np.asarray(dst, np.int64)
    distance, one_sided, both, faces = _pair_terms(
        following.position, following.velocity, following.rigid, following.mask, following.hand_boxes, following.head,
        first.position, first.velocity, first.rigid, first.mask, first.hand_boxes, first.head,
        src, dst, WEIGHTS, len(TERMS),
    )  # fmt: skip
    looks = _pair_looks(
        following.face, following.picture, following.person, first.face, first.picture, first.person, src, dst
    )
    distance[:, HEAD + 1 :] = looks
    distance[faces < 2, FACE] = np.nan
    stutter = following.hold[src] + first.hold[dst] <= SHORTEST_PERIOD
    return PairTerms(distance, one_sided, both, faces, stutter)


def thresholds(features: FrameFeatures, config: EdgeConfig, *, camera: bool) -> np.ndarray:
    """(N, 2, 8) float32 thresholds of every term for jumps out of every clip (see `EdgeConfig`): `[:, 0]` the clip's
    own, `[:, 1]` the video's usual ones."""
    own = _neighbourhood_means(features, camera=camera)
    usable = np.repeat(features.usable_clips, CLIP_FRAMES)
    floor, ceiling = np.asarray(config.floor, np.float64), np.asarray(config.ceiling, np.float64)
    for term in range(len(TERMS)):
        known = own[usable, term]
        known = known[np.isfinite(known)]
        if known.size:
            low, high = np.quantile(known, [config.floor_quantile, config.ceiling_quantile])
            floor[term] = min(max(floor[term], low), ceiling[term])
            ceiling[term] = min(max(floor[term], high), ceiling[term])
    successor = features.successor
    last = np.arange(features.clips) * CLIP_FRAMES + CLIP_FRAMES - 1
    chosen = own[np.where(successor >= 0, last + 1, last)]
    chosen = np.clip(np.where(np.isfinite(chosen), chosen, floor), floor, ceiling)
    return (np.stack([chosen, np.broadcast_to(floor, chosen.shape)], axis=1) * config.slack).astype(np.float32)


def _neighbourhood_means(features: FrameFeatures, *, camera: bool) -> np.ndarray:
    """(T, 8) mean distance of every frame to its +-4 frames within its run; NaN where there is none."""
    frames = len(features.position)
    total, count = np.zeros((frames, len(TERMS))), np.zeros((frames, len(TERMS)))
    run = features.frame_run
    ends = frame_ends(features, np.arange(frames), run >= 0, camera=camera)
    for lag in range(1, min(NEIGHBOURHOOD, frames - 1) + 1):
        early = np.flatnonzero((run[:-lag] == run[lag:]) & (run[lag:] >= 0))
        distance = pair_terms(ends, ends, early, early + lag).distance
        known = np.isfinite(distance)
        for frame in (early, early + lag):
            total[frame] += np.where(known, distance, 0.0)
            count[frame] += known
    with np.errstate(invalid="ignore"):
        return total / np.where(count > 0, count, np.nan)


@numba.njit(cache=True, inline="always")
def _bit_count(word):
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
def _pair_terms(
    pos_a, vel_a, rigid_a, mask_a, hand_a, head_a, pos_b, vel_b, rigid_b, mask_b, hand_b, head_b,
    src, dst, weights, terms,
):  # fmt: skip
    pairs = src.size
    distance = np.empty((pairs, terms), np.float32)
    one_sided = np.zeros(pairs, np.int64)
    both = np.zeros(pairs, np.int64)
    faces = np.zeros(pairs, np.int64)
    for p in range(pairs):
        i, j = src[p], dst[p]
        pose = np.float32(0)
        speed = np.float32(0)
        for k in range(weights.size):
            square_pose = np.float32(0)
            square_speed = np.float32(0)
            for c in range(3):
                difference = pos_a[i, k, c] - pos_b[j, k, c]
                square_pose += difference * difference
                difference = vel_a[i, k, c] - vel_b[j, k, c]
                square_speed += difference * difference
            pose += weights[k] * np.sqrt(square_pose)
            speed += weights[k] * np.sqrt(square_speed)
        rigid = np.float32(0)
        for c in range(rigid_a.shape[1]):
            difference = rigid_a[i, c] - rigid_b[j, c]
            rigid += difference * difference
        common = np.uint64(0)
        union = np.uint64(0)
        for w in range(mask_a.shape[1]):
            common += _bit_count(mask_a[i, w] & mask_b[j, w])
            union += _bit_count(mask_a[i, w] | mask_b[j, w])
        hands = np.float32(0)
        for h in range(2):
            seen_a = not np.isnan(hand_a[i, h, 0])
            seen_b = not np.isnan(hand_b[j, h, 0])
            if seen_a and seen_b:
                both[p] += 1
                width = min(hand_a[i, h, 2], hand_b[j, h, 2]) - max(hand_a[i, h, 0], hand_b[j, h, 0])
                height = min(hand_a[i, h, 3], hand_b[j, h, 3]) - max(hand_a[i, h, 1], hand_b[j, h, 1])
                shared = max(width, np.float32(0)) * max(height, np.float32(0))
                area_a = (hand_a[i, h, 2] - hand_a[i, h, 0]) * (hand_a[i, h, 3] - hand_a[i, h, 1])
                area_b = (hand_b[j, h, 2] - hand_b[j, h, 0]) * (hand_b[j, h, 3] - hand_b[j, h, 1])
                joined = area_a + area_b - shared
                hands += np.float32(1) - (shared / joined if joined > 0 else np.float32(1))
            elif seen_a or seen_b:
                one_sided[p] += 1
        distance[p, 0] = pose
        distance[p, 1] = speed
        distance[p, 2] = np.sqrt(rigid)
        distance[p, 3] = np.float32(1) - np.float32(common) / np.float32(union) if union > 0 else np.float32(0)
        distance[p, 4] = hands / both[p] if both[p] > 0 else np.nan
        faces[p] = int(not np.isnan(head_a[i, 0])) + int(not np.isnan(head_b[j, 0]))
        place = np.float32(0)
        for c in range(3):
            difference = head_a[i, c] - head_b[j, c]
            place += difference * difference
        distance[p, 5] = np.sqrt(place)  # NaN without a face
    return distance, one_sided, both, faces


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
def _pair_looks(face_a, picture_a, person_a, face_b, picture_b, person_b, src, dst):
    """(P, 2) float32 mean grey difference of the faces, and of the pictures where either has the person."""
    looks = np.empty((src.size, 2), np.float32)
    for p in range(src.size):
        i, j = src[p], dst[p]
        total = np.int32(0)
        for k in range(face_a.shape[1]):
            total += abs(np.int32(face_a[i, k]) - np.int32(face_b[j, k]))
        looks[p, 0] = total / face_a.shape[1]
        total = np.int32(0)
        area = np.int32(0)
        for k in range(picture_a.shape[1]):
            inside = np.int32(person_a[i, k] | person_b[j, k])
            total += inside * abs(np.int32(picture_a[i, k]) - np.int32(picture_b[j, k]))
            area += inside
        looks[p, 1] = total / area if area > 0 else 0
    return looks
