import numpy as np

from tango_models.motion_graph.scoring.scorers import ClipProsody, create_scorer
from tango_models.speech.prosody import SpeechFeatures


def test_the_random_scorer_hears_nothing():
    clips = ClipProsody(
        np.ones((50, 4), np.float32), np.ones(50, np.float32), np.arange(1, 51, dtype=np.int32), np.zeros((50, 4))
    )
    silence = SpeechFeatures(*(np.zeros(402, np.float32) for _ in range(3)))
    speech = SpeechFeatures(*(np.ones(402, np.float32) for _ in range(3)))
    scorer = create_scorer("random")
    costs = scorer.cost_rows(speech, clips)
    assert not scorer.embeds
    assert costs.shape == (101, 50) and costs.min() < 0.01 and costs.max() > 0.99
    np.testing.assert_array_equal(costs, scorer.cost_rows(silence, clips))
