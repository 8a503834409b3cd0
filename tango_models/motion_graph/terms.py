"""The eight terms by which a jump is described: what changes of pose, place and looks as if the clips were joined by a
plain cut. What a jump costs is what is seen of it once it is made (`seam_price`)."""

from dataclasses import dataclass

import numba
import numpy as np

from tango_models.motion_graph.features import WEIGHTS, ClipEnds

TERMS = ("pose", "velocity", "translation", "mask", "hands", "head", "face", "picture")
SHORTEST_PERIOD = 2
HANDS, HEAD, FACE = TERMS.index("hands"), TERMS.index("head"), TERMS.index("face")


@dataclass(frozen=True)
class PairTerms:
    """Terms of P pairs.

    distance (P, 8) float32 in the order of `TERMS`: metres, m/s, metres, 1 - IoU, 1 - IoU (NaN where no hand is seen in
    both), image heights and grey levels (NaN where no face is seen in both), grey levels over the person. Hands:
    one_sided (P,) int64 are seen in one of the two frames only, both (P,) in both. faces (P,) int64: frames with a
    face. stutter (P,) bool: the picture stands still twice within `SHORTEST_PERIOD` frames around the jump (footage of
    24 fps stored as 30 holds every fifth frame).
    """

    distance: np.ndarray
    one_sided: np.ndarray
    both: np.ndarray
    faces: np.ndarray
    stutter: np.ndarray


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
