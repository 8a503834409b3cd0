"""Arms posed by where the hand is: wrist, elbow, forearm twist and fingers, all as interpolable numbers.

A gesture is easier to describe, to interpolate and to keep within human limits in these numbers than in joint
rotations: the elbow stays a hinge, the forearm's twist is shared between elbow and wrist, fingers curl about one axis.
"""

from dataclasses import dataclass, replace

import numpy as np

from tango_models.body.skeleton import FINGERS, JOINT

# Anatomical limits the solver keeps (degrees): elbow flexion, forearm twist, wrist flexion and deviation.
ELBOW_LIMIT, TWIST_LIMIT, FLEX_LIMIT, DEVIATION_LIMIT = (4.0, 145.0), 88.0, 60.0, 25.0


@dataclass(frozen=True)
class ArmState:
    """One arm, described for the left; the right mirrors it. Lengths for an arm of 0.545 m."""

    out: float  # wrist: metres to the speaker's own side of the body's middle
    up: float  # wrist: metres above the pelvis
    front: float  # wrist: metres before the pelvis
    lift: float = 0.35  # elbow away from the body: 0 hanging, 1 raised
    twist: float = 0.0  # forearm, degrees: 0 palm inwards, + palm up, - palm down
    flex: float = 0.0  # wrist, degrees: + towards the palm
    deviate: float = 0.0  # wrist, degrees: + towards the thumb
    curl: tuple[float, float, float, float, float] = (22, 26, 34, 30, 10)  # degrees a joint: FINGERS' order
    spread: float = 4.0  # degrees between neighbouring fingers

    def vector(self) -> np.ndarray:
        """(13,) for interpolation."""
        return np.array([self.out, self.up, self.front, self.lift, self.twist, self.flex, self.deviate, *self.curl,
                         self.spread])  # fmt: skip

    def moved(self, **change: float) -> "ArmState":
        """A copy with these fields changed by these amounts."""
        return replace(self, **{name: getattr(self, name) + by for name, by in change.items()})


_REFERENCE_SHOULDER = np.array([0.187, 0.484, 0.009])  # of the open body's mean shape, where `ArmState` was measured
_REFERENCE_ARM = 0.545


def _turn(axis: int, angle: float) -> np.ndarray:
    vector = np.zeros(3)
    vector[axis] = angle
    return vector


def solve_arm(state: np.ndarray, joints: np.ndarray, side: str) -> dict[str, np.ndarray]:
    """Axis-angle rotations by joint name for one arm.

    state (13,) from `ArmState.vector`, joints (55,3) of the T-pose; the chest is taken as upright (what leans carries
    the arm with it). A wrist out of reach is brought within 97 % of the arm's length.
    """
    from scipy.spatial.transform import Rotation

    sign = 1.0 if side == "left" else -1.0
    shoulder = joints[JOINT[f"{side}_shoulder"]]
    upper = np.linalg.norm(joints[JOINT[f"{side}_elbow"]] - shoulder)
    lower = np.linalg.norm(joints[JOINT[f"{side}_wrist"]] - joints[JOINT[f"{side}_elbow"]])
    out, up, front, lift, twist, flex, deviate = state[:7]
    scale = (upper + lower) / _REFERENCE_ARM
    goal = (np.array([out, up, front]) - _REFERENCE_SHOULDER) * scale  # from the shoulder, left-handed terms
    goal[0] *= sign
    distance = np.linalg.norm(goal)
    low, high = (np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(np.deg2rad(a))) for a in ELBOW_LIMIT[::-1])
    reach = np.clip(distance, low, min(high, 0.97 * (upper + lower)))
    axis = goal / distance
    pole = np.array([sign * (0.02 + lift), -1.0, -0.30])
    pole -= axis * (pole @ axis)
    pole /= np.linalg.norm(pole)
    along = (upper**2 - lower**2 + reach**2) / (2 * reach)
    elbow = axis * along + pole * np.sqrt(max(upper**2 - along**2, 0.0))
    u = elbow / np.linalg.norm(elbow)
    f = (axis * reach - elbow) / np.linalg.norm(axis * reach - elbow)
    bend = np.arccos(np.clip(u @ f, -1, 1))
    w = f - u * (f @ u)
    w /= np.linalg.norm(w)
    x = u * sign
    turn = Rotation.from_matrix(np.stack([x, np.cross(w, x), w], 1))
    # The forearm's twist: two thirds below the elbow, as the bones do, the rest at the wrist.
    roll = np.deg2rad(np.clip(twist, -TWIST_LIMIT, TWIST_LIMIT)) * -1.0
    hinge = Rotation.from_rotvec(_turn(1, -sign * bend)) * Rotation.from_rotvec(_turn(0, 0.6 * roll))
    bend_wrist = Rotation.from_rotvec(_turn(2, -sign * np.deg2rad(np.clip(flex, -FLEX_LIMIT, FLEX_LIMIT))))
    tilt = np.deg2rad(np.clip(deviate, -DEVIATION_LIMIT, DEVIATION_LIMIT))
    wrist = Rotation.from_rotvec(_turn(0, 0.4 * roll)) * Rotation.from_rotvec(_turn(1, -sign * tilt)) * bend_wrist
    found = {
        f"{side}_shoulder": turn.as_rotvec(),
        f"{side}_elbow": hinge.as_rotvec(),
        f"{side}_wrist": wrist.as_rotvec(),
    }
    fan = {"index": 1.5, "middle": 0.5, "ring": -0.5, "pinky": -1.5}
    for finger, curl in zip(FINGERS, state[7:12], strict=True):
        angle = np.deg2rad(np.clip(curl, -5, 95))
        for k in (1, 2, 3):
            name = f"{side}_{finger}{k}"
            if finger == "thumb":
                # Its joints bend across the palm: about the palm's normal, with a little towards the palm.
                found[name] = np.array([0.0, sign * 0.75 * angle, -sign * 0.35 * angle])
            else:
                share = (0.9, 1.15, 0.75)[k - 1]
                rotation = Rotation.from_rotvec(_turn(2, -sign * share * angle))
                if k == 1:
                    rotation = Rotation.from_rotvec(_turn(1, -sign * np.deg2rad(fan[finger] * state[12]))) * rotation
                found[name] = rotation.as_rotvec()
    return found
