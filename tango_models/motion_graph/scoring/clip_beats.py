"""Where clips beat: what an onset of the speech is to meet."""

import numpy as np

from tango_models.body.motion_features import FEATURES_PER_JOINT, FPS, VELOCITY
from tango_models.body.skeleton import JOINT_COUNT, UPPER_BODY
from tango_models.metrics.beats import nearness, slowest_frames
from tango_models.motion_graph.scoring.silence import runs
from tango_models.speech.timeline import CLIP_FRAMES

_SIGMA = 0.1  # s


def beating_speed(representation: np.ndarray) -> np.ndarray:
    """(T, 13) float32 m/s: how fast the joints of the trunk and the arms move.

    Args:
        representation: (T, 825) of `motion_features.motion_representation`.
    """
    joints = np.asarray(representation).reshape(-1, JOINT_COUNT, FEATURES_PER_JOINT)
    return np.linalg.norm(joints[:, list(UPPER_BODY), VELOCITY], axis=-1).astype(np.float32)


def clip_beats(speed: np.ndarray, successor: np.ndarray) -> np.ndarray:
    """(N, 4) float32 in [0, 1]: how near each frame of N clips is to the beats of its joints.

    A joint beats where its speed is least between two strokes; a frame is 1 when all joints have a beat there, 0.6 at
    0.1 s from it: `metrics.beats`, so that what is searched for is what is measured. (Of the speed of all joints
    together, minima gave beats 1.5 standard deviations above chance where this gives 4, and brakings 0.3.)

    Args:
        speed: (4 N, J) m/s of J joints, `beating_speed`; NaN in clips that are not used.
        successor: (N,) int32, as of `ClipProsody`. A joint has no beat at a run's ends.
    """
    speed = np.where(np.isfinite(speed).all(axis=1, keepdims=True), speed, 0.0)
    mean = speed.mean(axis=0)
    near = np.zeros(len(speed))
    for run in runs(successor):
        frames = (run[:, None] * CLIP_FRAMES + np.arange(CLIP_FRAMES)).reshape(-1)
        for beats in slowest_frames(speed[frames], mean):
            near[frames] += nearness(beats, np.arange(frames.size), _SIGMA * FPS)
    return (near / speed.shape[1]).reshape(-1, CLIP_FRAMES).astype(np.float32)
