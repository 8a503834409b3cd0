"""Endless English sentences for synthetic speech, split into training and held-out ones by their own content."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

import numpy as np

Split = Literal["train", "held_out"]
_HELD_OUT_SHARE = 10  # one sentence in ten belongs to nobody but the held-out split


def _words(text: str) -> list[str]:
    return text.split()


def _phrases(text: str) -> list[str]:
    return [phrase.strip() for phrase in text.split("|")]


# Words that call for a gesture of their own (McNeill's iconic, metaphoric and deictic gestures), by meaning.
MEANINGS: dict[str, tuple[str, ...]] = {
    "large": tuple(_words("huge enormous entire vast wide whole massive gigantic broad immense everything everybody")),
    "small": tuple(_words("tiny small narrow precise exact slight delicate subtle minor little detail particular")),
    "up": tuple(_words("rise rises rose climbed lifted raised tall higher grew increased upward improved soared")),
    "down": tuple(_words("fell dropped lowered declined sank crushed pressed collapsed deep lower beneath reduced")),
    "self": tuple(_words("i my me we our myself us personally")),
    "unsure": tuple(_words("maybe perhaps wonder unclear possibly guess strange somehow unknown doubtful")),
    "refuse": tuple(_words("never nothing nobody not stopped refused impossible without rejected ended")),
    "left": tuple(_words("past before yesterday earlier previous former old")),
    "right": tuple(_words("future later tomorrow next following new beyond")),
    "hold": tuple(_words("room house box group system plan idea theory project structure frame")),
    "offer": tuple(_words("offered gave presented showed question answer example reason proposed shared")),
}
MEANING_OF = {word: meaning for meaning, words in MEANINGS.items() for word in words}

_NOUNS = _words("""teacher village river engine garden doctor market bridge student forest letter kitchen station island
farmer painting library company mountain window captain village festival harbour factory museum scientist journey
bottle candle machine neighbour hospital theatre pattern dragon orchestra lesson traveller baker satellite robot senator
hammer blanket planet carpet detective mirror novel pilot tunnel valley waiter button circus desert elephant furnace
giant hotel jacket keyboard ladder magnet notebook ocean pencil queen railway sailor tractor umbrella vaccine wagon
yacht zebra airport building camera daughter election family government holiday industry judge kingdom language
manager newspaper officer parliament quarter recipe school tenant uncle victory winner audience battery computer
dinner editor flower guitar helmet interview jungle kettle lawyer method nurse opinion pocket rabbit signal table
university village weather writer apple balcony chapter diamond experiment fountain room house box group system plan
idea theory project structure question answer example reason detail""")
_PEOPLE = _words("Anna Robert Maria Peter Clara Victor Helen Oscar Julia Martin Sophie Daniel Laura Thomas Nadia Simon")
_PLACES = _words("""Vienna Lisbon Chicago Tokyo Nairobi Bristol Dublin Madrid Toronto Boston Berlin Sydney Oslo Bombay
Havana Cairo Seattle Prague""")
_ADJECTIVES = _words("""
brilliant quiet famous broken golden hungry modern painful royal simple terrible useful wooden young
bitter careful distant eager foreign gentle honest liquid mighty nervous ordinary patient rapid secret tender urgent
violent wealthy bright clever dirty empty frozen hidden huge enormous entire vast wide whole massive gigantic tiny small
narrow precise exact slight delicate subtle tall deep strange unknown impossible previous former old new next
following""")
_TRANSITIVE = _words("""carried painted followed discovered repaired opened watched described finished ignored invented
supported destroyed improved remembered collected delivered surprised borrowed examined protected visited produced
repeated imagined lifted raised lowered crushed pressed offered presented showed proposed shared refused stopped
rejected understood measured explained copied answered changed noticed""")
_INTRANSITIVE = _words("""waited laughed arrived disappeared travelled listened whispered returned worked rested argued
climbed grew rose fell dropped sank collapsed declined improved soared ended hesitated apologised celebrated
recovered""")
_ADVERBS = _words("""slowly suddenly quietly carefully happily rarely certainly quickly finally usually gently nearly
obviously honestly maybe perhaps possibly somehow never personally yesterday tomorrow later earlier""")
_TIMES = _phrases("""
in the morning|last winter|every single day|after the meeting|before the storm|two years ago|at midnight|
during the summer|on Saturday|once a week|in the past|in the future|for a long time|at the very end""")
_TEMPLATES = _phrases("""The {n} {t} the {a} {n}.|{p} {t} a {a} {n} {time}.|{D}, the {n} {i} near the {n}.|
{p} and {p} {t} every {n} in {place}.|I {t} the {n}, and my {n} {i} {d}.|We never {t} the {a} {n} again.|
Why {did} the {n} of {place} {base} {time}?|Nobody in {place} {t} the {n} of the {n}.|{time}, a {a} and {a} {n} {i}.|
It is not the {n}, it is the {a} {n} that {t} {p}.|First the {n}, second the {n}, and third the {a} {n}.|
One {n}, two {n}s, and three {a} {n}s {i} {d}.|If {p} {t} the {n}, the whole {n} {i}.|Maybe the {n} {i}.|
There was a {n} in {place} that {t} everything {time}.|{p} {i}.|The {a} {n} {i} {d}, but the {n} {i} {time}.|
My {n} and our {n} {t} one {a} {n} after another.|What a {a} {n}!|{D}, {p} {i} beside the {a} {n} of {place}.|
You see, the {n} {t} the {n}, the {n}, and the {n}.|Look at the {a} {n}.|I wonder who {t} the {n} {time}.|
The bigger the {n}, the more {a} the {n}.|No.|Absolutely.|Between the {n} and the {n} stood {p}.""")
_BASES = _words("vanish matter happen collapse begin survive return")


def split_of(sentence: str) -> Split:
    """The split a sentence belongs to, from its letters alone: the same sentence can never be in both."""
    digest = hashlib.blake2b(sentence.lower().encode(), digest_size=4).digest()
    return "held_out" if int.from_bytes(digest, "big") % _HELD_OUT_SHARE == 0 else "train"


def sentence(rng: np.random.Generator, split: Split) -> str:
    """A new sentence of this split; meaning is not attempted, stress and phrasing are."""
    while True:
        found = _fill(_pick(rng, _TEMPLATES), rng)
        # The few sentences without a choice in them would belong to one split only by luck: they are said in training.
        if split_of(found) == split:
            return found


def speech(rng: np.random.Generator, split: Split, seconds: float, rate: int = 160) -> str:
    """Paragraphs (blank lines between) of about this many seconds at `rate` words a minute."""
    words, paragraphs = 0, []
    while words < seconds * rate / 60:
        sentences = [sentence(rng, split) for _ in range(rng.integers(1, 6))]
        paragraphs.append(" ".join(sentences))
        words += len(paragraphs[-1].split())
    return "\n\n".join(paragraphs)


def _fill(template: str, rng: np.random.Generator) -> str:
    slots = {"n": _NOUNS, "p": _PEOPLE, "place": _PLACES, "a": _ADJECTIVES, "t": _TRANSITIVE, "i": _INTRANSITIVE,
             "d": _ADVERBS, "D": _ADVERBS, "time": _TIMES, "did": ["did", "didn't"], "base": _BASES}  # fmt: skip
    parts, rest = [], template
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        parts += [before, _pick(rng, slots[name])]
    text = "".join([*parts, rest])
    text = re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text)
    text = re.sub(r"([^aeo])ys\b", r"\1ies", text)
    return text[0].upper() + text[1:]


def _pick(rng: np.random.Generator, choices: list[str]) -> str:
    return choices[rng.integers(len(choices))]
