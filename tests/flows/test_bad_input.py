"""Videos that cannot be used, given together with good ones: what is said, what is kept, and what goes on."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from flows.command_line.app import app
from flows.configuration.settings import Settings
from flows.onboard_avatar import onboard_avatar
from flows.outcome import FlowIncomplete, FlowReport
from flows.reenact import reenact
from flows.status import AvatarStatus, catalog_status
from tango_models.media.pictures.frames import iter_frames
from tests.full_disk import FullDiskWorker
from tests.media_samples import cut_off, huge_header, tone, write_sound, write_video
from tests.speaker import cut_speaker

pytestmark = pytest.mark.integration
TANGO = Path(sys.executable).parent / "tango"
SIDE = 256

# What is wrong with each file, and what the message says about it: the fault and the remedy.
UNREADABLE = {
    "empty.mp4": ("is empty", "copy it again"),
    "missing.mp4": ("does not exist", "check the path"),
    "folder.mp4": ("is not a file", "give the path of one video"),
}
UNUSABLE = {
    "text.mp4": ("is not a video", "re-export"),
    "no_index.mp4": ("its index is missing", "re-export"),
    "sound_only.mp4": ("has sound but no picture", "give a video of the speaker"),
    "one_frame.mp4": ("only 1 frame", "give a video of at least"),
    "huge.mp4": ("8000 x 8000", "scale it down"),
}
NOBODY = {"nobody.mp4": ("no person", "give footage that shows one speaker")}
BAD = UNREADABLE | UNUSABLE | NOBODY
USABLE = ("good.mp4", "cut.mp4", "late.mp4", "silent.mp4", "tiny.mp4")


def write_samples(folder: Path) -> None:
    good = cut_speaker(folder / "good.mp4", start=0.0, seconds=1.2, side=SIDE)
    frames = list(iter_frames(good))
    room = np.repeat(np.linspace(110, 170, SIDE)[None, :, None], SIDE, axis=0).repeat(3, axis=2).astype(np.uint8)
    write_video(folder / "silent.mp4", frames[4:20])
    write_video(folder / "tiny.mp4", frames[16:34], sound=tone(0.6, 48000))
    write_video(folder / "late.mp4", [room] * 16 + frames[:32])
    (folder / "twin.mp4").write_bytes(good.read_bytes())
    whole = write_video(folder / "whole.mkv.mp4", frames, movflags="faststart", options={"g": "10"})
    cut_off(folder / "cut.mp4", whole, 0.6)
    (folder / "empty.mp4").touch()
    (folder / "folder.mp4").mkdir()
    (folder / "text.mp4").write_text("This is no video.\n" * 100)
    cut_off(folder / "no_index.mp4", write_video(folder / "whole.mp4", frames), 0.6)
    write_sound(folder / "sound_only.mp4", tone(1.0, 48000), rate=48000, codec="aac")
    write_video(folder / "one_frame.mp4", frames[:1])
    huge_header(folder / "huge.mp4")
    write_video(folder / "nobody.mp4", [np.roll(room, 2 * k, axis=1) for k in range(12)])


@dataclass
class Batch:
    """The good and the bad files, onboarded together as `ann` after a first attempt on a full disk."""

    folder: Path
    settings: Settings
    full: FlowReport
    after_full: dict
    report: FlowReport
    message: str

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.settings.catalog)

    def status(self, avatar: str = "ann") -> AvatarStatus:
        return catalog_status(self.settings, avatar)[0]

    def video(self, name: str) -> dict:
        return next(v for v in self.catalog.table("videos").read().to_pylist() if v["file_name"] == name)


@pytest.fixture(scope="module")
def batch(tmp_path_factory, prefect_server, ray_cluster) -> Batch:
    folder = tmp_path_factory.mktemp("videos")
    write_samples(folder)
    settings = Settings(catalog=str(tmp_path_factory.mktemp("catalog")))
    catalog = Catalog(settings.catalog)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.runtime.cluster.workers.StageWorker", FullDiskWorker)
        with pytest.raises(FlowIncomplete) as full:
            onboard_avatar("ann", [str(folder / "good.mp4")], settings=settings)
    after_full = {"status": catalog_status(settings, "ann")[0], "keys": catalog.verify()}
    given = [str(folder / name) for name in ("good.mp4", "twin.mp4", *BAD, *USABLE[1:])]
    with pytest.raises(FlowIncomplete) as incomplete:
        onboard_avatar("ann", given, settings=settings)
    return Batch(folder, settings, full.value.report, after_full, incomplete.value.report, str(incomplete.value))


def test_a_full_disk_is_named_and_the_next_run_does_what_it_left(batch):
    (error,) = batch.full.errors
    assert "good.mp4" in error and "the disk is full" in error and "free some space" in error
    assert all(rows == keys for rows, keys in batch.after_full["keys"].values())
    extraction = batch.after_full["status"].stages[0]
    assert (extraction.ok, extraction.pending + extraction.failed) == (0, 1)
    record = batch.catalog.record("extract_frames", batch.video("good.mp4")["video_id"])
    assert record.ok and record.attempts == 1  # a full disk is no attempt
    assert all(rows == keys for rows, keys in batch.catalog.verify().values())


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line_with_its_name_its_fault_and_the_remedy(batch, name):
    (line,) = [error for error in batch.report.errors if name in error]
    assert "\n" not in line and line.count(name) == 1
    for part in BAD[name]:
        assert part in line
    assert line in batch.message


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_a_failed_row_that_the_status_shows(batch, name):
    stage = "fit_smplx" if name in NOBODY else "extract_frames"
    (record,) = [r for r in batch.catalog.records(stage).values() if r.subject == name]
    assert record.status == "failed" and BAD[name][0] in record.error
    (shown,) = [error for s in batch.status().stages for error in s.errors if name in error]
    assert BAD[name][1] in shown and shown.count(name) == 1


def test_nothing_else_failed_and_every_good_video_is_done(batch):
    assert batch.report.failed == len(BAD) == len(batch.report.errors)
    done = {r.subject for r in batch.catalog.records("create_clips").values() if r.ok}
    assert done == set(USABLE)
    edges = batch.status().stages[-1]
    assert (edges.stage, edges.ok, edges.pending, edges.failed) == ("score_edges", 15, 0, 0)


def test_the_same_file_under_two_names_is_one_video_and_a_note(batch):
    names = {v["file_name"] for v in batch.catalog.table("videos").read().to_pylist()}
    assert "good.mp4" in names and "twin.mp4" not in names
    assert [note for note in batch.report.notes if "twin.mp4" in note and "good.mp4" in note]


def test_of_a_video_cut_in_the_middle_what_can_be_read_is_used_and_said(batch):
    video = batch.video("cut.mp4")
    assert video["truncated"] and 8 <= video["n_frames"] <= 30
    assert [note for note in batch.report.notes if "cut.mp4" in note and "cut off" in note]
    assert not batch.video("good.mp4")["truncated"]


def test_a_video_without_sound_is_silent(batch):
    video = batch.video("silent.mp4")
    assert not video["has_audio"]
    rows = batch.catalog.table("frames").read(["audio"], where=f"video_id = '{video['video_id']}'")
    audio = b"".join(rows["audio"].to_pylist())
    assert len(audio) == round(video["n_frames"] * 16000 / 30) * 2 and not any(audio)


def test_clips_before_the_person_comes_are_not_used_and_the_others_are(batch):
    clips = batch.catalog.table("clips").read(where=f"track_id = '{batch.video('late.mp4')['video_id']}'")
    usable = clips["usable"].to_pylist()
    assert len(usable) == 12 and not any(usable[:4]) and sum(usable[4:]) >= 6
    unusable = [key for key, use in zip(clips["clip_id"].to_pylist(), usable, strict=True) if not use]
    edges = batch.catalog.table("edges").read(["src", "dst"])
    assert not set(unusable) & {*edges["src"].to_pylist(), *edges["dst"].to_pylist()}


def test_an_avatar_of_one_clip_shorter_than_a_second_plays(batch, tmp_path):
    report = onboard_avatar("tim", [str(batch.folder / "tiny.mp4")], settings=batch.settings)
    assert report.computed == 0  # the video is known from the other avatar
    speech = write_sound(tmp_path / "two_seconds.wav", tone(2.0, 16000))
    made = reenact("tim", str(speech), str(tmp_path / "tim.mp4"), settings=batch.settings)
    assert sum(1 for _ in iter_frames(made.video)) == 60


def test_an_avatar_without_a_usable_video_says_so(batch, tmp_path):
    with pytest.raises(FlowIncomplete, match="missing"):
        onboard_avatar("bob", [str(batch.folder / "missing.mp4")], settings=batch.settings)
    extraction = batch.status("bob").stages[0]
    assert extraction.failed == 1 and "missing.mp4" in extraction.errors[0]
    speech = write_sound(tmp_path / "a.wav", tone(1.0, 16000))
    with pytest.raises(ValueError, match=r"'bob'.*tango"):
        reenact("bob", str(speech), str(tmp_path / "bob.mp4"), settings=batch.settings)


def test_the_command_names_every_fault_in_a_line_and_exits_with_1(batch):
    given = [batch.folder / name for name in ("empty.mp4", "good.mp4")]
    found = subprocess.run(
        [TANGO, "onboard", "kim", *given, "--catalog", batch.settings.catalog],
        capture_output=True,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith("PREFECT_API")},
    )
    assert found.returncode == 1
    lines = [line for line in found.stderr.splitlines() if line.strip()]
    assert len(lines) == 2, found.stderr
    assert "1 of" in lines[0] and "empty.mp4" in lines[1] and "copy it again" in lines[1]
    assert Catalog(batch.settings.catalog).avatar_videos("kim")


def test_running_again_with_the_good_file_works_and_clears_the_fault(batch):
    (batch.folder / "empty.mp4").write_bytes((batch.folder / "good.mp4").read_bytes())
    result = CliRunner().invoke(
        app, ["onboard", "ann", str(batch.folder / "empty.mp4"), "--catalog", batch.settings.catalog]
    )
    assert result.exit_code == 0, result.output
    errors = [error for stage in batch.status().stages for error in stage.errors]
    assert len(errors) == len(BAD) - 1 and not any("empty.mp4" in error for error in errors)


@pytest.mark.parametrize("name", ["a/b", "x" * 65, "a'b", ".."])
def test_an_avatar_name_that_is_a_path_or_a_query_is_refused_by_the_flows_too(batch, tmp_path, name):
    with pytest.raises(ValueError, match="not allowed; use"):
        onboard_avatar(name, [str(batch.folder / "good.mp4")], settings=batch.settings)
    with pytest.raises(ValueError, match="not allowed; use"):
        reenact(name, str(batch.folder / "good.mp4"), str(tmp_path / "a.mp4"), settings=batch.settings)


def test_a_name_that_is_a_path_ends_the_command_in_one_line_before_anything_starts(tmp_path):
    found = subprocess.run(
        [TANGO, "onboard", "../x", "v.mp4", "--catalog", tmp_path / "catalog"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert len(found.stderr.strip().splitlines()) == 1 and "not allowed; use" in found.stderr
    assert not (tmp_path / "catalog").exists()
