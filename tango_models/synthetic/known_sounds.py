"""The sounds of the speech that ships with the demo, as its synthesiser says that it made them: what recognised sounds
can be judged by."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tango_models.speech.phones import Phones
from tango_models.synthetic.speaker import SPEAKER_VIDEO, SPEECH
from tango_models.synthetic.voice import Phoneme

KNOWN_SOUNDS = Path(__file__).parent / "assets" / "sounds.json"
# eSpeak's letters that are none of the International Phonetic Alphabet, or another of it.
_LETTERS = {
    "A": "ɑ", "V": "ʌ", "0": "ɒ", "O": "ɔ", "E": "ɛ", "I": "ɪ", "@": "ə", "3": "ɜ", "U": "ʊ", "S": "ʃ", "Z": "ʒ",
    "T": "θ", "D": "ð", "N": "ŋ", "r": "ɹ",
}  # fmt: skip


def symbols(phoneme: Phoneme) -> str:
    """The symbols of the International Phonetic Alphabet for a phoneme of eSpeak; "" for a pause."""
    return "".join(_LETTERS.get(letter, letter) for letter in phoneme.name if letter.isalpha() or letter in _LETTERS)


def known_sounds(content: str) -> Phones | None:
    """The sounds of a file by its content id; None for any but those that ship with the package."""
    from tango_models.media.probe import content_id

    for file in (SPEAKER_VIDEO, SPEECH):
        if content_id(file) == content:
            given = json.loads(KNOWN_SOUNDS.read_text(encoding="utf-8"))[file.name]
            return Phones(tuple(symbol for symbol, _ in given), np.array([time for _, time in given], np.float64))
    return None


def write_known_sounds(spoken: dict[str, tuple[Phoneme, ...]]) -> None:
    """Write the sounds of the files that ship, by name; each at its middle."""
    rows = {
        name: [[text, round((p.start + p.end) / 2, 3)] for p in phonemes if (text := symbols(p))]
        for name, phonemes in spoken.items()
    }
    KNOWN_SOUNDS.write_text(json.dumps(rows, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
