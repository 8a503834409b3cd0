"""Reenactment through the real flow: the video that comes out."""

import hashlib
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from data_catalog import Catalog
from flows import takes
from flows.reenact import reenact
from tango_models.body.motion_io import load_motion
from tango_models.media.sound.audio import read_audio
from tango_models.speech.timeline import frame_count
from tango_models.synthetic.speaker import SPEECH
from tasks.runtime.versions import Versions

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def speech(tmp_path_factory) -> Path:
    """The first 4.2 s of the shipped speech: shorter than the avatar's footage, so that there is a choice."""
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    soundfile.write(path, read_audio(SPEECH)[: int(4.21 * 16000)], 16000)
    return path


@pytest.fixture(scope="module")
def made(onboarded, speech, tmp_path_factory):
    return reenact("ann", str(speech), str(tmp_path_factory.mktemp("out") / "ann.mp4"), settings=onboarded)


def test_the_video_has_one_frame_per_thirtieth_of_a_second_and_the_speech_as_its_sound(made, speech):
    said = read_audio(speech)
    with av.open(made.video) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name, audio.rate) == ("h264", "aac", 48000)
        assert (video.width, video.height, video.average_rate) == (384, 384, 30)
        assert sum(1 for _ in container.decode(video)) == frame_count(len(said))
    heard = read_audio(made.video)[: len(said)]
    lag = np.argmax(np.correlate(np.pad(heard, 400), said[: len(heard)], "valid")) - 400
    assert lag == 0
    assert np.corrcoef(heard, said[: len(heard)])[0, 1] > 0.99


def test_motion_and_report_lie_beside_it(made, onboarded, speech):
    motion = load_motion(Path(made.motion))
    assert motion.poses.shape == (frame_count(len(read_audio(speech))), 165)
    page = Path(made.report_page).read_text()
    assert Path(made.video).name in page
    (row,) = [r for r in Catalog(onboarded.catalog).table("renders").read().to_pylist() if r["uri"] == made.video]
    assert len(row["source_frame"]) == len(motion.poses)


def test_the_source_of_every_painted_mouth_is_on_record(made, onboarded):
    catalog = Catalog(onboarded.catalog)
    (row,) = [r for r in catalog.table("renders").read().to_pylist() if r["uri"] == made.video]
    lips = [r for r in catalog.table("lips").read().to_pylist() if r["path_id"] == row["path_id"]]
    assert sum(len(part["source_frame"]) for part in lips) == len(row["source_frame"])
    assert any(strength > 0 for part in lips for strength in part["strength"])
    assert {video for part in lips for video in part["source_video"]} <= set(catalog.avatar_videos("ann"))


def test_the_same_seed_gives_the_same_path_and_the_same_frames(made, onboarded, speech, tmp_path):
    again = reenact("ann", str(speech), str(tmp_path / "again.mp4"), settings=onboarded)
    assert _frame_hash(again.video) == _frame_hash(made.video)
    rows = Catalog(onboarded.catalog).table("renders").read().to_pylist()
    paths = {row["uri"]: (row["source_video"], row["source_frame"]) for row in rows}
    assert paths[again.video] == paths[made.video]


def test_another_seed_gives_another_path(made, onboarded, speech, tmp_path):
    other = reenact("ann", str(speech), str(tmp_path / "other.mp4"), seed=3, settings=onboarded)
    assert _frame_hash(other.video) != _frame_hash(made.video)


def test_jumps_that_are_seen_are_replaced_and_the_take_with_the_fewest_is_shown(
    onboarded, speech, tmp_path, monkeypatch
):
    spoken = tmp_path / "speech.wav"
    soundfile.write(spoken, np.tile(read_audio(speech), 3), 16000)  # longer than the footage, which has to jump
    monkeypatch.setattr(takes, "_SEEN", 0.0)  # every seam pops
    result = reenact("ann", str(spoken), str(tmp_path / "ann.mp4"), settings=onboarded)
    catalog = Catalog(onboarded.catalog)
    (shown,) = [row for row in catalog.table("renders").read().to_pylist() if row["uri"] == result.video]
    paths = [row for row in catalog.table("paths").read().to_pylist() if row["speech_id"] == shown["speech_id"]]
    assert 2 <= len(paths) <= 3
    chosen = {row["path_id"]: {*zip(row["clip_ids"], row["clip_ids"][1:], strict=False)} for row in paths}
    assert len({frozenset(jumps) for jumps in chosen.values()}) > 1  # the first take's jumps were dear
    judged = {path: takes.jumps_that_pop(catalog, path, onboarded) for path in chosen}
    fewest = min(len(pops) for pops in judged.values())
    assert len(judged[shown["path_id"]]) == fewest


def test_a_render_that_was_deleted_is_made_again_and_one_that_is_there_is_not(made, onboarded, speech, tmp_path):
    target = tmp_path / "kept.mp4"
    reenact("ann", str(speech), str(target), settings=onboarded)
    kept = reenact("ann", str(speech), str(target), settings=onboarded)
    assert kept.report.computed == 0
    target.unlink()
    assert reenact("ann", str(speech), str(target), settings=onboarded).report.computed == 1
    assert target.is_file()


def test_a_video_that_failed_is_left_out_and_named(made, onboarded, speech, tmp_path):
    folder = shutil.copytree(onboarded.catalog, tmp_path / "catalog")
    settings = onboarded.model_copy(update={"catalog": str(folder)})
    catalog = Catalog(folder)
    row = {"uri": "/data/lost.mp4", "file_name": "lost.mp4", "motion_uri": "", "motion_hash": ""}
    catalog.add_videos("ann", {"lost": row}, catalog.avatar_videos("ann"))
    failed = Versions(catalog, settings.stage_configs()).stage("create_clips").unit("lost", subject="lost.mp4")
    catalog.fail(failed, "no room", run_id="r")
    report = reenact("ann", str(speech), str(tmp_path / "ann.mp4"), settings=settings).report
    (note,) = [note for note in report.notes if "not shown" in note]
    assert "lost.mp4" in note and "tango status ann" in note
    assert not any("not shown" in note for note in made.report.notes)


def _frame_hash(path: str) -> str:
    with av.open(path) as container:
        digest = hashlib.sha256()
        for frame in container.decode(video=0):
            digest.update(frame.to_ndarray().tobytes())
    return digest.hexdigest()
