"""A speaker whose lips go otherwise than other people's is learned from; anybody else is not."""

from dataclasses import replace

import numpy as np
import pytest

from tango_models.lips.learned import LEAST_FRAMES, Heard, Lesson, learn_lips, learned_elsewhere
from tango_models.lips.library import collect, mouth_shapes
from tango_models.lips.visemes import LipTargets
from tests.tango_models.lips.faces import mouths
from tests.tango_models.lips.talkers import own_way, speech


def lesson(seconds: float, seed: int, way) -> Lesson:
    heard = speech(seconds, seed)
    return Lesson(heard, heard.asks(), way(heard, seed), np.ones(len(heard.voice), bool))


def likeness(told: LipTargets, true: LipTargets, heard: Heard, name: str) -> float:
    rows = heard.voice > 0
    return float(np.corrcoef(getattr(told, name)[rows], getattr(true, name)[rows])[0, 1])


@pytest.mark.parametrize("minutes", [[1.5], [0.7, 0.7, 0.7]])
def test_a_speakers_own_way_is_learned_and_told_of_a_new_speech(minutes):
    learned = learn_lips([lesson(60 * m, seed, own_way) for seed, m in enumerate(minutes)])
    assert learned is not None
    assert f"{learned.gained['width'][1]:.2f}" in learned.told()
    heard = speech(60, 77)
    asked, true = heard.asks(), own_way(heard, 77, noise=0)
    told = learned.of(asked, heard)
    for name in ("opening", "width"):
        assert likeness(told, true, heard, name) > likeness(asked, true, heard, name) + 0.2
        assert learned.gained[name][1] > learned.gained[name][0]
    # Lips are as far apart as they were, not as far as their mean, and meet where they must.
    assert told.opening[heard.voice > 0].std() > 0.7 * true.opening[heard.voice > 0].std()
    assert not told.opening[told.closed].any()
    assert (told.opening[heard.voice == 0] == asked.opening[heard.voice == 0]).all()


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_learned_where_there_is_nothing_to_learn(seed):
    def as_anybody(heard: Heard, seed: int) -> LipTargets:
        asked, rng = heard.asks(), np.random.default_rng(seed)
        return replace(asked, opening=asked.opening + rng.normal(0, 0.2, len(asked)).astype(np.float32))

    def of_another_speech(heard: Heard, seed: int) -> LipTargets:
        return own_way(speech(len(heard.voice) / 30, seed + 1000), seed)

    for way in (as_anybody, of_another_speech):
        learned = learn_lips([lesson(100, seed, way)])
        assert learned is None or learned.opening is None


def test_what_is_told_of_one_half_of_a_video_was_learned_from_the_other():
    heard = speech(110, 8)
    way = own_way(heard, 8, noise=0)
    seen = mouths(0.02 + 0.2 * np.clip(way.opening, 0, 1.2), 0.5 + 0.1 * way.width)
    reference = seen.mesh[0]
    library = collect([(np.arange(len(seen)), seen, [])], mouth_shapes(seen.mesh, reference), reference)
    told = learned_elsewhere(library, heard)
    asked = heard.asks()
    for half in (slice(0, len(seen) // 2), slice(len(seen) // 2, len(seen))):
        rows = np.flatnonzero(heard.voice[half] > 0) + half.start
        before, after = (np.corrcoef(t.opening[rows], way.opening[rows])[0, 1] for t in (asked, told))
        assert after > before + 0.2
    one_half = learned_elsewhere(library, heard.sooner(40 * 30))
    assert one_half is None


def test_little_footage_is_not_learned_from():
    assert learn_lips([]) is None
    assert learn_lips([lesson(LEAST_FRAMES / 30 * 0.9, 0, own_way)]) is None
    hidden = lesson(200, 0, own_way)
    assert learn_lips([replace(hidden, seen=np.zeros(len(hidden.seen), bool))]) is None


def test_what_is_heard_sooner_is_at_the_moments_of_the_lips():
    heard = speech(20, 3)
    sooner = heard.sooner(4)
    assert len(sooner.voice) == len(sooner.energy) == len(heard.voice) - 4
    assert np.allclose(sooner.phones.time, heard.phones.time - 4 / 30)
    assert (sooner.voice == heard.voice[4:]).all()
    later = sooner.sooner(-4)
    assert len(later.voice) == len(heard.voice) and np.allclose(later.phones.time, heard.phones.time)
    assert (later.voice[4:] == heard.voice[4:]).all()
