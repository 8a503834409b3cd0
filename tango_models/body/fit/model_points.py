"""The points of the body that landmarks are compared with, and their fast forward kinematics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tango_models.body.skeleton import JOINT, JOINT_COUNT, PARENTS

if TYPE_CHECKING:
    import torch

    from tango_models.body.smplx_body import Body

FINGER_ORDER = ("thumb", "index", "middle", "ring", "pinky")
"""The hand network's order; the skeleton has its own."""
_HEAD_POINTS = ("nose", "leye", "reye", "lear", "rear")
EXTRA_NAMES: tuple[str, ...] = _HEAD_POINTS + tuple(f"{side}{finger}" for side in "lr" for finger in FINGER_ORDER)
"""Surface points behind the 55 joints: five of the head, ten fingertips (named as in the `smplx` package)."""

_KNUCKLED = FINGER_ORDER[1:]
MARK_NAMES: tuple[str, ...] = (
    "left_mark",
    "right_mark",
    *(f"{s}{f}_mark" for s in "lr" for f in _KNUCKLED),
    "left_elbow_mark",
    "right_elbow_mark",
    "lear_mark",
    "rear_mark",
    "nose_mark",
)
"""Points that are no joint of the model but what the networks call shoulder, knuckle, elbow, ear and nose."""

POINT: dict[str, int] = JOINT | {name: JOINT_COUNT + k for k, name in enumerate(EXTRA_NAMES + MARK_NAMES)}
"""Index of every model point: 55 joints, 15 surface points, 15 marks."""

POINT_COUNT = len(POINT)  # 85

# Where the networks see what the model has elsewhere, measured on seven rendered speakers with known joints (range over
# speakers and sides): the shoulder 22 mm (15..33) above the joint and 11 mm nearer the neck; the elbow up the upper arm
# by 10 % (4..20) of its length; the ear at 0.70 (0.64..0.74) of the rim's distance from the middle of the head; the
# nose 12 mm (9..18) above its tip.
_SHOULDER_LIFT, _SHOULDER_IN = 0.022, 0.011
ELBOW_SHIFT = 0.1
_EAR_SHARE = 0.7
_NOSE_LIFT = 0.012
# A finger's first bone is 0.88 times as long as the other two together (Buryanov & Kotiuk 2010, to about 5 %); body
# files put its joint further out, so there the knuckle the network sees lies that much nearer the wrist.
_FIRST_PHALANX = 0.88

# And in shares of the palm's length toward the thumb and out of the palm, against the wrist that it sees: measured on
# twelve videos of the seven rendered speakers (0.01 between speakers). Without this the palm is tilted by 6 degrees.
_KNUCKLE_SHIFT = {"index": (0.015, 0.1), "middle": (0.026, 0.088), "ring": (0.012, 0.078), "pinky": (0.04, 0.054)}

_PARENTS = np.concatenate(
    [
        PARENTS,
        [JOINT["head"]] * len(_HEAD_POINTS),
        [JOINT[f"{'left' if side == 'l' else 'right'}_{finger}3"] for side in "lr" for finger in FINGER_ORDER],
        [JOINT["left_collar"], JOINT["right_collar"]],
        [JOINT["left_wrist"]] * 4 + [JOINT["right_wrist"]] * 4,
        [JOINT["left_shoulder"], JOINT["right_shoulder"]],
        [JOINT["head"]] * 3,
    ]
).astype(np.int64)

# (model point, body landmark) pairs compared in the picture.
BODY_PAIRS: tuple[tuple[int, int], ...] = tuple(
    (POINT[name], landmark)
    for name, landmark in (
        ("left_mark", 11), ("right_mark", 12), ("left_elbow_mark", 13), ("right_elbow_mark", 14), ("left_wrist", 15),
        ("right_wrist", 16), ("left_hip", 23), ("right_hip", 24), ("left_knee", 25), ("right_knee", 26),
        ("left_ankle", 27), ("right_ankle", 28), ("nose_mark", 0), ("leye", 2), ("reye", 5), ("lear_mark", 7),
        ("rear_mark", 8),
    )
)  # fmt: skip


def hand_points(side: int) -> list[int]:
    """Model points of the 21 hand landmarks (wrist, then thumb to little finger, each from palm to tip)."""
    name, letter = (("left", "l"), ("right", "r"))[side]
    fingers = [
        [POINT[f"{letter}{f}_mark" if f in _KNUCKLED else f"{name}_{f}1"], POINT[f"{name}_{f}2"], POINT[f"{name}_{f}3"],
         POINT[letter + f]] for f in FINGER_ORDER
    ]  # fmt: skip
    return [POINT[f"{name}_wrist"], *(point for finger in fingers for point in finger)]


