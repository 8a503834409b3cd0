"""Costs from the joint audio-motion space."""

from dataclasses import replace

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.motion_graph.scoring.embedding_scorer import SlotEmbedding, embedding_rows


def _embedding(count: int, seed: int, width: int = 16) -> SlotEmbedding:
    rng = np.random.default_rng(seed)
    low, high = rng.normal(size=(count, 4, width)), rng.normal(size=(count, width))
    low /= np.linalg.norm(low, axis=-1, keepdims=True)
    high /= np.linalg.norm(high, axis=-1, keepdims=True)
    return SlotEmbedding(low.astype(np.float32), high.astype(np.float32))


def test_a_clip_that_is_the_speech_fits_best_and_a_random_one_costs_a_half():
    speech = _embedding(60, 0)
    cost = embedding_rows(speech, speech)[:]
    assert (cost.argmin(axis=1) == np.arange(60)).all()
    assert cost[~np.eye(60, dtype=bool)].mean() == pytest.approx(0.5, abs=0.03)


def test_costs_are_the_standardised_similarities_of_all_slots_and_clips():
    speech, clips = _embedding(50, 1), _embedding(70, 2)
    low = np.einsum("tfd,nfd->tn", speech.low, clips.low) / 4
    similarity = 0.7 * low + 0.3 * speech.high @ clips.high.T
    z = (similarity - similarity.mean()) / similarity.std()
    rows = embedding_rows(speech, clips, high_weight=0.3)
    assert np.allclose(rows[:], np.clip(0.5 - 0.2 * z, 0, 1), atol=1e-4)
    assert np.allclose(rows[10:20], rows[:][10:20], atol=1e-6)


def test_clips_without_an_embedding_are_the_dearest_and_do_not_change_the_scale():
    speech, clips = _embedding(40, 3), _embedding(40, 4)
    missing = np.arange(40) % 4 == 0
    low, high = clips.low.copy(), clips.high.copy()
    low[missing] = high[missing] = 0
    cost = embedding_rows(speech, SlotEmbedding(low, high))[:]
    alone = embedding_rows(speech, SlotEmbedding(clips.low[~missing], clips.high[~missing]))[:]
    assert (cost[:, missing] == 1).all()
    assert np.allclose(cost[:, ~missing], alone, atol=1e-5)


def test_embeddings_of_two_models_and_none_at_all_are_refused():
    speech = _embedding(5, 0)
    with pytest.raises(InputError, match="one model"):
        embedding_rows(speech, _embedding(5, 1, width=8))
    with pytest.raises(InputError, match="all missing"):
        embedding_rows(speech, replace(speech, low=0 * speech.low, high=0 * speech.high))
