"""Speech and outputs of every odd kind, through the real flow."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from flows.command_line.app import app
from flows.outcome import FlowIncomplete
from flows.reenact import reenact
from tango_models.media.pictures.frames import iter_frames
from tango_models.media.probe import content_id
from tango_models.media.sound.audio import read_audio
from tango_models.synthetic.speaker import SPEECH
from tasks.runtime.cluster.pools import Pools
from tasks.runtime.run_stage import Attempts, Progress, compute_stage
from tasks.views.motion_graph import path_key
from tests.full_disk import FullDiskWorker
from tests.media_samples import tone, write_sound

pytestmark = pytest.mark.integration
TANGO = Path(sys.executable).parent / "tango"


@pytest.fixture(scope="module")
def spoken() -> np.ndarray:
    """Two seconds of real speech, (32000,) at 16 kHz."""
    return read_audio(SPEECH)[:32000]


@pytest.fixture
def pools(onboarded):
    """Workers that outlast a stage, for cases that need no whole flow."""
    with Pools(Catalog(onboarded.catalog), "test", onboarded.stage_configs(), onboarded.cluster) as found:
        yield found


def retrieve(pools: Pools, speech: Path) -> dict:
    """Analyse a speech and find its path: the row of `speech` and that of `paths`."""
    speech_id = content_id(speech)
    tracks = pools.catalog.avatar_tracks("ann")
    scope = {"avatar": "ann", "tracks": tracks, "speech_id": speech_id, "scorer": "prosody", "seed": 0}
    assert compute_stage(
        "analyse_speech", "", {"speech_id": speech_id, "speech_uri": str(speech)}, pools, Progress(), Attempts(1)
    ).ok
    assert compute_stage("retrieve_path", "", scope, pools, Progress(), Attempts(1)).ok
    path_id = path_key(tracks, speech_id, "prosody", 0)
    (path,) = pools.catalog.table("paths").read(where=f"path_id = '{path_id}'").to_pylist()
    (row,) = pools.catalog.table("speech").read(where=f"speech_id = '{speech_id}'").to_pylist()
    return {**row, **path}


@pytest.fixture
def bad(tmp_path) -> Path:
    """A folder with speeches that cannot be used."""
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "text.wav").write_text("Good morning.\n" * 50)
    (tmp_path / "face.wav").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    write_sound(tmp_path / "short.wav", tone(0.1, 16000))
    write_sound(tmp_path / "late_nan.wav", np.append(tone(30, 16000), np.float32(np.nan)), codec="pcm_f32le")
    return tmp_path


BAD = [
    ("empty.wav", "is empty", "copy it again"),
    ("missing.wav", "does not exist", "check the path"),
    ("folder.wav", "is not a file", "give the path of one video or audio file"),
    ("text.wav", "is not a video or audio file", "re-export"),
    ("face.wav", r"is a picture \(JPEG\)", "give an audio or video file"),
    ("short.wav", r"is 0.\d+ s long", "give at least 0.2 s"),
    ("late_nan.wav", "holds samples that are not numbers", "export it again"),
]


@pytest.mark.parametrize(("name", "fault", "remedy"), BAD)
def test_a_speech_that_cannot_be_used_is_refused_before_anything_is_computed(onboarded, bad, name, fault, remedy):
    with pytest.raises(ValueError, match=f"{name}: {fault}.*; {remedy}"):
        reenact("ann", str(bad / name), str(bad / "out.mp4"), settings=onboarded)
    assert not (bad / "out.mp4").exists()


@pytest.mark.parametrize(("name", "fault", "remedy"), BAD)
def test_the_command_refuses_it_before_a_server_or_ray_is_started(
    tmp_path_factory, bad, monkeypatch, name, fault, remedy
):
    def start(*_):
        raise AssertionError("a server is started")

    monkeypatch.setattr("flows.command_line.commands.server", start)
    monkeypatch.chdir(bad)
    catalog = str(tmp_path_factory.mktemp("none"))
    found = CliRunner().invoke(app, ["reenact", "ann", name, "--out", "out.mp4", "--catalog", catalog])
    assert found.exit_code == 1
    (line,) = found.output.strip().splitlines()
    assert re.search(f"error {name}: {fault}.*; {remedy}", line)


def test_what_only_a_worker_can_look_into_is_a_failed_row_with_the_reason(pools, bad):
    for name, fault, remedy in BAD[3:]:
        speech_id = content_id(bad / name)
        scope = {"speech_id": speech_id, "speech_uri": str(bad / name)}
        done = compute_stage("analyse_speech", "", scope, pools, Progress(), Attempts(1))
        (line,) = done.errors
        assert line.count(name) == 1 and (name == "face.wav" or (re.search(fault, line) and remedy in line))
        record = pools.catalog.record("analyse_speech", speech_id)
        assert record.status == "failed" and record.error


def test_depth_rate_channels_and_codec_make_no_difference(pools, spoken, tmp_path):
    plain = retrieve(pools, write_sound(tmp_path / "plain.wav", spoken))
    fine = np.repeat(spoken, 6)  # held samples: the images above 8 kHz must be filtered away
    files = {
        "eight_bit.wav": write_sound(tmp_path / "eight_bit.wav", spoken, codec="pcm_u8"),
        "96khz_stereo.wav": write_sound(
            tmp_path / "96khz_stereo.wav", fine, rate=96000, channels=2, codec="pcm_s24le", sample_format="s32"
        ),
        "stereo.mp3": write_sound(tmp_path / "stereo.mp3", spoken, channels=2, codec="libmp3lame"),
    }
    audio = {}
    for name, file in files.items():
        found = retrieve(pools, file)
        assert abs(found["n_frames"] - 60) <= 3, name  # mp3 pads to whole blocks
        assert len(found["clip_ids"]) == -(-found["n_frames"] // 4), name
        blob = pools.catalog.table("speech").read_blobs("audio", f"file_name = '{name}'", key="file_name")[name]
        audio[name] = np.frombuffer(blob, "<i2")[:32000] / 32767
        assert np.corrcoef(audio[name], spoken[: len(audio[name])])[0, 1] > 0.95, name
    assert plain["n_frames"] == 60 and len(plain["clip_ids"]) == 15


def test_ten_minutes_of_speech_find_a_path_over_ten_seconds_of_footage(pools, tmp_path):
    whole = read_audio(SPEECH)
    ten_minutes = np.resize(whole, 600 * 16000)
    found = retrieve(pools, write_sound(tmp_path / "long.wav", ten_minutes))
    assert (found["n_frames"], len(found["clip_ids"])) == (18000, 4500)
    uses = np.unique(found["clip_ids"], return_counts=True)[1]
    assert len(uses) > 60 and uses.max() < 4500 / len(uses) * 3


def test_digital_silence_gives_a_resting_video_and_a_full_disk_only_delays_it(onboarded, tmp_path, monkeypatch):
    silence = write_sound(tmp_path / "silence.wav", np.zeros(16000, np.float32))
    target = tmp_path / "silence.mp4"
    with monkeypatch.context() as patch:
        patch.setattr("tasks.runtime.cluster.workers.StageWorker", FullDiskWorker)
        with pytest.raises(FlowIncomplete) as incomplete:
            reenact("ann", str(silence), str(target), settings=onboarded)
    (error,) = incomplete.value.report.errors
    assert "silence.mp4" in error and "disk is full" in error and "free some space" in error
    assert not list(tmp_path.glob("*silence*.mp4*"))
    catalog = Catalog(onboarded.catalog)
    assert all(rows == keys for rows, keys in catalog.verify().values())
    made = reenact("ann", str(silence), str(target), settings=onboarded)
    computed = {stage.stage: stage.computed for stage in made.report.stages}
    assert computed["analyse_speech"] == computed["retrieve_path"] == computed["interpolate_seams"] == 0
    assert sum(1 for _ in iter_frames(made.video)) == 30
    assert np.abs(read_audio(made.video)).max() < 1e-3
    assert any("silence.wav: a voice is heard in only 0% of it" in note for note in made.report.notes)


@pytest.mark.parametrize(
    ("out", "fault", "remedy"),
    [
        ("nowhere/out.mp4", "no such folder", "create it"),
        ("/sys/out.mp4", "cannot be written to", "name another --out"),  # refuses writes even to root
        ("folder.mp4", "is a folder", "name a file"),
        ("out.avi", "is no .mp4", "ends in .mp4"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_first(onboarded, tmp_path, out, fault, remedy):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(ValueError, match=f"{fault}.*; .*{remedy}"):
        reenact("ann", str(SPEECH), str(tmp_path / out), settings=onboarded)


def test_an_unknown_avatar_is_named_with_those_there_are(onboarded, tmp_path):
    with pytest.raises(ValueError, match=r"'zoe': unknown \(known: .*ann.*\); run `tango onboard zoe"):
        reenact("zoe", str(SPEECH), str(tmp_path / "out.mp4"), settings=onboarded)


def test_the_command_says_it_in_one_line_and_exits_with_1(onboarded, tmp_path):
    (tmp_path / "[b]speech.wav").touch()  # brackets are markup to the terminal library
    found = subprocess.run(
        [TANGO, "reenact", "ann", "[b]speech.wav", "--out", "out.mp4", "--catalog", onboarded.catalog],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1 and not found.stdout
    (line,) = found.stderr.strip().splitlines()
    assert "[b]speech.wav: is empty" in line
