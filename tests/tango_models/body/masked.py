"""Parts of a speaker taken out of sight, at random times."""

import dataclasses

import numpy as np

from tango_models.perception.landmarks import Landmarks

HIDDEN = {
    "left hand": ["left hand"],
    "right hand": ["right hand"],
    "both hands": ["left hand", "right hand"],
    "face": ["face"],
    "left arm": ["left arm", "left hand"],
    "right arm": ["right arm", "right hand"],
    "trunk": [],
    "legs": ["legs"],
    "everything": ["face", "left arm", "right arm", "left hand", "right hand", "legs"],
}
"""What can be hidden, and the parts of `confidence.PARTS` that are then unseen."""
_POINTS = {
    "left arm": range(11, 22, 2), "right arm": range(12, 23, 2), "trunk": (11, 12, 23, 24), "legs": range(25, 33),
    "everything": range(33), "face": range(1, 11),
}  # fmt: skip


def hide(landmarks: Landmarks, part: str, at: np.ndarray, random: np.random.Generator) -> Landmarks:
    """The landmarks without a part in the frames ``at`` (T,): points that are not found, or guesses that are known to
    be guesses (visibility 0), as `random` has it."""
    arrays = {field.name: np.array(getattr(landmarks, field.name)) for field in dataclasses.fields(Landmarks)[1:]}
    rows = np.flatnonzero(at)
    points = list(_POINTS.get(part, ()))
    arrays["body_visibility"][np.ix_(rows, points)] = 0
    if part == "everything" or random.random() < 0.5:
        for name in ("body_xy", "body_world"):
            arrays[name][np.ix_(rows, points)] = np.nan
    for side, name in enumerate(("left hand", "right hand")):
        if name in HIDDEN[part]:
            arrays["hands_score"][rows, side] = 0
            for array in ("hands_xy", "hands_local", "hand_boxes"):
                arrays[array][rows, side] = np.nan
    if "face" in HIDDEN[part]:
        arrays["face_score"][rows] = 0
        arrays["face_xy"][rows] = arrays["face_z"][rows] = np.nan
    if part == "everything":
        arrays["person_box"][rows] = np.nan
    return dataclasses.replace(landmarks, **arrays)


def times(random: np.random.Generator, count: int) -> np.ndarray:
    """(count,) bool: the whole video, a half, bursts, all but a few frames, single frames, or any."""
    at = np.zeros(count, bool)
    match random.integers(6):
        case 0:
            at[:] = True
        case 1:
            at[: count // 2] = True
            at ^= random.random() < 0.5
        case 2:
            t = 0
            while t < count:
                start, length = random.geometric(1 / random.uniform(2, 40)), random.geometric(1 / random.uniform(2, 40))
                at[t + start : t + start + length] = True
                t += int(start + length)
        case 3:
            at[:] = True
            at[random.integers(0, count, random.integers(1, 8))] = False
        case 4:
            at[random.integers(0, count)] = True
        case _:
            at = random.random(count) < random.random()
    return at
