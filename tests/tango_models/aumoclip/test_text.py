"""Which word piece each frame of speech gets."""

import numpy as np

from tango_models.aumoclip.backbones import transcript
from tango_models.aumoclip.text import (
    EncodedText,
    TimedWord,
    frame_features,
    tokens_from_characters,
    tokens_from_words,
)
from tests.tango_models.aumoclip import tiny


def passage(*words: list[str]) -> EncodedText:
    """Pieces of each word; the vector of token k is (k,)."""
    pieces = [piece for word in words for piece in word]
    owners = [index for index, word in enumerate(words) for _ in word]
    return EncodedText(np.arange(len(pieces) + 1, dtype=np.float32)[:, None], pieces, owners)


def test_ctc_characters_find_their_word_pieces():
    text = passage(["play", "ing"], ["chess"])
    frames = list("p_ll_ay_i_nnn_g____c_hh_ess")
    characters = ["" if frame == "_" else frame for frame in frames]
    tokens = tokens_from_characters(characters, text)
    assert tokens[0] == 0  # [CLS], although a "p" was spoken
    spoken = {name: [tokens[index] for index, frame in enumerate(frames) if frame == name] for name in "aych"}
    assert spoken == {"a": [1], "y": [1], "c": [3], "h": [-1, 3]}  # difflib matches a repeated character once
    features = frame_features(text, tokens)[:, 0]
    assert features[0] == 0 and features[-1] == 3
    assert features[frames.index("i")] == 2
    assert (np.diff(features) >= 0).all()  # filled from the nearest, in order


def test_frames_without_text_take_the_nearest_and_the_earlier_of_two():
    text = passage(["a"], ["b"])
    features = frame_features(text, np.array([0, -1, -1, 1, -1, 2, -1, -1]))[:, 0]
    assert features.tolist() == [0, 0, 1, 1, 1, 2, 2, 2]


def test_speech_without_words_is_all_cls():
    empty = passage()
    assert frame_features(empty, tokens_from_characters([""] * 5, empty)).tolist() == [[0]] * 5
    assert frame_features(empty, tokens_from_words([], empty, start=2.0, frames=4)).tolist() == [[0]] * 4


def test_a_words_frames_are_shared_by_its_pieces_by_letters():
    text = passage(["play", "ing"], ["x"])
    words = [TimedWord("playing", 10.1, 10.24), TimedWord("x", 10.3, 10.36)]
    tokens = tokens_from_words(words, text, start=10.0, frames=20)
    assert tokens.tolist() == [0, *[-1] * 4, 1, 1, 1, 1, 2, 2, 2, -1, -1, -1, 3, 3, 3, -1, -1]


def test_words_that_reach_over_the_windows_ends_are_cut():
    words = [TimedWord("a", -0.2, 0.06), TimedWord("b", 0.14, 0.5)]
    tokens = tokens_from_words(words, passage(["a"], ["b"]), start=0.0, frames=10)
    assert tokens.tolist() == [0, 1, 1, -1, -1, -1, -1, 2, 2, 2]


def test_greedy_ctc_decoding():
    symbols = ["<pad>", "H", "H", "<pad>", "E", "L", "<pad>", "L", "O", "|", "|", "<s>", "M", "E", "|"]
    assert transcript(symbols) == "hello me"


def test_passages_in_a_batch_give_what_they_give_alone():
    encoder = tiny.text_encoder()
    passages = [["hello", "you"], [], ["a"], ["naïve", "ß", "x"]]
    for passage_words, encoded in zip(passages, encoder.encode(passages), strict=True):
        (alone,) = encoder.encode([passage_words])
        np.testing.assert_allclose(encoded.vectors, alone.vectors, atol=1e-5)
        assert encoded.pieces == alone.pieces and encoded.words == alone.words
        assert len(encoded.vectors) == len(encoded.pieces) + 1
    assert encoder.encode([["hey"]])[0].pieces == ["h", "e", "y"]
    assert encoder.encode([["ß"]])[0].pieces == [""]  # unknown: no characters to match
    assert encoder.encode([]) == []
