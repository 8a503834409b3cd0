"""Who gestures how, and when: the manner of a person, the accents of a speech, the strokes that fall on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tango_models.aumoclip.synthetic_data.text import MEANING_OF
from tango_models.synthetic.arms import ArmState
from tango_models.synthetic.face import loudness
from tango_models.synthetic.vocabulary import COUNT_ARM, COUNT_WORDS, COUNTS, GESTURES, Gesture
from tango_models.synthetic.voice import Utterance

_VOWELS = frozenset("aeiouAEIOUV03")  # first letters of eSpeak's full vowels; "@" is the reduced one
_PHRASE_PAUSE = 0.22  # s of silence that start a new phrase
_CHEST = ArmState(0.085, 0.265, 0.215, lift=0.45, twist=-20, flex=10, curl=(14, 16, 20, 18, 6), spread=1)
_TO_CHEST = (Gesture("to_chest_right", None, _CHEST, 0.03), Gesture("to_chest_left", _CHEST, None, 0.03))
_SHAPES = {g.name: g for g in (*GESTURES, *_TO_CHEST)}
_FOR_MEANING: dict[str, tuple[str, ...]] = {
    "large": ("open_wide",),
    "small": ("pinch_right", "pinch_left"),
    "up": ("lift_both", "lift_left", "lift_right"),
    "down": ("press_both", "press_right"),
    "self": ("to_chest_right", "to_chest_left"),
    "unsure": ("offer_both",),
    "refuse": ("sweep_left", "sweep_right", "chop_right"),
    "left": ("sweep_left",),
    "right": ("sweep_right",),
    "hold": ("box",),
    "offer": ("offer_left", "offer_right"),
}


@dataclass(frozen=True)
class Manner:
    """How one person gestures. Sizes are factors of 1, times are seconds."""

    size: float
    tempo: float
    """Durations of all phases are multiplied by it."""
    liveliness: float
    """Share of strong accents that get a stroke."""
    meaning: float
    """Share of words with a gesture of their own that get it."""
    lag: float
    """How late strokes come after the accent, + late."""
    jitter: float
    """Standard deviation of a stroke's time."""
    min_gap: float
    """Between strokes."""
    patience: float
    """A pause this long lets the hands come down."""
    beat: float
    """Of the small beats laid over everything else."""
    nod: float
    sway: float
    idle: float
    """Of the wander that never stops."""
    jaw: float
    """Of the mouth's opening; 0 where the face was not seen."""
    noise: float
    """Degrees of the scatter that a fit to a video leaves."""
    rest: tuple[float, float, float]
    """Where the hands rest, metres from the usual place."""
    taste: np.ndarray
    """(16,) how readily each of the vocabulary's gestures comes."""
    seated: bool
    facing: np.ndarray
    """(3,) axis-angle of the pelvis."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Manner:
        """A new person."""
        side = rng.normal(0, 0.8)  # a preference for one hand
        hand = np.array([side if "right" in g.name else -side if "left" in g.name else 0.0 for g in GESTURES])
        taste = rng.dirichlet(np.full(len(GESTURES), 1.2)) * np.exp(hand)
        facing = np.deg2rad(rng.normal(0, (6.0, 14.0, 3.0)))
        if rng.random() < 0.3:  # cameras and fits that turn the whole body
            facing = rng.normal(0, 1, 3)
            facing *= rng.uniform(0, np.pi) / np.linalg.norm(facing)
        return cls(
            size=rng.uniform(0.6, 1.35), tempo=rng.uniform(0.82, 1.25), liveliness=rng.uniform(0.6, 1.0),
            meaning=rng.uniform(0.6, 0.95), lag=rng.normal(0.0, 0.03), jitter=rng.uniform(0.015, 0.05),
            min_gap=rng.uniform(0.36, 0.6), patience=rng.uniform(0.45, 0.9), beat=rng.uniform(0.5, 1.6),
            nod=rng.uniform(0.4, 1.5), sway=rng.uniform(0.4, 1.6), idle=rng.uniform(0.4, 1.6),
            jaw=0.0 if rng.random() < 0.25 else rng.uniform(0.6, 1.6),
            noise=0.0 if rng.random() < 0.4 else rng.uniform(0.1, 0.7),
            rest=tuple(rng.normal(0, (0.02, 0.025, 0.02))), taste=taste / taste.sum(),
            seated=bool(rng.random() < 0.4), facing=facing,
        )  # fmt: skip


@dataclass(frozen=True)
class Accent:
    """A stressed word as it sounds: the time (s) of its loudest full vowel, and 0..1 how much it stands out."""

    time: float
    strength: float
    text: str


def accents(utterance: Utterance) -> list[Accent]:
    """Stressed and counting words in order; strength joins loudness and length of the vowel with the word's length."""
    level = loudness(utterance, np.arange(0, utterance.seconds, 0.01))
    vowels = [p for p in utterance.phonemes if p.name.lstrip(",'")[:1] in _VOWELS]
    starts = np.array([p.start for p in vowels])
    found = []
    for word in utterance.words:
        text = word.text.strip(".,;:!?'\"()-").lower()
        if not (word.stressed or text in COUNT_WORDS or text in MEANING_OF):
            continue
        first, last = np.searchsorted(starts, (word.start - 1e-6, word.end))
        time, strength = word.start, 0.3
        best = -1.0
        for vowel in vowels[first:last]:
            loud = float(level[int(vowel.start * 100) : int(vowel.end * 100) + 1].mean())
            length = min(vowel.end - vowel.start, 0.3)
            if loud * length > best:
                best, time = loud * length, vowel.start + min(0.04, length / 2)
                strength = float(np.clip(0.75 * loud * (0.4 + length / 0.2) * (0.7 + 0.06 * len(text)), 0, 1))
        found.append(Accent(time, strength * (1.0 if word.stressed else 0.6), text))
    return found


