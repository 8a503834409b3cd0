"""A WAV gives its numbers, however many bits of its words count."""

import struct

import numpy as np
import pytest

from tango_models.media.sound.audio import read_audio

RATE = 16000
PCM, FLOAT = 1, 3


def written(path, words, bits, counted, number, before=b""):
    form = struct.pack("<HHIIHH", 0xFFFE, 1, RATE, RATE * bits // 8, bits // 8, bits)
    form += struct.pack("<HHIH", 22, counted, 4, number) + bytes.fromhex("000000001000800000aa00389b71")
    chunks = b"WAVE" + before + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(words)) + words
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    return path


def in_words(sound, bits, counted):
    numbers = np.round(sound * (2 ** (counted - 1) - 1)).astype("<i8") << (bits - counted)
    return numbers[:, None].view(np.uint8)[:, : bits // 8].tobytes()


@pytest.mark.parametrize(("bits", "counted"), [(32, 24), (32, 20), (32, 16), (24, 16), (24, 20), (32, 32), (16, 12)])
@pytest.mark.parametrize("before", [b"", b"JUNK" + struct.pack("<I", 3) + bytes(4)])
def test_words_of_which_some_bits_count_are_read(tmp_path, bits, counted, before):
    sound = np.random.default_rng(0).normal(0, 0.1, RATE).clip(-1, 1).astype(np.float32)
    path = written(tmp_path / "speech.wav", in_words(sound, bits, counted), bits, counted, PCM, before)
    np.testing.assert_allclose(read_audio(path), sound, atol=2.0 ** (2 - counted))


@pytest.mark.parametrize("counted", [24, 32])
def test_floating_point_numbers_are_read_whatever_counts(tmp_path, counted):
    sound = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    path = written(tmp_path / "speech.wav", sound.tobytes(), 32, counted, FLOAT)
    np.testing.assert_array_equal(read_audio(path), sound)
