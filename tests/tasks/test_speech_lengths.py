"""One number of frames for a speech of any length, through all that is computed of it; the search is a stub.

python -m tests.tasks.test_speech_lengths     # every length from 0.1 to 120 s in steps of 10 ms, at five rates
"""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch

from data_catalog import clip_id
from tango_models.aumoclip.outputs import TowerOutput
from tango_models.aumoclip.processing import SpeechEncoder
from tango_models.interpolation.seam_placement import Placement
from tango_models.media.sound.resampling import Resampler
from tango_models.motion_graph.scoring.clip_prosody import ClipProsody
from tango_models.motion_graph.scoring.embedding_scorer import SlotEmbedding, embedding_rows
from tango_models.motion_graph.scoring.prosody_scorer import ProsodyScorer
from tango_models.speech.activity import voice_activity
from tango_models.speech.prosody import SpeechFeatures, analyse_speech, energy, onset_strength
from tango_models.speech.timeline import SAMPLE_RATE, frame_bounds, frame_count, sample_count, slot_count
from tasks.views.embeddings import read_speech_embedding
from tasks.views.paths.playback import play

RATES = (8_000, 16_000, 22_050, 44_100, 48_000)
TIES = (4.15, 16.35, 32.95)
_WIDTH = 4


class _Model:
    """Zero embeddings of the right shapes, as long as the windows it is given."""

    config = SimpleNamespace(
        text_source="none", sample_rate=16_000, fps=30, window_frames=128, feature_dim=_WIDTH, short_speech="pad"
    )

    def eval(self):
        return self

    def parameters(self):
        yield torch.zeros(1)

    def encode_audio(self, inputs):
        low, cls = torch.ones(inputs.count, 128, _WIDTH), torch.ones(inputs.count, _WIDTH)
        return TowerOutput(low=low, high=low, cls=cls, attention=low)


class _Inputs(SimpleNamespace):
    def to(self, device):
        return self


class _Backbones:
    config = _Model.config

    def open(self, samples, words):
        return samples

    def inputs(self, recording, starts):
        assert max(starts) == 0 or max(starts) * 16_000 // 30 < len(recording)
        return _Inputs(count=len(starts))


def check_length(samples: int, n: int, *, full: bool = False) -> None:
    """All that is made of `samples` samples at 16 kHz has the length of the video, `n` frames."""
    assert n == frame_count(samples)
    audio = np.zeros(samples, np.float32)
    assert abs(sample_count(n) - samples) * 60 <= SAMPLE_RATE + 60, "sound and picture end within half a frame"
    assert frame_bounds(n)[-1] in (sample_count(n), sample_count(n) - 1)
    assert len(energy(audio)) == n
    if full:
        assert len(analyse_speech(audio)) == len(onset_strength(audio)) == len(voice_activity(audio)) == n
    heard = SpeechEncoder(_Model(), _Backbones()).encode(audio)  # type: ignore[arg-type]
    assert len(heard) == n
    stored = _Stored(heard.low, heard.high)
    slots = read_speech_embedding(stored, "s", "m", n)
    seen = SlotEmbedding(np.ones((2, 4, _WIDTH), np.float32), np.ones((2, _WIDTH), np.float32))
    zero = np.zeros(n, np.float32)
    clips = ClipProsody(
        np.zeros((2, 4), np.float32), np.zeros(2, np.float32), np.array([1, -1], np.int32), np.zeros((2, 4))
    )
    rows = ProsodyScorer().cost_rows(
        SpeechFeatures(energy=zero, onset=zero, voice=zero), clips, embedding=embedding_rows(slots, seen)
    )
    steps = slot_count(n)
    assert rows.shape == (steps, 2) and rows[steps - 1 : steps].shape == (1, 2)
    path = [clip_id("v", k % 7) for k in range(steps)]  # the stub of the search
    jumps = list(range(7, steps, 7))
    playback = play(path, jumps, n, place=lambda *_: Placement(0, 0))
    assert len(playback.frame) == len(playback.track) == n


class _Stored:
    """The rows of `speech_embeddings` as the stage writes them."""

    def __init__(self, low, high):
        parts = range(0, len(low), 1800)
        self._rows = pa.table(
            {
                "audio_low": [low[k : k + 1800].astype("<f2").tobytes() for k in parts],
                "audio_high": [high[k : k + 1800].astype("<f2").tobytes() for k in parts],
            }
        )

    def table(self, name):
        return self

    def read(self, columns, where):
        return self._rows


def analysed_samples(samples: int, rate: int) -> int:
    """How many 16 kHz samples become of `samples` at `rate`."""
    return (2 * samples * SAMPLE_RATE + rate) // (2 * rate)


@pytest.mark.parametrize(("seconds", "frames"), list(zip(TIES, (125, 491, 989), strict=True)))
@pytest.mark.parametrize("rate", RATES)
def test_lengths_that_lie_between_two_frames_have_one_number_of_frames(seconds, frames, rate):
    samples = analysed_samples(round(seconds * rate), rate)
    check_length(samples, frames, full=rate == RATES[0])


def test_lengths_between_a_tenth_of_a_second_and_two_minutes():
    rng = np.random.default_rng(0)
    ties = [s for s in range(100, 120_001, 10) if (s * 60 // 1000) % 2 and s * 60 % 1000 == 0]
    lengths = [*rng.choice(np.arange(100, 120_001, 10), 40), *rng.choice(ties, 40)]
    for milliseconds, rate in zip(lengths, np.resize(RATES, len(lengths)), strict=True):
        samples = analysed_samples(round(int(milliseconds) * int(rate) / 1000), int(rate))
        check_length(samples, frame_count(samples))


@pytest.mark.parametrize("rate", RATES)
def test_the_resampler_gives_as_many_samples_as_the_length_asks(rate):
    for seconds in (0.1, 0.33, 1.27, *TIES[:1]):
        given = np.zeros((1, round(seconds * rate)), np.float32)
        resampler = Resampler(SAMPLE_RATE, 1)
        found = sum(block.shape[1] for block in (resampler.feed(given, rate), resampler.flush()))
        assert found == analysed_samples(given.shape[1], rate)


def sweep() -> None:
    """Every length, by hand: some minutes."""
    done: set[int] = set()
    for rate in RATES:
        for milliseconds in range(100, 120_001, 10):
            samples = analysed_samples(round(milliseconds * rate / 1000), rate)
            if samples not in done:
                done.add(samples)
                check_length(samples, frame_count(samples))
        print(rate, "Hz:", len(done), "different lengths, all right")


if __name__ == "__main__":
    sweep()
