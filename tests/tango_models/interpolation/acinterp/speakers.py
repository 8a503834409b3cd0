"""Takes of a drawn speaker who waves both hands, with landmarks that are exactly right."""

import cv2
import numpy as np

from tango_models.interpolation.acinterp.learning.takes import Take
from tango_models.interpolation.acinterp.poses import Poses
from tango_models.interpolation.seam import Seam


def waving(count: int = 24, *, width: int = 160, height: int = 160, seed: int = 0, avatar: str = "kim") -> Take:
    """`count` frames; the hands' way depends on the seed."""
    rng = np.random.default_rng(seed)
    room = cv2.GaussianBlur(rng.integers(40, 200, (height, width, 3), dtype=np.uint8), (0, 0), 2)
    unit = height / 160
    shoulders = np.array([[100, 70], [60, 70]]) * unit
    frames, arms = [], np.empty((count, 2, 24, 2), np.float32)
    phase, speed = rng.uniform(0, 6, 2), rng.uniform(0.15, 0.3, 2)
    for t in range(count):
        frame = room.copy()
        cv2.rectangle(frame, _at(52, 66, unit), _at(108, 158, unit), (60, 60, 120), -1)
        cv2.circle(frame, _at(80, 45, unit), round(16 * unit), (210, 170, 140), -1)
        for side, sign in enumerate((1, -1)):
            angle = phase[side] + speed[side] * t
            elbow = shoulders[side] + np.array([sign * 14, 30]) * unit
            wrist = elbow + np.array([sign * 16 * np.cos(angle), -18 + 14 * np.sin(angle)]) * unit
            fingers = np.array([wrist + f * unit * 4 * np.array([np.cos(a + angle), np.sin(a + angle)])
                                for a in (-2.4, -2.0, -1.57, -1.1, -0.7) for f in (1, 2, 3, 4)])  # fmt: skip
            arms[t, side] = np.concatenate([[shoulders[side], elbow, wrist, wrist], fingers])
            cv2.line(frame, _at(*shoulders[side]), _at(*elbow), (60, 60, 120), round(9 * unit))
            cv2.line(frame, _at(*elbow), _at(*wrist), (60, 60, 120), round(7 * unit))
            for finger in fingers[3::4]:
                cv2.line(frame, _at(*wrist), _at(*finger), (220, 180, 150), max(1, round(3 * unit)), cv2.LINE_AA)
        frames.append(frame)
    points = np.broadcast_to(np.concatenate([shoulders, shoulders + np.array([0, 85 * unit])]), (count, 4, 2)).astype(
        np.float32
    )
    heads = np.tile(np.array([80, 45, 16], np.float32) * unit, (count, 1))
    person = np.zeros((count, 64, 64), bool)
    person[:, 10:64, 8:56] = True
    pictures = np.stack(frames)
    return Take(avatar, Poses(points, arms, heads), person, lambda wanted: pictures[list(wanted)])


def seam_of(take: Take, first: int, second: int, half: int) -> Seam:
    """From one place of a take to another."""
    old, new = np.arange(first, first + 2 * half), np.arange(second, second + 2 * half)
    a, b = take.poses.at(old), take.poses.at(new)
    return Seam(
        take.read(old.tolist()), take.read(new.tolist()), a.points, b.points, a.arms, b.arms, a.heads, b.heads
    )  # fmt: skip


def _at(x: float, y: float, unit: float = 1.0) -> tuple[int, int]:
    return round(float(x) * unit), round(float(y) * unit)
