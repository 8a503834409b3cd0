"""What a speaker's own footage says of how far the lips go for which sound, where there is enough of it.

The shapes of `visemes` are those of people; what is learned is how this speaker differs: ridge regression of the rest
on what is heard around each frame, so that little footage leaves little of it. It is used only where it told lips that
it had not seen better than the shapes alone: cross-validated over the speaker's own minutes. Of two synthetic speakers'
150 s it told openings with a correlation of 0.78 and 0.79 (the shapes alone: 0.55, 0.52), widths with 0.60 and 0.57
(0.48, 0.50).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from tango_models.lips.library import MouthLibrary, SpeakerRange, asked_by
from tango_models.lips.mouths import Mouths
from tango_models.lips.visemes import (
    CLASSES,
    LipTargets,
    closures,
    dominance_of,
    frame_times,
    held_open,
    lip_targets,
    loudness,
    moments,
    rest_weight,
    speaking_share,
)
from tango_models.speech.phones import Phones
from tango_models.speech.timeline import FRAME_RATE

LEAST_FRAMES = 1200
"""Frames with speech and lips, 40 s, below which nothing is learned. Of 42 random speakers it then cost nobody more
than 0.03 of the correlation with lips of another speech, and won 0.27 for those who speak least like others; of 20 s it
cost up to 0.09, of 12 s 0.44."""
_LAGS = (-3, -1, 0, 1, 3)  # frames around each that are listened to
_RIDGES = (100.0, 1000.0, 10_000.0)
_FOLDS = 6
_GAIN = 0.02  # correlation that it must gain on lips not seen
_MOST_FOLDS = 4  # of the folds in which it must be better
_VOICED = 0.5
_SHAPES = [shape for shape, _ in CLASSES.values()]


@dataclass(frozen=True)
class Heard:
    """What is heard of T frames: the sounds, (T,) probability of speech, (T,) dB."""

    phones: Phones
    voice: np.ndarray
    energy: np.ndarray

    def sooner(self, frames: int) -> Heard:
        """The same so many frames sooner, and fewer: at the moments of lips that lead the sound. Below 0: later, and
        more; what was heard first stands in front."""
        phones = replace(self.phones, time=self.phones.time - frames / FRAME_RATE)
        rows = np.maximum(np.arange(frames, len(self.voice)), 0)
        return Heard(phones, self.voice[rows], self.energy[rows])

    def asks(self) -> LipTargets:
        """What it asks of anybody's lips."""
        return lip_targets(self.phones, self.voice, self.energy)


@dataclass(frozen=True)
class Lesson:
    """Footage to learn from: T frames in a row.

    Attributes:
        heard: at the moments of the lips.
        asked: of anybody; true: what the lips did, in the speaker's range.
        seen: (T,) bool: they were seen well.
    """

    heard: Heard
    asked: LipTargets
    true: LipTargets
    seen: np.ndarray

    @staticmethod
    def of(heard: Heard, frames: np.ndarray, mouths: Mouths, usable: np.ndarray, limits: SpeakerRange) -> Lesson:
        """What was heard in T frames, and the mouths of some of them, (N,) numbers below T in `frames`."""
        count, known = len(heard.voice), asked_by(mouths, limits)
        opening, width, seen = np.zeros(count), np.zeros(count), np.zeros(count, bool)
        opening[frames], width[frames], seen[frames] = known.opening, known.width, usable & mouths.found
        return Lesson(heard, heard.asks(), LipTargets(opening, width, np.zeros(count, bool)), seen)


@dataclass(frozen=True)
class _Ridge:
    """A linear answer to features (T, F), whose mean and spread are taken out."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    offset: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        return (features - self.mean) / self.scale @ self.weights + self.offset


@dataclass(frozen=True)
class LearnedLips:
    """
    Attributes:
        opening, width: the answers, None where the shapes alone tell as well.
        gained: by name, correlation with lips not seen: of the shapes alone, and of what was learned.
    """

    opening: _Answer | None
    width: _Answer | None
    gained: dict[str, tuple[float, float]]

    def told(self) -> str:
        """What was gained, for people."""
        parts = [
            f"{name} {before:.2f} and {after:.2f}"
            for name, (before, after) in self.gained.items()
            if getattr(self, name) is not None
        ]
        return f"usual shapes and now: {'; '.join(parts)}"

    def of(self, asked: LipTargets, heard: Heard) -> LipTargets:
        """What this speaker's lips do, where they speak, for what is asked of any; lips still meet where they must."""
        features, speaking = sound_features(heard, asked), speaking_share(heard.phones, heard.voice) >= _VOICED
        opening, width = asked.opening, asked.width
        if self.opening is not None:
            told = held_open(np.clip(self.opening(features, opening), 0, 1.2), heard.phones)
            opening = np.where(speaking, told, opening).astype(np.float32)
        if self.width is not None:
            told = np.clip(self.width(features, width), -1, 1)
            width = np.where(speaking, told, width).astype(np.float32)
        return LipTargets(opening, width, asked.closed)


@dataclass(frozen=True)
class _Answer:
    """`shape` times what is asked, and what was learned of the rest; drawn out by `spread`, since a mean of what may be
    is nearer to the middle than lips are."""

    shape: float
    rest: _Ridge
    middle: float
    spread: float

    def __call__(self, features: np.ndarray, asked: np.ndarray) -> np.ndarray:
        return self.middle + self.spread * (self.shape * asked + self.rest(features) - self.middle)