def rest_points(body: Body, betas: torch.Tensor | np.ndarray) -> torch.Tensor:
    """Model points (85, 3) of the T-pose for shape ``betas`` (S,), differentiable in them."""
    import torch

    ids = _extra_vertices(body)
    betas = torch.as_tensor(betas, dtype=torch.float32)
    used = min(betas.shape[-1], body.num_betas)
    extra = body.template[ids] + body.shape_directions[ids][..., :used] @ betas[:used]
    points = torch.cat([body.rest_joints(betas), extra])
    left, lift = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])
    marks = [
        points[POINT[f"{side}_shoulder"]] + _SHOULDER_LIFT * lift + inward * left
        for side, inward in (("left", -_SHOULDER_IN), ("right", _SHOULDER_IN))
    ]
    for side, letter in (("left", "l"), ("right", "r")):
        axes = _palm_axes(points, side)
        for finger in _KNUCKLED:
            first, second, third = (points[POINT[f"{side}_{finger}{k}"]] for k in (1, 2, 3))
            rest = (third - second).norm() + (points[POINT[letter + finger]] - third).norm()
            shift = torch.tensor(_KNUCKLE_SHIFT[finger])
            short = (_FIRST_PHALANX * rest - (second - first).norm()).clamp_min(0)
            palm = points[POINT[f"{side}_wrist"]] - first
            marks.append(first + palm * (short / palm.norm()) + axes @ shift)
    for side in ("left", "right"):
        shoulder, elbow = points[POINT[f"{side}_shoulder"]], points[POINT[f"{side}_elbow"]]
        marks.append(elbow + ELBOW_SHIFT * (shoulder - elbow))
    ears = points[[POINT["lear"], POINT["rear"]]]
    marks += [*(ears.mean(0) + _EAR_SHARE * (ears - ears.mean(0))), points[POINT["nose"]] + _NOSE_LIFT * lift]
    return torch.cat([points, torch.stack(marks)])


def _palm_axes(points: torch.Tensor, side: str) -> torch.Tensor:
    """(3, 2) toward the thumb and out of the palm in the T-pose, as long as the palm."""
    import torch

    wrist, index, middle, little = (
        points[POINT[f"{side}_{name}"]] for name in ("wrist", "index1", "middle1", "pinky1")
    )
    length = (middle - wrist).norm()
    along, across = (middle - wrist) / length, index - little
    across = across - (across @ along) * along
    across = across / across.norm()
    out = torch.linalg.cross(along, across) * (1 if side == "left" else -1)
    return length * torch.stack([across, out], -1)


def pose_points(rest: torch.Tensor, rotations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Model points (B, 85, 3) about the pelvis' rest place, and the joints' world rotations (B, 55, 3, 3).

    Args:
        rest: (85, 3) of :func:`rest_points`.
        rotations: (B, 55, 3, 3) local rotations.
    """
    import torch

    offsets = rest - torch.cat([torch.zeros(1, 3), rest[_PARENTS[1:]]])
    rotation, position = rotations[:, :1], offsets[:1].expand(len(rotations), 1, 3)
    for above, level, turning in _LEVELS:
        parents = rotation[:, above]
        position = torch.cat([position, position[:, above] + (parents @ offsets[level, :, None])[..., 0]], 1)
        rotation = torch.cat([rotation, parents[:, :turning] @ rotations[:, level[:turning]]], 1)
        if turning < len(level):  # surface points do not turn anything; keeps both lists in the same order
            rotation = torch.cat([rotation, parents[:, turning:]], 1)
    return position[:, _ORDER], rotation[:, _ORDER[:JOINT_COUNT]]


def rotation_matrices(axis_angle: torch.Tensor) -> torch.Tensor:
    """Rodrigues' formula (..., 3) -> (..., 3, 3), smooth at zero."""
    import torch

    squared = (axis_angle**2).sum(-1) + 1e-12
    angle = squared.sqrt()
    sine, cosine = angle.sin() / angle, (1 - angle.cos()) / squared
    x, y, z = axis_angle.unbind(-1)
    sx, sy, sz = sine * x, sine * y, sine * z
    cx, cy, cz = cosine * x, cosine * y, cosine * z
    rest = 1 - cosine * squared
    values = [rest + cx * x, cx * y - sz, cx * z + sy, cx * y + sz, rest + cy * y, cy * z - sx, cx * z - sy,
              cy * z + sx, rest + cz * z]  # fmt: skip
    return torch.stack(values, -1).reshape(*axis_angle.shape[:-1], 3, 3)


def _levels() -> tuple[list[tuple[list[int], list[int], int]], np.ndarray]:
    """Per level of the tree: parents' places in the list so far, the points, how many of them are joints; and where
    each point ends up in that list."""
    depth = np.zeros(len(_PARENTS), int)
    for point in range(1, len(_PARENTS)):
        depth[point] = depth[_PARENTS[point]] + 1
    order, levels = [0], []
    for d in range(1, depth.max() + 1):
        level = np.flatnonzero(depth == d).tolist()  # joints come before surface points
        levels.append(([order.index(_PARENTS[p]) for p in level], level, sum(p < JOINT_COUNT for p in level)))
        order += level
    return levels, np.argsort(order)


_LEVELS, _ORDER = _levels()


def _extra_vertices(body: Body) -> list[int]:
    if "extra_vertex_names" in body.arrays:
        named = dict(zip(body.arrays["extra_vertex_names"].tolist(), body.arrays["extra_vertex_ids"], strict=True))
    else:
        from smplx.vertex_ids import vertex_ids

        named = vertex_ids["smplx"]
    return [int(named[name]) for name in EXTRA_NAMES]
