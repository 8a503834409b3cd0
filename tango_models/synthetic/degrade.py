"""What a real camera adds to the speaker: the blur of an open shutter and the noise of its sensor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tango_models.body.motion_io import Motion
from tango_models.body.skeleton import JOINT_COUNT
from tango_models.synthetic.renderer import Renderer

_GAMMA = 2.2  # of the pictures: light is averaged, not its code values


def blurred_frames(
    renderer: Renderer, motion: Motion, *, shutter: float = 0.5, samples: int = 4
) -> Iterator[np.ndarray]:
    """Pictures (H, W, 3) uint8 RGB of a motion through a shutter that is open about each frame's time.

    Args:
        shutter: share of the frame's time for which it is open; 0.5 is film's and most cameras' (180 degrees).
        samples: moments averaged for one picture.
    """
    for frame in range(len(motion)):
        moments = frame + shutter * ((np.arange(samples) + 0.5) / samples - 0.5)
        light = np.zeros((renderer.size, renderer.size, 3), np.float32)
        for moment in np.clip(moments, 0, len(motion) - 1):
            light += (renderer.frame(*_at(motion, float(moment)))[0] / np.float32(255)) ** _GAMMA
        yield (255 * (light / samples) ** (1 / _GAMMA)).round().astype(np.uint8)


def add_noise(picture: np.ndarray, rng: np.random.Generator, *, strength: float = 0.02) -> np.ndarray:
    """A copy of an RGB picture (uint8) with shot noise (grows with the root of the light) and a little read noise.

    Args:
        strength: standard deviation at white, as share of white; 0.02 is a webcam's in indoor light.
    """
    light = picture.astype(np.float32) / 255
    noise = rng.standard_normal(picture.shape, np.float32)
    return (255 * np.clip(light + noise * strength * np.sqrt(light + 0.05), 0, 1)).round().astype(np.uint8)


def _at(motion: Motion, moment: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pose, place and expression between two frames."""
    from scipy.spatial.transform import Rotation

    before = min(int(moment), max(len(motion) - 2, 0))
    after, share = min(before + 1, len(motion) - 1), moment - before
    start, end = (Rotation.from_rotvec(motion.poses[k].reshape(JOINT_COUNT, 3)) for k in (before, after))
    pose = (start * Rotation.from_rotvec(share * (start.inv() * end).as_rotvec())).as_rotvec()
    place, expression = (
        (1 - share) * values[before] + share * values[after] for values in (motion.trans, motion.expressions)
    )
    return pose.ravel(), place, expression