def sound_features(heard: Heard, asked: LipTargets) -> np.ndarray:
    """(T, F) around each frame: what is asked of the lips, how loud it is, whether somebody speaks, and how much each
    kind of sound rules."""
    count = len(heard.voice)
    grid, speaking = frame_times(count), speaking_share(heard.phones, heard.voice)
    ruling = np.zeros((count, len(_SHAPES)))
    for _, at, shape in moments(heard.phones):
        near, dominance = dominance_of(shape, at, grid)
        ruling[near, _SHAPES.index(shape)] += dominance
    ruling /= ruling.sum(1, keepdims=True) + rest_weight(speaking)[:, None]
    loud = loudness(heard.energy, heard.voice)
    here = np.column_stack([asked.opening, asked.width, loud, speaking, ruling])
    around = [np.clip(np.arange(count) + lag, 0, count - 1) for lag in _LAGS]
    return np.hstack([here[rows] for rows in around])


def learn_lips(lessons: Sequence[Lesson]) -> LearnedLips | None:
    """What the footage of one speaker tells; None where it is too little, or tells no more than the shapes alone."""
    if not lessons:
        return None
    features = np.concatenate([sound_features(lesson.heard, lesson.asked) for lesson in lessons])
    speaks = [speaking_share(lesson.heard.phones, lesson.heard.voice) >= _VOICED for lesson in lessons]
    known = np.concatenate([lesson.seen & spoken for lesson, spoken in zip(lessons, speaks, strict=True)])
    # Lips that must meet are told by the sound, whatever was learned.
    known &= ~np.concatenate([closures(lesson.heard.phones, len(lesson.seen)) for lesson in lessons])
    if known.sum() < LEAST_FRAMES:
        return None
    found, gained = {}, {}
    for name in ("opening", "width"):
        asked = np.concatenate([getattr(lesson.asked, name) for lesson in lessons])[known].astype(np.float64)
        true = np.concatenate([getattr(lesson.true, name) for lesson in lessons])[known].astype(np.float64)
        strength, scores = _best(features[known], asked, true)
        before, after = scores.mean(1)
        better = after >= before + _GAIN and (scores[1] > scores[0]).sum() >= _MOST_FOLDS
        found[name] = _learn(features[known], asked, true, strength) if better else None
        gained[name] = (float(before), float(after))
    if found["opening"] is None and found["width"] is None:
        return None
    return LearnedLips(found["opening"], found["width"], gained)


def _best(features: np.ndarray, asked: np.ndarray, true: np.ndarray) -> tuple[float, np.ndarray]:
    """The best ridge, and (2, folds) correlations with lips not seen: of what is asked, and of what is learned then."""
    edges = np.linspace(0, len(true), _FOLDS + 1).astype(int)
    folds = [np.arange(first, last) for first, last in pairwise(edges.tolist())]
    alone = [_correlation(asked[fold], true[fold]) for fold in folds]
    scores = {}
    for strength in _RIDGES:
        told = []
        for fold in folds:
            others = np.delete(np.arange(len(true)), fold)
            answer = _learn(features[others], asked[others], true[others], strength)
            told.append(_correlation(answer(features[fold], asked[fold]), true[fold]))
        scores[strength] = np.array([alone, told])
    best = max(scores, key=lambda strength: scores[strength][1].mean())
    return best, scores[best]


def _learn(features: np.ndarray, asked: np.ndarray, true: np.ndarray, strength: float) -> _Answer:
    shape = float(np.clip(np.cov(asked, true)[0, 1] / max(asked.var(), 1e-9), 0, 2))
    rest = true - shape * asked
    mean, scale = features.mean(0), features.std(0) + 1e-6
    scaled, offset = (features - mean) / scale, float(rest.mean())
    gram = scaled.T @ scaled + strength * np.eye(scaled.shape[1])
    ridge = _Ridge(mean, scale, np.linalg.solve(gram, scaled.T @ (rest - offset)), offset)
    told = shape * asked + ridge(features)
    spread = float(np.clip(true.std() / max(told.std(), 1e-6), 1, 2))
    return _Answer(shape, ridge, float(told.mean()), spread)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if min(a.std(), b.std()) > 1e-9 else 0.0


def learned_elsewhere(library: MouthLibrary, heard: Heard) -> LipTargets | None:
    """Of one video's sound, at the moments of its lips, what is told in each half by what was learned from the other;
    None where neither half holds enough.

    Args:
        library: of that video, frame after frame.
    """
    count = min(len(library), len(heard.voice))
    frames, asked = np.arange(count), heard.asks()
    told = {name: getattr(asked, name).copy() for name in ("opening", "width")}
    learned = []
    for part in (slice(0, count // 2), slice(count // 2, count)):
        usable = library.usable[:count].copy()
        usable[part] = False
        learned.append(learn_lips([Lesson.of(heard, frames, library.mouths[:count], usable, library.range)]))
        if learned[-1] is not None:
            answer = learned[-1].of(asked, heard)
            for name, values in told.items():
                values[part] = getattr(answer, name)[part]
    return LipTargets(told["opening"], told["width"], asked.closed) if any(learned) else None
