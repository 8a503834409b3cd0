"""What the lips do for a sound, and from one sound to the next: dominance functions (Cohen & Massaro 1993, "Modeling
coarticulation in synthetic visual speech")."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tango_models.speech.phones import Phones
from tango_models.speech.timeline import FRAME_RATE


@dataclass(frozen=True)
class Viseme:
    """
    Attributes:
        opening: between the lips: 0 closed, 1 as wide as this speaker opens them (95th percentile).
        width: of the mouth: -1 as narrow as this speaker makes it, 0 as usual, 1 as wide.
        weight: how much this sound insists on its shape against its neighbours'.
        seconds: within which it rules.
        closes: the lips touch.
        narrows: the lower lip touches the teeth, so the lips are never further apart than `opening` says.
    """

    opening: float
    width: float
    weight: float = 1.0
    seconds: float = 0.08
    closes: bool = False
    narrows: bool = False


CLASSES: dict[str, tuple[Viseme, str]] = {
    "bilabial": (Viseme(0.0, 0.0, 4.0, 0.06, closes=True), "p b m ɓ ʙ ɱ"),
    "labiodental": (Viseme(0.10, 0.1, 2.5, 0.06, narrows=True), "f v ʋ ɸ β"),
    "dental": (Viseme(0.30, 0.1, 1.0, 0.06), "θ ð"),
    "alveolar": (Viseme(0.30, 0.15, 0.6, 0.05), "t d n l ɾ ɗ ɫ ɮ ɽ ʈ ɖ ɲ ɳ ʎ c ɟ"),
    "sibilant": (Viseme(0.22, 0.3, 0.9, 0.06), "s z ɕ ʑ ʂ ʐ ç ʝ"),
    "postalveolar": (Viseme(0.30, -0.5, 1.2, 0.07), "ʃ ʒ"),
    "rhotic": (Viseme(0.30, -0.35, 0.8, 0.07), "ɹ ɻ r ʀ ʁ"),
    "velar": (Viseme(0.35, 0.0, 0.4, 0.05), "k g ɡ ŋ ɣ x χ ɴ q ɰ h ħ ɦ ʔ"),
    "rounded glide": (Viseme(0.15, -1.0, 1.8, 0.08), "w ɥ ʍ"),
    "palatal glide": (Viseme(0.30, 0.6, 0.8, 0.06), "j"),
    "open": (Viseme(1.0, 0.1, 1.2, 0.10), "a ɑ æ ɐ ɒ"),
    "mid front": (Viseme(0.65, 0.4, 1.0, 0.09), "ɛ e œ ɜ ø"),
    "mid": (Viseme(0.55, 0.0, 0.8, 0.07), "ʌ ə ɘ ɤ ɵ ᵊ ɞ"),
    "r-coloured": (Viseme(0.40, -0.3, 1.0, 0.09), "ɝ ɚ"),
    "near-close front": (Viseme(0.42, 0.4, 0.9, 0.07), "ɪ ɨ"),
    "close front": (Viseme(0.32, 0.9, 1.0, 0.09), "i y ʏ"),
    "mid back round": (Viseme(0.75, -0.5, 1.2, 0.10), "ɔ"),
    "close-mid round": (Viseme(0.50, -0.8, 1.3, 0.10), "o"),
    "close back round": (Viseme(0.28, -1.0, 1.4, 0.10), "u ʊ ʉ ɯ"),
}
_TABLE = {symbol: viseme for viseme, symbols in CLASSES.values() for symbol in symbols.split()}
_HALF = 0.08  # seconds between the halves of a diphthong
_NEARLY = 0.25  # opening of lips that are about to meet
_UNHEARD = 0.25  # seconds from any sound that was recognised: a voice there sings, laughs or is drowned
_LEAST_LOUD, _MOST_LOUD = 0.1, 0.8  # opening for a voice of which no sound is told, quiet and loud


def viseme(symbol: str) -> Viseme | None:
    """The shape of a sound; None for what is no sound of its own (a tone, a diacritic). Of a diphthong or an affricate
    the first half."""
    return next(iter(parts(symbol)), None)


def parts(symbol: str) -> list[Viseme]:
    """The shapes that a sound passes through: two for a diphthong or an affricate."""
    known = [letter for letter in unicodedata.normalize("NFC", symbol) if letter in _TABLE]
    if not known:  # a letter with a mark that makes no other sound of it
        known = [letter for letter in unicodedata.normalize("NFD", symbol) if letter in _TABLE]
    return [_TABLE[letter] for letter in known][:2]


@dataclass(frozen=True)
class LipTargets:
    """What the lips should do, in the speaker's own range.

    Attributes:
        opening: (T,) float32; 0 closed, 1 the 95th percentile of the speaker's openings while speaking.
        width: (T,) float32; -1 narrow, 0 as usual, 1 wide.
        closed: (T,) bool: the lips touch here.
    """

    opening: np.ndarray
    width: np.ndarray
    closed: np.ndarray

    def __len__(self) -> int:
        return len(self.opening)

    def ahead(self, frames: int) -> LipTargets:
        """The same so many frames sooner, as many: lips lead the sound. At the end the last one stays."""
        later = np.minimum(np.arange(len(self)) + frames, max(0, len(self) - 1))
        return LipTargets(self.opening[later], self.width[later], self.closed[later] & (np.diff(later, prepend=-1) > 0))


def lip_targets(phones: Phones, voice: np.ndarray, energy: np.ndarray) -> LipTargets:
    """The trajectory of the lips for the sounds of a speech.

    Args:
        phones: the sounds.
        voice: (T,) probability of speech per frame.
        energy: (T,) dB per frame.
    """
    count = len(voice)
    grid = frame_times(count)
    stress = _stress(energy, voice)
    total, opening, width = np.zeros(count), np.zeros(count), np.zeros(count)
    for time, at, shape in moments(phones):
        near, dominance = dominance_of(shape, at, grid)
        total[near] += dominance
        opening[near] += dominance * shape.opening * float(np.interp(time, grid, stress))
        width[near] += dominance * shape.width
    speaking = speaking_share(phones, voice)
    mixed = total + rest_weight(speaking)
    opening, width = held_open(opening / mixed, phones), width / mixed
    opening = opening * np.clip(speaking * 2, 0, 1)
    opening = np.where(
        _unheard(phones, voice, grid), _LEAST_LOUD + (_MOST_LOUD - _LEAST_LOUD) * loudness(energy, voice), opening
    )
    return LipTargets(opening.astype(np.float32), width.astype(np.float32), closures(phones, count))


def moments(phones: Phones) -> Iterator[tuple[float, float, Viseme]]:
    """The seconds of each sound, and the seconds and the shape of what the lips do for it: twice for one that passes
    through two shapes."""
    for symbol, time in zip(phones.symbols, phones.time, strict=True):
        shapes = parts(symbol)
        for k, shape in enumerate(shapes):
            yield float(time), float(time) + (k - (len(shapes) - 1) / 2) * _HALF, shape


def dominance_of(shape: Viseme, at: float, grid: np.ndarray) -> tuple[slice, np.ndarray]:
    """The frames, of those at `grid` (T,) seconds, in which a shape at a moment counts, and how much in each."""
    seconds = shape.seconds / 1.5
    first, last = np.searchsorted(grid, [at - 5 * seconds, at + 5 * seconds])
    near = slice(int(first), int(last))
    return near, shape.weight * np.exp(-np.abs(grid[near] - at) / seconds)


def rest_weight(speaking: np.ndarray) -> np.ndarray:
    """(T,) how much the mouth at rest counts beside the sounds, by `speaking_share`."""
    return 1e-3 + 2.0 * (1 - speaking) ** 2


def closures(phones: Phones, count: int) -> np.ndarray:
    """(T,) bool: the lips touch here."""
    closed = np.zeros(count, bool)
    closed[[_frame(at, count) for _, at, shape in moments(phones) if shape.closes]] = True
    return closed


def held_open(opening: np.ndarray, phones: Phones) -> np.ndarray:
    """Openings (T,) no wider than sounds allow for which the lips touch each other or the teeth."""
    count, most = len(opening), np.full(len(opening), np.inf)
    for _, at, shape in moments(phones):
        if shape.narrows:
            most[_frame(at, count)] = shape.opening
    closed = closures(phones, count)
    around = np.convolve(np.pad(closed, 1), [1, 1, 1], "valid") > 0  # lips take a frame to meet and a frame to part
    opening = np.minimum(opening, most)
    return np.where(closed, 0.0, np.where(around, np.minimum(opening, _NEARLY), opening))


def _frame(at: float, count: int) -> int:
    return min(count - 1, max(0, int(at * FRAME_RATE)))


def frame_times(count: int) -> np.ndarray:
    """(T,) seconds of the middles of frames."""
    return (np.arange(count) + 0.5) / FRAME_RATE


def _stress(energy: np.ndarray, voice: np.ndarray) -> np.ndarray:
    """(T,) how far a vowel opens for how loud it is: 1 as usual, 0.6 quiet, 1.3 loud."""
    return 0.6 + 0.7 * loudness(energy, voice) if (voice >= 0.5).any() else np.ones(len(energy))


def loudness(energy: np.ndarray, voice: np.ndarray) -> np.ndarray:
    """(T,) loudness in 0..1 of what is usual where a voice is heard."""
    spoken = energy[voice >= 0.5]
    if not len(spoken):
        return np.zeros(len(energy))
    low, high = np.percentile(spoken, [20, 90])
    return np.clip((energy - low) / max(high - low, 6.0), 0, 1)


def _unheard(phones: Phones, voice: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """(T,) bool: a voice is heard, but for long no sound of it was told."""
    times = np.concatenate([[-np.inf], phones.time, [np.inf]])
    after = np.searchsorted(times, grid)
    return (voice >= 0.5) & (np.minimum(grid - times[after - 1], times[after] - grid) > _UNHEARD)


def speaking_share(phones: Phones, voice: np.ndarray) -> np.ndarray:
    """(T,) 1 near a sound where a voice is heard, 0 at rest."""
    grid = frame_times(len(voice))
    near = np.zeros(len(grid))
    for time in phones.time:
        first, last = np.searchsorted(grid, [time - 0.2, time + 0.25])
        near[first:last] = 1.0
    return near * np.clip(voice * 1.5, 0, 1)
