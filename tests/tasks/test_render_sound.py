"""The render plays the speech file itself: it must be there, and be what was analysed."""

import pytest

from data_catalog import Catalog
from tango_models.errors import InputError
from tango_models.media.probe import content_id
from tasks.analyse_speech import AnalyseSpeech, AnalyseSpeechConfig
from tasks.runtime.files import Files
from tasks.views.speech import read_speech_audio, read_speech_features, read_speech_track
from tests.media_samples import coded_picture, tone, write_sound, write_video
from tests.stages import do


def test_a_speech_that_is_gone_or_changed_is_one_clear_error(tmp_path):
    speech = write_sound(tmp_path / "speech.wav", tone(1.0, 16_000))
    speech_id = content_id(speech)
    with opened(speech, speech_id) as path:
        assert path == speech
    write_sound(speech, tone(1.0, 16_000, 300))
    with pytest.raises(InputError, match=r"speech\.wav: changed .*; run the command again"), opened(speech, speech_id):
        raise AssertionError
    speech.unlink()
    with pytest.raises(InputError, match=r"speech\.wav: does not exist; check the path"), opened(speech, speech_id):
        raise AssertionError


def opened(speech, speech_id):
    return Files().open(str(speech), speech_id)


def analysed(catalog: Catalog, speech) -> str:
    stage = AnalyseSpeech(AnalyseSpeechConfig())
    speech_id = content_id(speech)
    do(catalog, stage, stage.unit(speech_id, subject="s", speech_id=speech_id, uri=str(speech)))
    return speech_id


def test_what_is_kept_of_a_speech_is_for_analysis_and_names_its_track(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    speech_id = analysed(catalog, write_sound(tmp_path / "a.wav", 0.01 * tone(4.15, 16_000)))
    features, n_frames = read_speech_features(catalog, speech_id)
    assert n_frames == len(features) == 125 and read_speech_track(catalog, speech_id) == 0
    kept = read_speech_audio(catalog, speech_id)
    assert len(kept) == 66_400 and 0.09 < kept.std() < 0.11  # at the common level


def test_a_video_without_sound_is_no_speech(tmp_path):
    silent = write_video(tmp_path / "a.mp4", [coded_picture(n) for n in range(10)])
    with pytest.raises(InputError, match="has no sound"):
        analysed(Catalog(tmp_path / "catalog"), silent)
