"""Who is in view of a video, and which of them is the speaker it is about.

Faces are looked for in some frames of the whole video (a *sample* each). Faces of one person are joined by place and by
the clothes below them. The speaker is who is largest, most central and longest there; another one counts as a second
person in view when he was seen beside the speaker, is not far behind him, and is no picture on the wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tango_models.perception.faces import Face
from tango_models.perception.others import Others, Track

FPS = 30
_NEW_PERSON = 0.5  # more than this much unlike everybody known
_NEAR_SECONDS = 2.0  # after that long, or across a cut, a place says little
_PLACE_WEIGHT = (0.7, 0.15)  # of place against clothes, soon after and later
_STRIDE = 6.0  # face sizes that somebody walks in a second: about 1 m
_FAR_BEHIND = 0.4  # of the speaker's size: the landmark network does not take such a one for him
_MIN_SEEN = 2  # samples
_STILL_GREY = 3.0  # grey levels (of 255) by which a picture on the wall differs from itself


@dataclass
class _Person:
    first: int
    frames: list[int] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    clothes: np.ndarray | None = None
    look: np.ndarray | None = None  # grey pixels where the face was first seen
    change: list[float] = field(default_factory=list)  # how different that place looked later in the same shot

    def add(self, frame: int, face: Face) -> None:
        self.frames.append(frame)
        self.faces.append(face)
        if face.clothes is not None:
            self.clothes = face.clothes if self.clothes is None else 0.8 * self.clothes + 0.2 * face.clothes

    @property
    def size(self) -> float:
        return float(np.median([face.size for face in self.faces]))


class Census:
    """Counts the people of one video from samples of it, in order.

    Args:
        image_size: (width, height) of the pictures handed to :meth:`see`, pixels.
        cuts: first frames behind the cuts inside the video.
    """

    def __init__(self, image_size: tuple[int, int], cuts: Sequence[int] = ()) -> None:
        self._width, self._height = image_size
        self._cuts = np.sort(np.asarray(cuts, np.int64))
        self._people: list[_Person] = []
        self._samples: list[int] = []

    def see(self, frame: int, picture: np.ndarray, faces: Iterable[Face]) -> None:
        """A sample: the frame's number, its picture (H, W, 3) uint8 RGB, and the faces in it."""
        import cv2

        faces = list(faces)
        self._samples.append(frame)
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        for person in self._people:
            if person.look is not None and self._shot(person.first) == self._shot(frame):
                person.change.append(_difference(person.look, _crop(grey, person.faces[0])))
        for face, known in zip(faces, self._assign(frame, faces), strict=True):
            person = known or _Person(frame, look=_crop(grey, face))
            if known is None:
                self._people.append(person)
            person.add(frame, face)

    def others(self) -> Others | None:
        """The people beside the speaker and where he is himself; None where he is alone in view."""
        people = [p for p in self._people if len(p.frames) >= _MIN_SEEN and not _on_the_wall(p)]
        if len(people) < 2:
            return None
        main = max(people, key=self._prominence)
        beside = [
            p
            for p in people
            if p is not main
            and len(set(p.frames) & set(main.frames)) >= _MIN_SEEN
            and p.size >= _FAR_BEHIND * main.size
        ]
        if not beside:
            return None
        # Who is never seen together with the speaker is taken for him, as one face of a lone speaker after a cut is.
        own = [main]
        for person in people:
            if person is not main and not any(set(person.frames) & set(known.frames) for known in own):
                own.append(person)
        beside = [p for p in beside if p not in own]
        step = int(np.median(np.diff(self._samples)))
        return Others((self._width, self._height), self._cuts, step, _track(own), tuple(_track([p]) for p in beside))

    def _shot(self, frame: int) -> int:
        return int(np.searchsorted(self._cuts, frame, side="right"))

    def _prominence(self, person: _Person) -> float:
        """Size times how central, summed over the samples: presence counts too. Half as much at the very edge."""
        away = np.abs(np.array([face.x for face in person.faces]) / self._width - 0.5)
        return float((np.array([face.size for face in person.faces]) * (1 - away)).sum())

    def _assign(self, frame: int, faces: list[Face]) -> list[_Person | None]:
        found: list[_Person | None] = [None] * len(faces)
        cost = np.array([[self._unlike(person, frame, face) for person in self._people] for face in faces])
        for row, column in _pairs(cost):
            if cost[row, column] <= _NEW_PERSON:
                found[row] = self._people[column]
        return found

    def _unlike(self, person: _Person, frame: int, face: Face) -> float:
        """0 the same face at the same place, 1 somebody else."""
        last, before = person.frames[-1], person.faces[-1]
        seconds = (frame - last) / FPS
        soon = seconds <= _NEAR_SECONDS and self._shot(last) == self._shot(frame)
        weight = _PLACE_WEIGHT[0 if soon else 1]
        apart = np.hypot(face.x - before.x, face.y - before.y) / max(face.size, before.size)
        place = min(1.0, apart / (1.5 + _STRIDE * min(seconds, _NEAR_SECONDS)))
        if face.clothes is None or person.clothes is None:
            return place
        alike = float(np.sqrt(face.clothes * person.clothes).sum())  # Bhattacharyya's coefficient
        return weight * place + (1 - weight) * float(np.sqrt(max(0.0, 1 - alike)))


def _pairs(cost: np.ndarray) -> Iterable[tuple[int, int]]:
    """The cheapest pairs of rows and columns, each in one pair at most."""
    if cost.size <= 1:  # a lone speaker: the solver takes half a second to import
        return [(0, 0)] * cost.size
    from scipy.optimize import linear_sum_assignment

    return zip(*linear_sum_assignment(cost), strict=True)


def _track(people: list[_Person]) -> Track:
    seen = sorted(((f, face) for p in people for f, face in zip(p.frames, p.faces, strict=True)), key=lambda s: s[0])
    return Track(
        np.array([frame for frame, _ in seen], np.int64),
        np.array([(face.x, face.y, face.size) for _, face in seen], np.float64),
    )


def _on_the_wall(person: _Person) -> bool:
    """Whether the place of the face looked the same ever after: nobody sits that still."""
    return len(person.change) > 0 and float(np.median(person.change)) < _STILL_GREY


def _crop(grey: np.ndarray, face: Face) -> np.ndarray:
    half = face.size / 2
    top, left = max(0, round(face.y - half)), max(0, round(face.x - half))
    return grey[top : max(top + 1, round(face.y + half)), left : max(left + 1, round(face.x + half))].copy()


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean difference in grey levels, whatever the exposure of either."""
    first, second = (values.astype(np.float32) - values.mean() for values in (a, b))
    return float(np.abs(first - second * (first.std() + 1e-3) / (second.std() + 1e-3)).mean())
