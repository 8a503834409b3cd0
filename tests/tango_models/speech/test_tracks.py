"""Which sound of a file is listened to, and what becomes of sound that cannot be."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.media.sound.audio import read_audio
from tango_models.speech.footage_sound import FootageSound
from tango_models.speech.level import at_common_level
from tango_models.speech.prosody import analyse_speech
from tango_models.speech.spoken_track import find_spoken_track
from tango_models.synthetic.speaker import SPEECH
from tests.media_samples import coded_picture, tone, write_sound, write_video

SPOKEN = read_audio(SPEECH)[: 3 * 16_000]
SILENT, MUSIC = np.zeros_like(SPOKEN), tone(3.0, 16_000)


def write_tracks(path: Path, *tracks: np.ndarray, frames: int = 0) -> Path:
    """A file with several mono PCM tracks of 16 kHz, and a picture if it is to have one."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=30) if frames else None
        streams = [container.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in tracks]
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 96, 64, "yuv420p"
            for n in range(frames):
                container.mux(picture.encode(av.VideoFrame.from_ndarray(coded_picture(n), format="rgb24")))
            container.mux(picture.encode(None))
        for stream, samples in zip(streams, tracks, strict=True):
            data = np.round(samples * 32767).astype(np.int16)
            for first in range(0, len(data), 1024):
                part = av.AudioFrame.from_ndarray(data[None, first : first + 1024], format="s16", layout="mono")
                part.sample_rate, part.pts, part.time_base = 16_000, first, Fraction(1, 16_000)
                container.mux(stream.encode(part))
    return path


def unknown(path: Path, source: Path, count: int) -> Path:
    """A copy of a .mov whose first `count` tracks of PCM no decoder knows."""
    path.write_bytes(source.read_bytes().replace(b"sowt", b"apac", count))
    return path


@pytest.mark.parametrize(
    ("tracks", "chosen", "said"),
    [
        ((SILENT, SPOKEN), 1, "in sound track 1 nobody speaks, sound track 2 of 2 is used"),
        ((MUSIC, SILENT, SPOKEN), 2, "sound track 3 of 3 is used"),
        ((SPOKEN, SPOKEN), 0, "sound track 1 of 2 is used"),
        ((0.003 * SPOKEN, MUSIC), 0, "sound track 1 of 2 is used"),
        ((SILENT, MUSIC), 1, "sound track 1 is silent, sound track 2 of 2 is used"),
        ((SILENT, SILENT), 0, "sound track 1 of 2 is used"),
        ((SPOKEN,), 0, ""),
    ],
)
def test_the_track_with_speech_is_used_and_said(tmp_path, tracks, chosen, said):
    found = find_spoken_track(write_tracks(tmp_path / "a.mov", *tracks))
    assert found is not None and found.track == chosen
    assert found.note.endswith(said) if said else not found.note


def test_a_track_that_no_decoder_knows_is_passed_over(tmp_path):
    two = write_tracks(tmp_path / "two.mov", SPOKEN, SPOKEN, frames=30)
    first = find_spoken_track(unknown(tmp_path / "first.mov", two, 1))
    assert first is not None and first.track == 1
    assert first.note == "sound track 1 of 2 cannot be decoded, sound track 2 of 2 is used"
    none = unknown(tmp_path / "none.mov", two, 2)
    with pytest.raises(InputError, match="no sound that can be decoded"):
        find_spoken_track(none)
    sound = FootageSound(none)
    assert sound.take(30) == bytes(2 * 16_000)
    assert not sound.found and sound.notes == ["is used without sound: it holds no sound that can be decoded"]


def test_a_file_without_a_track_is_no_fault_of_footage(tmp_path):
    silent = write_video(tmp_path / "a.mp4", [coded_picture(n) for n in range(10)])
    assert find_spoken_track(silent) is None
    sound = FootageSound(silent)
    assert sound.take(3) == bytes(3200) and not sound.found and not sound.notes


def test_footage_whose_sound_breaks_off_is_silent_from_there_on_and_it_is_said(tmp_path):
    samples = tone(2.0, 16_000)
    samples[16_000] = np.nan
    sound = FootageSound(write_sound(tmp_path / "a.wav", samples, codec="pcm_f32le"))
    heard = np.frombuffer(sound.take(60), "<i2")
    assert len(heard) == 32_000 and np.abs(heard[:14_000]).max() > 10_000 and not heard[16_000:].any()
    assert sound.found and len(sound.notes) == 1
    assert sound.notes[0].startswith("its sound is taken for silent from ") and "not numbers" in sound.notes[0]


def test_sound_is_cut_in_step_with_its_frames(tmp_path):
    sound = FootageSound(write_sound(tmp_path / "a.wav", SPOKEN))
    pieces = b"".join(sound.take(min(frames, 90)) for frames in range(4, 93, 4))
    heard = np.frombuffer(pieces, "<i2")
    assert len(heard) == 48_000 and np.abs(heard / 32767 - SPOKEN).max() < 1e-3


@pytest.mark.parametrize("decibels", [-45, -20, 0])
def test_how_loud_a_recording_is_makes_no_difference(decibels):
    loud = analyse_speech(at_common_level(SPOKEN))
    stored = np.round(np.clip(SPOKEN * 10 ** (decibels / 20), -1, 1) * 32767) / 32767
    found = analyse_speech(at_common_level(stored.astype(np.float32)))
    speaking = loud.energy > loud.energy.max() - 30
    assert np.abs(found.energy - loud.energy)[speaking].max() < 1
    assert ((found.voice > 0.5) == (loud.voice > 0.5)).mean() > 0.95
    assert np.corrcoef(found.onset, loud.onset)[0, 1] > 0.9


def test_silence_and_one_click_are_not_raised():
    silent = np.zeros(16_000, np.float32)
    assert np.array_equal(at_common_level(silent), silent)
    dither = (np.random.default_rng(0).integers(-1, 2, 16_000) / 32768).astype(np.float32)
    assert np.array_equal(at_common_level(dither), dither)
    assert at_common_level(SPOKEN[:100]).shape == (100,)
    clicked = SPOKEN.copy()
    clicked[100] = 1
    raised = at_common_level(0.001 * clicked)
    assert np.abs(raised).max() <= 1
