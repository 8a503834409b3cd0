"""Motion as it was, out of footage that shows some pictures twice: its features must not rest where the film does."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tango_models.body.motion_features import (
    ANGULAR_VELOCITY,
    FEATURES_PER_JOINT,
    VELOCITY,
    motion_representation,
)
from tango_models.media.pictures.cadence import neighbours_in_time

if TYPE_CHECKING:
    from tango_models.body.smplx_body import Body

_ON_TIME = 0.05  # frames that a timestamp may be off without being taken for another time


def representation_of_shots(poses: np.ndarray, times: np.ndarray, cuts: np.ndarray, body: Body) -> np.ndarray:
    """`motion_representation` of a video, (T, 825) float32, with velocities of what moved before the camera.

    Positions and rotations are those of the picture each frame shows. Velocities are measured on the poses brought to
    the times of their pictures, so a repeated frame moves as its neighbours do, and never across a cut.

    Args:
        poses: (T, 165) axis-angle of the frames as shown.
        times: (T,) of `media.cadence.source_times`.
        cuts: (K,) first frames behind the cuts.
        body: as for `motion_representation`.
    """
    poses = np.asarray(poses, np.float32)
    borders = [0, *(int(cut) for cut in cuts if 0 < cut < len(poses)), len(poses)]
    parts = []
    for start, stop in pairwise(borders):
        shown = motion_representation(poses[start:stop], body)
        taken = np.asarray(times[start:stop], np.float64) - start
        if np.abs(taken - np.arange(stop - start)).max() > _ON_TIME:
            moved = motion_representation(poses_as_taken(poses[start:stop], taken), body)
            by_joint, moved_by_joint = (a.reshape(stop - start, -1, FEATURES_PER_JOINT) for a in (shown, moved))
            for part in (VELOCITY, ANGULAR_VELOCITY):
                by_joint[..., part] = moved_by_joint[..., part]
        parts.append(shown)
    return np.concatenate(parts)


def poses_as_taken(poses: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(T, 165) float32 poses at the frames' own times, each joint turned evenly from one picture's pose to the next.

    Args:
        poses: (T, 165) axis-angle of one shot's frames as shown.
        times: (T,) when their pictures were taken, in frames from the shot's first.
    """
    from scipy.spatial.transform import Rotation

    left, right, share = neighbours_in_time(times)
    joints = np.asarray(poses, np.float64).reshape(len(poses), -1, 3)
    before = Rotation.from_rotvec(joints[left].reshape(-1, 3))
    turn = (before.inv() * Rotation.from_rotvec(joints[right].reshape(-1, 3))).as_rotvec()
    part = np.repeat(share, joints.shape[1])[:, None]
    return (before * Rotation.from_rotvec(turn * part)).as_rotvec().reshape(len(poses), -1).astype(np.float32)
