"""The SMPL-X skeleton: 55 joints, their parents and the index groups the rooms use.

Order, names and parents are those of the SMPL-X model (Pavlakos et al. 2019) and of the common motion file:
a pose vector is 55 axis-angle triples in this order, 165 numbers.
"""

import numpy as np

FINGERS = ("index", "middle", "pinky", "ring", "thumb")

JOINT_NAMES: tuple[str, ...] = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "jaw", "left_eye", "right_eye",
    *(f"{side}_{finger}{k}" for side in ("left", "right") for finger in FINGERS for k in (1, 2, 3)),
)  # fmt: skip

JOINT_COUNT = len(JOINT_NAMES)  # 55
POSE_SIZE = 3 * JOINT_COUNT  # 165
JOINT = {name: index for index, name in enumerate(JOINT_NAMES)}

_BODY_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15)
PARENTS: np.ndarray = np.array(
    [
        *_BODY_PARENTS,
        *(
            JOINT[f"{side}_wrist"] if k == 1 else JOINT[f"{side}_{finger}{k - 1}"]
            for side in ("left", "right")
            for finger in FINGERS
            for k in (1, 2, 3)
        ),
    ],
    dtype=np.int64,
)
PARENTS.flags.writeable = False

BODY: tuple[int, ...] = tuple(range(1, 22))
JAW, LEFT_EYE, RIGHT_EYE = 22, 23, 24
LEFT_HAND: tuple[int, ...] = tuple(range(25, 40))
RIGHT_HAND: tuple[int, ...] = tuple(range(40, 55))
LEGS: tuple[int, ...] = (1, 2, 4, 5, 7, 8, 10, 11)
HEAD: tuple[int, ...] = (12, 15)
UPPER_BODY: tuple[int, ...] = tuple(j for j in BODY if j not in LEGS)

# The open body's ten expression coefficients, in order (ARKit names; left and right together). A licensed SMPL-X file
# has its own, unnamed, expression space.
EXPRESSIONS: tuple[str, ...] = (
    "jawOpen", "mouthSmile", "mouthPucker", "mouthFunnel", "browUp", "eyeBlink", "mouthClose", "mouthStretch",
    "mouthPress", "browDown",
)  # fmt: skip


def slots(joints: tuple[int, ...] | int) -> np.ndarray:
    """Indices of these joints' axis-angle numbers in the flat pose vector (165,)."""
    index = np.atleast_1d(np.asarray(joints))
    return (3 * index[:, None] + np.arange(3)).ravel()
