"""How far joints turn: soft limits and rest poses, in each joint's own axes.

Every joint has three axes from its bone in the T-pose: *flex* (curl of a finger, bend of an elbow or knee), *side*
(spreading the fingers) and *twist* about the bone. A pose is judged by its axis-angle's parts along these axes.
Ranges are the usual clinical ranges of motion (Norkin & White, Measurement of Joint Motion), a little widened because
axis-angle parts are not quite clinical angles.

A hand is held in three places: by `wrist` in the table, by the first guess's constants, and, since half of the
forearm's twist is the elbow's, by the elbow's entry in `HINGES`. All of them are prices, none a stop: how stiff
they are stands in `optimiser`, how far a palm is drawn to its forearm in `palm_pose`. Imported motion is not limited.
Fits made within other limits are out of date once `fit_smplx` has another `code_version`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tango_models.body.rotations import unit
from tango_models.body.skeleton import JOINT, JOINT_COUNT, JOINT_NAMES, PARENTS

# The rests' spreads matter where the networks see little: a wrist's is that of speaking hands, not of its range.
_FINGERS = ("index", "middle", "ring", "pinky")
_FREE = ((-3.0, 3.0), (-3.0, 3.0), (-3.0, 3.0))

# (flex, side, twist) ranges in radians; rest; standard deviation about the rest.
_TABLE: dict[str, tuple[tuple[tuple[float, float], ...], tuple[float, ...], tuple[float, ...]]] = {
    "spine": (((-0.6, 0.6),) * 3, (0, 0, 0), (0.25, 0.25, 0.25)),
    "neck": (((-0.7, 0.7),) * 3, (0, 0, 0), (0.4, 0.4, 0.4)),
    "head": (((-0.8, 0.8),) * 3, (0, 0, 0), (0.4, 0.4, 0.4)),
    "collar": (((-0.5, 0.5),) * 3, (0, 0, 0), (0.2, 0.2, 0.2)),
    "elbow": (_FREE, (0.5, 0, 0), (9.0, 9.0, 9.0)),  # see HINGES
    "wrist": (((-1.3, 1.3), (-0.7, 0.7), (-1.2, 1.2)), (0, 0, 0), (0.3, 0.17, 0.25)),
    "finger1": (((-0.5, 1.7), (-0.4, 0.4), (-0.2, 0.2)), (0.3, 0, 0), (0.7, 0.2, 0.1)),
    "finger2": (((0.0, 1.9), (-0.06, 0.06), (-0.06, 0.06)), (0.4, 0, 0), (0.7, 0.05, 0.05)),
    "finger3": (((-0.1, 1.5), (-0.06, 0.06), (-0.06, 0.06)), (0.25, 0, 0), (0.4, 0.05, 0.05)),
    "thumb1": (((-0.9, 0.9),) * 3, (0, 0, 0), (0.4, 0.4, 0.25)),
    "thumb2": (((-0.8, 0.8), (-0.8, 0.8), (-0.3, 0.3)), (0, 0, 0), (0.3, 0.3, 0.15)),
    "thumb3": (((-1.2, 1.2), (-1.2, 1.2), (-0.15, 0.15)), (0, 0, 0), (0.4, 0.4, 0.08)),
    "hip": (_FREE, (0, 0, 0), (0.6, 0.6, 0.4)),
    "knee": (_FREE, (0, 0, 0), (9.0, 9.0, 9.0)),
    "shoulder": (_FREE, (0, 0, 0), (3.0, 3.0, 1.0)),
    "jaw": (((0.0, 0.5), (-0.1, 0.1), (-0.1, 0.1)), (0, 0, 0), (1.0, 0.05, 0.05)),
    "fixed": (((-0.01, 0.01),) * 3, (0, 0, 0), (0.02, 0.02, 0.02)),
}

FOREARM_TWIST = 1.6
"""How far the first guess twists a forearm, radians: by nature 80 to 90 degrees (Norkin & White)."""
LIKELY_TWIST = 2.2
"""A measured twist beyond it is a mistake of the hand network."""
WRIST_SWING = 1.2
"""How far the first guess bends a wrist, by nature 80 degrees. The optimiser then holds it by the table's `wrist`."""

HINGES: tuple[tuple[int, float], ...] = (
    (JOINT["left_elbow"], 0.8),
    (JOINT["right_elbow"], 0.8),
    (JOINT["left_knee"], 0.2),
    (JOINT["right_knee"], 0.2),
)
"""(joint, usual twist in radians). They bend far and twist at once, where axis-angle parts are no angles any more; the
optimiser holds them by where they point instead."""


@dataclass(frozen=True)
class JointLimits:
    """Per joint of the skeleton; float32."""

    axes: np.ndarray
    """(55, 3, 3): rows flex, side, twist; ``axes @ axis_angle`` gives a joint's three angles."""
    low: np.ndarray
    """(55, 3) radians."""
    high: np.ndarray
    """(55, 3) radians."""
    rest: np.ndarray
    """(55, 3) radians along the axes."""
    sigma: np.ndarray
    """(55, 3) radians: how far joints usually are from their rest."""

    def rest_axis_angle(self) -> np.ndarray:
        """The relaxed pose, (55, 3) axis-angle."""
        return np.einsum("jba,jb->ja", self.axes, self.rest)


def joint_limits(rest_joints: np.ndarray) -> JointLimits:
    """Limits for a body whose T-pose joints are ``rest_joints`` (55, 3)."""
    axes = np.tile(np.eye(3), (JOINT_COUNT, 1, 1))
    rows = [_TABLE[_kind(name)] for name in JOINT_NAMES]
    for joint, name in enumerate(JOINT_NAMES):
        children = np.flatnonzero(joint == PARENTS)
        kind = _kind(name)
        if kind in ("elbow", "knee", "shoulder", "wrist") or kind.startswith(("finger", "thumb")):
            start, end = (joint, children[0]) if len(children) else (PARENTS[joint], joint)
            if kind == "wrist":
                end = JOINT[name.split("_")[0] + "_middle1"]
            bone = rest_joints[end] - rest_joints[start]
            axes[joint] = _bone_axes(bone, _BENDS_TOWARD.get(kind, np.array([0.0, -1.0, 0.0])))
    low_high = np.array([row[0] for row in rows])
    return JointLimits(
        axes.astype(np.float32),
        low_high[..., 0].astype(np.float32),
        low_high[..., 1].astype(np.float32),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[2] for row in rows], np.float32),
    )


# In the T-pose with palms down: elbows bend forward, knees back, fingers and wrists toward the floor.
_BENDS_TOWARD = {"elbow": np.array([0.0, 0.0, 1.0]), "knee": np.array([0.0, 0.0, -1.0])}


def _bone_axes(bone: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """Rows flex, side, twist: turning about flex by a positive angle moves the bone's end ``toward``."""
    twist = unit(bone)
    flex = unit(np.cross(twist, toward))
    return np.stack([flex, np.cross(twist, flex), twist])


def _kind(name: str) -> str:
    plain = name.removeprefix("left_").removeprefix("right_")
    if plain[:-1] in _FINGERS:
        return f"finger{plain[-1]}"
    plain = "spine" if plain.startswith("spine") else plain
    if plain in ("ankle", "foot", "eye"):
        return "fixed"
    return plain if plain in _TABLE else "shoulder"