def plan_strokes(
    stressed: list[Accent], manner: Manner, rng: np.random.Generator
) -> list[tuple[float, float, Gesture]]:
    """(time the stroke ends, strength, gesture) in order, at least about `manner.min_gap` apart."""
    strokes: list[tuple[float, float, Gesture]] = []
    counted = 0
    for accent in stressed:
        number = COUNT_WORDS.get(accent.text)
        number = number if number in (0, counted) else None
        counted = counted if number is None else number + 1
        meaning = MEANING_OF.get(accent.text)
        time = accent.time + manner.lag + rng.normal(0, manner.jitter)
        gap = time - strokes[-1][0] if strokes else np.inf
        wanted = number is not None or (meaning is not None and rng.random() < manner.meaning)
        if gap < manner.min_gap * rng.uniform(0.9, 1.3) * (0.8 if wanted else 1.0):
            continue
        if not wanted and rng.random() > manner.liveliness * (0.55 + 0.9 * accent.strength):
            continue
        if number is not None:
            arm = replace(COUNT_ARM, curl=COUNTS[number]).moved(up=0.006 * number)
            left = manner.taste[[("left" in g.name) for g in GESTURES]].sum()
            gesture = Gesture("count", arm if left > 0.5 else None, None if left > 0.5 else arm, 0.035)
        elif wanted and meaning is not None:
            gesture = _choose([_SHAPES[n] for n in _FOR_MEANING[meaning]], manner, rng)
        elif gap < 0.8 and rng.random() < 0.45:
            gesture = _again(strokes[-1][2], rng)
        else:
            gesture = GESTURES[rng.choice(len(GESTURES), p=manner.taste)]
        strokes.append((time, accent.strength, gesture))
    return strokes


def _choose(shapes: list[Gesture], manner: Manner, rng: np.random.Generator) -> Gesture:
    names = [g.name for g in GESTURES]
    weights = np.array([manner.taste[names.index(s.name)] if s.name in names else 0.05 for s in shapes]) + 1e-3
    return shapes[rng.choice(len(shapes), p=weights / weights.sum())]


def _again(gesture: Gesture, rng: np.random.Generator) -> Gesture:
    """A second beat of the same shape, a little elsewhere."""
    move = {"out": rng.uniform(-0.02, 0.03), "up": rng.uniform(-0.03, 0.015), "front": rng.uniform(-0.01, 0.02)}
    left, right = (a.moved(**move) if a else None for a in (gesture.left, gesture.right))
    return replace(gesture, left=left, right=right, rise=gesture.rise * 0.8)


def phrase_starts(utterance: Utterance) -> list[float]:
    """Seconds at which speech begins again after a breath, the first word included."""
    words = utterance.words
    return [w.start for i, w in enumerate(words) if i == 0 or w.start - words[i - 1].end > _PHRASE_PAUSE]
