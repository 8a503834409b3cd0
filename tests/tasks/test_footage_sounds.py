"""What is heard in a video is kept by the minute, as far as it helps."""

import numpy as np
import pytest

from data_catalog import Catalog
from tango_models.media.sound.audio import read_audio
from tango_models.speech.phones import Phones
from tango_models.synthetic.speaker import SPEECH
from tasks.detect_mouths import DetectMouths, DetectMouthsConfig
from tasks.views.footage import heard as heard_view
from tasks.views.footage.heard import PART_FRAMES, heard_key, heard_row, read_heard
from tests.stages import do

RATE = 16_000


def hear(catalog: Catalog, audio: np.ndarray, frames: int, **config) -> None:
    """Do the stage for a video of so many frames with this sound, (S,) float32."""
    catalog.table("videos").upsert([{"video_id": "v", "n_frames": frames, "unit": "v"}])
    sound, step = (audio * 32767).astype("<i2").tobytes(), 4 * RATE * 2 // 30 // 2 * 2
    catalog.table("frames").upsert(
        {
            "video_id": "v",
            "gop": k,
            "n_frames": 4,
            "pixels": b"",
            "unit": "v",
            "audio": sound[k * step : (k + 1) * step],
        }
        for k in range(frames // 4)
    )
    stage = DetectMouths(DetectMouthsConfig(**config))
    do(catalog, stage, stage.unit(heard_key("v"), subject="v.mp4", of={"extract_frames": ["v"]}, video_id="v"))


@pytest.fixture
def speech() -> np.ndarray:
    return read_audio(SPEECH)


def test_sounds_voice_and_loudness_are_those_of_the_video(tmp_path, speech):
    catalog, frames = Catalog(tmp_path), len(speech) * 30 // RATE // 4 * 4
    hear(catalog, speech, frames)
    heard = read_heard(catalog, "v")
    assert len(heard.voice) == len(heard.energy) == frames
    assert len(heard.phones) > 4 * (heard.voice >= 0.5).sum() / 30
    assert (np.diff(heard.phones.time) >= 0).all() and heard.phones.time[-1] < frames / 30
    said = np.clip((heard.phones.time * 30).astype(int), 0, frames - 1)
    assert (heard.voice[said] >= 0.5).mean() > 0.8


def test_of_a_long_video_as_much_is_heard_as_is_asked_for(tmp_path, speech):
    catalog = Catalog(tmp_path)
    audio = np.concatenate([np.zeros(RATE * 60, np.float32), *[speech] * 9])
    frames = len(audio) * 30 // RATE // 4 * 4
    assert frames > 2.5 * PART_FRAMES
    hear(catalog, audio, frames, most_seconds=5)
    parts = catalog.table("footage_sounds").read(["part"])["part"].to_pylist()
    assert sorted(parts) == [0, 1]
    heard = read_heard(catalog, "v")
    assert len(heard.voice) == 2 * PART_FRAMES
    assert heard.phones.time.min() > 59, "moments are those of the video, not of the minute"


@pytest.mark.parametrize("beyond", [0, 1, 100, 600])
def test_a_sound_that_ends_a_little_into_a_minute_is_heard_to_its_end(tmp_path, speech, beyond):
    catalog, step = Catalog(tmp_path), 4 * RATE // 30
    audio = np.concatenate([speech] * 9)[: PART_FRAMES // 4 * step + beyond]
    hear(catalog, audio, PART_FRAMES + 60)
    assert len(read_heard(catalog, "v").voice) in range(PART_FRAMES - 1, PART_FRAMES + 3)


def test_footage_without_sound_has_none(tmp_path):
    catalog = Catalog(tmp_path)
    hear(catalog, np.zeros(0, np.float32), 60)
    heard = read_heard(catalog, "v")
    assert len(heard.voice) == len(heard.energy) == len(heard.phones) == 0


def test_rows_of_minutes_are_read_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(heard_view, "PART_FRAMES", 30)
    catalog = Catalog(tmp_path)
    for part in (2, 0, 1):
        row = heard_row("v", part, Phones(("a",), np.array([0.5])), np.full(30, part / 2), np.full(30, -part))
        catalog.table("footage_sounds").upsert([row | {"unit": "v"}])
    heard = read_heard(catalog, "v")
    assert heard.phones.time.tolist() == [0.5, 1.5, 2.5]
    assert heard.voice[::30].tolist() == [0, 0.5, 1]
