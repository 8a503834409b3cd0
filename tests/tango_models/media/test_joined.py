"""Two recordings joined as bytes: both are used, or it is said that one is not."""

import struct

import pytest

from tango_models.media.joined import joined_note
from tango_models.media.sound.audio import read_audio
from tango_models.speech.spoken_track import find_spoken_track
from tests.media_samples import tone, write_sound


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wav", "pcm_s16le"),
        ("a.aiff", "pcm_s16be"),
        ("a.caf", "pcm_s16le"),
        ("a.w64", "pcm_s16le"),
        ("a.m4a", "aac"),
        ("a.mov", "aac"),
        ("a.flac", "flac"),
        ("a.mp3", "libmp3lame"),
        ("a.aac", "aac"),
        ("a.ogg", "libopus"),
        ("a.mka", "flac"),
        ("a.au", "pcm_s16be"),
    ],
)
def test_the_second_recording_is_used_or_it_is_said_that_it_is_not(tmp_path, name, codec):
    one = write_sound(tmp_path / name, tone(1.0, 48_000), rate=48_000, codec=codec)
    assert not joined_note(one)
    two = tmp_path / f"two_{name}"
    two.write_bytes(2 * one.read_bytes())
    used = len(read_audio(two)) > 1.95 * len(read_audio(one))
    note = find_spoken_track(two).note
    assert used or note.startswith("another recording is joined to it")


def test_a_long_avi_goes_on_in_parts_and_other_files_are_not_joined(tmp_path):
    path = tmp_path / "a.avi"
    path.write_bytes(b"RIFF" + struct.pack("<I", 24) + b"AVI " + bytes(20) + b"RIFF" + struct.pack("<I", 24) + b"AVIX")
    assert not joined_note(path)
    for content in (b"a", bytes(10_000), b"RIFF", b"RIFF" + bytes(10_000), b"caff" + bytes(100), b"\0\0\0\x01ftyp"):
        path.write_bytes(content)
        assert not joined_note(path)
