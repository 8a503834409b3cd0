"""Where clips beat: what an onset of the speech is to meet."""

import numpy as np

from tango_models.body.motion_features import FPS
from tango_models.body.skeleton import UPPER_BODY
from tango_models.metrics.beats import nearness, slowest_frames
from tango_models.motion_graph.scoring.silence import runs
from tango_models.speech.timeline import CLIP_FRAMES

_SIGMA = 0.1  # s


def clip_beats(velocity: np.ndarray, successor: np.ndarray) -> np.ndarray:
    """(N, 4) float32 in [0, 1]: how near each frame of N clips is to the beats of the trunk's and the arms' joints.

    A joint beats where its speed is least between two strokes; a frame is 1 when all 13 joints have a beat there, 0.6
    at 0.1 s from it: `metrics.beats`, so that what is searched for is what is measured. (Of the speed of all joints
    together, minima gave beats 1.5 standard deviations above chance where this gives 4, and brakings 0.3.)

    Args:
        velocity: (4 N, 55, 3) m/s of all joints, see `motion_features`; NaN in clips that are not used.
        successor: (N,) int32, as of `ClipProsody`. A joint has no beat at a run's ends.
    """
    speed = np.linalg.norm(np.asarray(velocity, np.float64)[:, list(UPPER_BODY)], axis=2)
    speed[~np.isfinite(speed).all(axis=1)] = 0.0
    mean = speed.mean(axis=0)
    near = np.zeros(len(speed))
    for run in runs(successor):
        frames = (run[:, None] * CLIP_FRAMES + np.arange(CLIP_FRAMES)).reshape(-1)
        for beats in slowest_frames(speed[frames], mean):
            near[frames] += nearness(beats, np.arange(frames.size), _SIGMA * FPS)
    return (near / len(UPPER_BODY)).reshape(-1, CLIP_FRAMES).astype(np.float32)
