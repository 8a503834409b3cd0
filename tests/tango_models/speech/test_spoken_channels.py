"""A voice on any one channel, and something else on the others: the voice is what is analysed."""

import numpy as np
import pytest
import soxr
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tango_models.media.sound.audio import read_audio, read_speech
from tango_models.speech.footage_sound import FootageSound
from tango_models.speech.level import at_common_level
from tango_models.speech.prosody import analyse_speech
from tango_models.speech.spoken_track import find_spoken_track
from tango_models.synthetic.speaker import SPEECH
from tests.tango_models.media.sound.test_speech_file import write
from tests.wav_files import write_wav

ALL = read_audio(SPEECH)
SPOKEN = ALL[: 2 * 16_000]
PLAIN = analyse_speech(at_common_level(SPOKEN))


def _noises(count: int, rate: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    t = np.arange(count) / rate
    clicks, bang = np.zeros(count), np.zeros(count)
    clicks[rng.integers(0, count, 8)] = rng.choice([1.0, 5000.0])
    bang[count // 3 : count // 2] = 1
    quieter = soxr.resample(ALL[-SPOKEN.size :], 16_000, rate)
    return {
        "hiss": rng.standard_normal(count),
        "hum": sum(np.sin(100 * np.pi * k * t) / k for k in (1, 2, 3, 5)),
        "tone": np.sin(2 * np.pi * rng.uniform(200, 3000) * t),
        "chords": sum(np.sin(2 * np.pi * f * t) for f in (262, 330, 392)) * (1.2 + np.sin(4 * np.pi * t)),
        "drums": rng.standard_normal(count) * np.exp(-20 * (2 * t % 1)),
        "offset": np.ones(count),
        "clicks": clicks,
        "bang": bang * rng.uniform(-1, 1, count),
        "quieter voice": np.pad(quieter, (0, max(0, count - len(quieter))))[:count],
    }


NOISES = list(_noises(16, 8000, np.random.default_rng(0)))


@example(48_000, 2, 0, "hiss", -8.0, 0.0, 0)
@example(96_000, 2, 1, "hiss", -18.0, 0.0, 0)
@example(48_000, 6, 2, "tone", 10.0, 0.0, 0)
@example(8_000, 2, 0, "quieter voice", 0.0, 0.0, 0)
@example(22_050, 2, 1, "quieter voice", -30.0, -20.0, 0)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([8_000, 22_050, 44_100, 48_000, 96_000]),
    st.integers(2, 6),
    st.integers(0, 5),
    st.sampled_from(NOISES),
    st.floats(-30, 12),
    st.floats(-40, 0),
    st.integers(0, 2**32),
)
def test_a_voice_on_one_channel_is_heard_beside_anything(tmp_path, rate, channels, voice, noise, over, level, seed):
    rng = np.random.default_rng(seed)
    spoken = soxr.resample(SPOKEN, 16_000, rate) * np.float32(10 ** (level / 20))
    other = _noises(len(spoken), rate, rng)[noise]
    if noise == "quieter voice":
        over = min(over, -15.0)
    if noise not in ("clicks", "bang"):
        other = other * (spoken.std() * 10 ** (over / 20) / np.sqrt(np.square(other).mean()))
    sound = np.tile(other, (channels, 1)).astype(np.float32)
    sound[voice % channels] = spoken
    path = write_wav(tmp_path / "a.wav", sound, rate)
    track = find_spoken_track(path)
    found = analyse_speech(at_common_level(read_speech(path, track=track.track, channels=track.channels)))
    assert ((found.voice > 0.5) == (PLAIN.voice > 0.5)).mean() > 0.85
    assert np.corrcoef(found.energy, PLAIN.energy)[0, 1] > 0.9


def test_footage_listens_to_the_voice_and_says_what_it_leaves_out(tmp_path):
    sound = np.stack([0.1 * np.random.default_rng(0).standard_normal(SPOKEN.size), SPOKEN]).astype(np.float32)
    footage = FootageSound(write_wav(tmp_path / "a.wav", sound, 16_000))
    heard = np.frombuffer(footage.take(60), "<i2") / 32767
    assert np.abs(heard - SPOKEN).max() < 1e-3
    assert footage.notes == ["1 of 2 channels are not listened to: nobody speaks on them"]


@pytest.mark.parametrize("voice", range(6))
def test_a_voice_on_any_channel_of_5_1_is_heard(tmp_path, voice):
    sound = np.zeros((6, SPOKEN.size), np.float32)
    sound[voice] = SPOKEN
    path = write(tmp_path / "a.wav", sound, 16_000, "5.1", "pcm_s16le")
    track = find_spoken_track(path)
    assert not track.note
    assert np.abs(read_speech(path, channels=track.channels) - SPOKEN).max() < 1e-3


def test_both_who_speak_in_turn_are_listened_to_and_where_nobody_does_all_channels(tmp_path):
    turns = np.zeros((2, 3 * SPOKEN.size), np.float32)
    turns[0, : 2 * SPOKEN.size], turns[1, 2 * SPOKEN.size :] = np.tile(SPOKEN, 2), SPOKEN
    assert find_spoken_track(write_wav(tmp_path / "a.wav", turns, 16_000)).channels == {("FL", "FR"): (0, 1)}
    assert find_spoken_track(write_wav(tmp_path / "a.wav", 0 * turns, 16_000)).channels == {}


def test_who_is_far_quieter_is_left_out_and_it_is_said(tmp_path):
    quiet = np.resize(ALL[-SPOKEN.size :], SPOKEN.size)
    quiet = quiet * (0.1 * SPOKEN.std() / quiet.std())
    track = find_spoken_track(write_wav(tmp_path / "a.wav", np.stack([quiet, SPOKEN]).astype(np.float32), 16_000))
    assert list(track.channels.values()) == [(1,)]
    assert track.note == "1 of 2 channels are not listened to: who speaks on them is far quieter"


def test_a_louder_voice_on_the_channel_for_low_frequencies_hides_no_other(tmp_path):
    sound = np.zeros((6, SPOKEN.size), np.float32)
    sound[2], sound[3] = 0.05 * SPOKEN, 0.9 * SPOKEN
    track = find_spoken_track(write(tmp_path / "a.wav", sound, 16_000, "5.1", "pcm_s16le"))
    ((names, chosen),) = track.channels.items()
    assert names[3] == "LFE" and chosen == (2,)
