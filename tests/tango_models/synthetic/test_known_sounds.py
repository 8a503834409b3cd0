"""The sounds of the speech that ships are those that its synthesiser says, and those that are heard in it."""

import numpy as np
import pytest

from tango_models.lips.visemes import viseme
from tango_models.media.probe import content_id
from tango_models.media.sound.audio import read_audio
from tango_models.speech.phones import recognise_phones
from tango_models.synthetic.build_assets import spoken_sounds
from tango_models.synthetic.known_sounds import known_sounds, symbols
from tango_models.synthetic.speaker import SPEAKER_VIDEO, SPEECH


@pytest.mark.parametrize("file", [SPEAKER_VIDEO, SPEECH], ids=lambda file: file.name)
def test_each_has_a_shape_and_most_closures_are_heard_where_they_are_known(file):
    known = known_sounds(content_id(file))
    assert known is not None and (np.diff(known.time) >= 0).all()
    shapes = [viseme(symbol) for symbol in known.symbols]
    assert all(shape is not None for shape in shapes)
    heard = recognise_phones(read_audio(file))
    closes = np.array([t for shape, t in zip(shapes, known.time, strict=True) if shape is not None and shape.closes])
    near = np.abs(closes[:, None] - heard.time[None]).min(1)
    assert len(closes) >= 5 and (near < 0.1).mean() > 0.8


def test_of_other_files_none_is_known():
    assert known_sounds("0" * 32) is None


def test_they_are_those_of_the_texts():
    pytest.importorskip("espeakng_loader")
    for file, phonemes in zip((SPEAKER_VIDEO, SPEECH), spoken_sounds().values(), strict=True):
        known = known_sounds(content_id(file))
        assert known is not None and list(known.symbols) == [s for p in phonemes if (s := symbols(p))]
