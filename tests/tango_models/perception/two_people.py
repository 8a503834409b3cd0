"""Rooms with two synthetic speakers: pictures, and where the joints of both are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tango_models.body.skeleton import JOINT
from tango_models.perception.census import Census
from tango_models.perception.faces import PICTURE_SIDE, FaceFinder
from tango_models.perception.landmarks import BODY_POINTS, Landmarks
from tango_models.perception.others import Others
from tango_models.synthetic.company import Place, add_person

SIDE, WIDTH = 224, 384
_MOMENTS, _STEP = 10, 4
SHOULDERS, WRISTS = ("left_shoulder", "right_shoulder"), ("left_wrist", "right_wrist")


@cache
def performance(name: str, start: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Picture, coverage and joints (55, 2) in pixels of a speaker at some moments of the shipped motion."""
    from tango_models.body.motion_io import load_motion
    from tango_models.body.smplx_body import Body
    from tango_models.synthetic.identity import IDENTITIES
    from tango_models.synthetic.renderer import Renderer
    from tango_models.synthetic.speaker import SPEAKER_MOTION

    body, motion, found = Body.load(), load_motion(SPEAKER_MOTION), []
    renderer = Renderer(IDENTITIES[name], size=SIDE, body=body)
    for k in range(start, start + _MOMENTS * _STEP, _STEP):
        picture, coverage = renderer.frame(motion.poses[k], motion.trans[k], motion.expressions[k])
        joints = body.joints(motion.poses[k : k + 1], motion.trans[k : k + 1], renderer.figure.betas)[0].numpy()
        found.append((picture, coverage, renderer.camera.project(joints)[:, :2]))
    return found


def room() -> np.ndarray:
    return np.repeat(np.linspace(100, 150, WIDTH)[None, :, None], SIDE, axis=0).repeat(3, axis=2).astype(np.uint8)


@dataclass
class Scene:
    """Frames, and the joints (T, 55, 2) of the speaker and of the other one, NaN where there is none."""

    frames: list[np.ndarray]
    speaker: np.ndarray
    other: np.ndarray

    def since(self, frame: int) -> Scene:
        """What begins with a frame."""
        return Scene(self.frames[frame:], self.speaker[frame:], self.other[frame:])

    def near(self, landmarks: Landmarks, who: str, names: Sequence[str]) -> np.ndarray:
        """(T, names) distance of body points from the joints of `speaker` or `other`, in pixels."""
        points = landmarks.body_xy[:, [BODY_POINTS.index(name) for name in names]]
        return np.linalg.norm(points - getattr(self, who)[:, [JOINT[name] for name in names]], axis=-1)

    def hands(self, landmarks: Landmarks, who: str) -> np.ndarray:
        """(T, 2) distance of the found hands' wrists from one's own of that side."""
        joints = getattr(self, who)[:, [JOINT[name] for name in WRISTS]]
        return np.linalg.norm(landmarks.hands_xy[:, :, 0] - joints, axis=-1)


def scene(count: int, speaker: Callable[[float], Place | None], other: Callable[[float], Place | None]) -> Scene:
    """`count` frames; both places by the share of the time that has passed."""
    frames, joints = [], {"speaker": [], "other": []}
    people = {"other": (performance("dina", 300), other), "speaker": (performance("bruno", 100), speaker)}
    for t in range(count):
        frame, moment = room(), t % (2 * _MOMENTS - 2)
        for who, (moments, where) in people.items():
            picture, coverage, points = moments[min(moment, 2 * _MOMENTS - 2 - moment)]
            place = where(t / (count - 1))
            if place is not None:
                frame = add_person(frame, picture, coverage, place)
            joints[who].append(place.map(points, SIDE, SIDE) if place else np.full_like(points, np.nan))
        frames.append(frame)
    return Scene(frames, np.stack(joints["speaker"]), np.stack(joints["other"]))


def moving(a: float, b: float, start: float = 0.0, stop: float = 1.0) -> Callable[[float], float]:
    """From a to b between two shares of the time."""
    return lambda u: a + (b - a) * float(np.clip((u - start) / (stop - start), 0, 1))


def count_people(frames: Sequence[np.ndarray], *, step: int = 4, cuts: Sequence[int] = ()) -> Others | None:
    """What the census says of the frames, with the real face network on every `step`-th."""
    import cv2

    size = (PICTURE_SIDE, round(PICTURE_SIDE * frames[0].shape[0] / frames[0].shape[1]))
    census, finder = Census(size, cuts), FaceFinder()
    for frame in range(0, len(frames), step):
        picture = cv2.resize(frames[frame], size, interpolation=cv2.INTER_AREA)
        census.see(frame, picture, finder.find(picture))
    finder.close()
    return census.others()
