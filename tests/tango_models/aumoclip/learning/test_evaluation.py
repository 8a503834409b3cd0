import numpy as np
import pytest

from tango_models.aumoclip.backbones import EmbeddedBackbones
from tango_models.aumoclip.learning.evaluation import _retrieval, bootstrap, evaluate
from tango_models.aumoclip.learning.pairs import PairData
from tango_models.aumoclip.learning.recordings import find_pairs
from tango_models.aumoclip.modeling import AuMoClip
from tango_models.errors import InputError
from tests.tango_models.aumoclip import tiny
from tests.tango_models.aumoclip.learning.test_pairs import write_recording


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    for index in range(4):
        write_recording(folder / "data", f"recording_{index}", 18.0, index)
    return PairData.open(find_pairs(folder / "data"), EmbeddedBackbones(tiny.embedded()), folder / "cache")


def test_a_perfect_scorer_is_perfect_and_a_constant_one_is_chance():
    recordings = np.repeat(np.arange(16), 8)
    best = _retrieval(np.eye(128), recordings, 5)
    assert all(values.mean() == 1.0 for values in best.values())
    same = _retrieval(np.ones((128, 128)), recordings, 5)
    assert same["recall_at_1"].mean() == 0 and same["rank_percentile"].mean() == pytest.approx(0.5)
    assert same["mismatched"].mean() == pytest.approx(0.5) and same["same_speaker"].mean() == pytest.approx(0.5)


def test_ranks_are_counted_as_by_hand():
    scores = np.array([[0.5, 0.9, 0.1, 0.6], [0.2, 0.8, 0.3, 0.1], [0.9, 0.8, 0.4, 0.1], [0.1, 0.2, 0.3, 0.25]])
    found = _retrieval(scores, np.array([0, 0, 1, 1]), 1)
    np.testing.assert_allclose(found["recall_at_1"], [0, 1, 0, 0])
    np.testing.assert_allclose(found["recall_at_5"], [1, 1, 1, 1])
    np.testing.assert_allclose(found["rank_percentile"], [1 / 3, 1, 1 / 3, 2 / 3])
    np.testing.assert_allclose(found["same_speaker"], [0, 1, 1, 0])
    np.testing.assert_allclose(found["mismatched"], [1, 0, 1, 1])  # 0.5 > 0.1, 0.8 < 0.9, 0.4 > 0.3, 0.25 > 0.1


def test_clips_with_the_same_speech_are_no_mistake_for_each_other():
    scores = np.array([[0.5, 0.9, 0.1], [0.9, 0.5, 0.2], [0.6, 0.1, 0.4]])
    same_speech = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
    found = _retrieval(scores, np.array([0, 1, 2]), 1, same_speech)
    np.testing.assert_allclose(found["recall_at_1"], [1, 1, 0])
    np.testing.assert_allclose(found["rank_percentile"], [1, 1, 0.5])
    np.testing.assert_allclose(found["mismatched"], [0, np.nan, 1])  # 0.5 < 0.6; the same speech; 0.4 > 0.2


def test_an_untrained_model_is_near_chance_and_a_baseline_is_scored_beside_it(data):
    found = evaluate(
        AuMoClip(tiny.embedded()), data, galleries=3, gallery=12, per_recording=3, baseline=lambda batch: np.eye(12)
    )
    assert found.clips == 36
    assert 0.15 < found.frame_accuracy.mean < 0.4
    assert found.model.recall_at_1.mean < 0.5
    assert found.baseline is not None and found.baseline.recall_at_1.mean == 1.0
    assert found.to_dict()["model"]["recall_at_1"]["low"] <= found.model.recall_at_1.mean


def test_the_interval_is_of_recordings_not_of_windows():
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(10), 50)
    values = np.repeat(rng.normal(0, 1, 10), 50)  # a recording's windows are all alike
    wide, narrow = bootstrap(values, owners, rng), bootstrap(values, np.arange(500), rng)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert wide.low <= wide.mean <= wide.high
    assert np.isnan(bootstrap(np.array([np.nan]), np.array([0]), rng).mean)


def test_too_few_windows_are_refused(data):
    with pytest.raises(InputError, match="gallery of 128"):
        evaluate(AuMoClip(tiny.embedded()), data)
