"""Onboarding through the real flow: what is computed, what is not, and what a kill leaves behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from data_catalog import Catalog
from data_catalog.keys import equals
from flows.configuration.settings import Settings
from flows.onboard_avatar import onboard_avatar
from flows.status import catalog_status
from flows.upkeep.rerun import Redo
from flows.upkeep.rerun_stage import rerun_stage
from tasks.runtime.registry import ONBOARDING
from tests.speaker import cut_speaker
from tests.stages import add_video

pytestmark = pytest.mark.integration
DATA_TABLES = ("avatars", "videos", "frames", "landmarks", "poses", "fits", "clips", "embeddings", "edges")
# What differs between two runs by nature: when, by whom, how long, how often.
PER_RUN = {"run_id", "produced_at", "added_at", "seconds", "attempts"}


def contents(catalog: Catalog) -> dict[str, list[str]]:
    """Every table's rows as text (NaN equals NaN there), with the pixels, without what differs between two runs."""
    found = {}
    for name in (*DATA_TABLES, "units"):
        rows = catalog.table(name).read()
        rows = rows.drop_columns([c for c in rows.column_names if c in PER_RUN])
        found[name] = [repr(row) for row in rows.to_pylist()]
    frames = catalog.table("frames")
    for video in catalog.table("videos").read(["video_id"])["video_id"].to_pylist():
        blobs = frames.read_blobs("pixels", equals(video_id=video), key="gop")
        found[f"pixels of {video}"] = [repr(blobs[gop]) for gop in sorted(blobs)]
    return found


def test_every_stage_is_ok_and_no_key_is_doubled(onboarded):
    (status,) = catalog_status(onboarded)
    assert [(s.stage, s.pending, s.failed, s.waiting) for s in status.stages] == [
        (name, 0, 0, 0) for name in ONBOARDING
    ]
    for rows, keys in Catalog(onboarded.catalog).verify().values():
        assert rows == keys


def test_the_tables_agree_about_the_video(onboarded):
    catalog = Catalog(onboarded.catalog)
    (video,) = catalog.table("videos").read().to_pylist()
    assert (video["width"], video["height"], video["n_frames"]) == (384, 384, 300)
    assert catalog.table("frames").count() == catalog.table("clips").count() == 75
    assert catalog.table("landmarks").count() == catalog.table("poses").count() == 300
    assert catalog.table("clips").count("usable") > 70
    assert catalog.table("edges").count() > 0


def test_onboarding_again_computes_nothing(onboarded, speaker_video):
    before = contents(Catalog(onboarded.catalog))
    report = onboard_avatar("ann", [str(speaker_video)], settings=onboarded)
    assert (report.computed, report.rows, report.failed) == (0, 0, 0)
    assert (contents(Catalog(onboarded.catalog)) == before) is True  # no diff of megabytes


def test_a_second_video_is_scored_against_the_first_and_nothing_is_done_twice(onboarded, tmp_path):
    second = cut_speaker(tmp_path / "second.mp4", start=12.0, seconds=3.0, side=384)
    report = onboard_avatar("bea", [str(second)], settings=onboarded)
    assert report.failed == 0
    catalog = Catalog(onboarded.catalog)
    (first,), (new,) = catalog.avatar_videos("ann"), catalog.avatar_videos("bea")
    add_video(catalog, "bea", first, uri="known.mp4")
    report = onboard_avatar("bea", [str(second)], settings=onboarded)
    computed = {stage.stage: stage.computed for stage in report.stages if stage.computed}
    assert computed == {"score_edges": 1}
    keys = set(catalog.records("score_edges"))
    assert {f"{first}:{first}", f"{new}:{new}", ":".join(sorted((first, new)))} <= keys


def test_changing_a_stage_recomputes_it_and_what_reads_it_only(onboarded, speaker_video):
    changed = onboarded.model_copy(deep=True)
    changed.stages.create_clips.min_confidence = 0.31
    report = onboard_avatar("ann", [str(speaker_video)], settings=changed)
    computed = {stage.stage for stage in report.stages if stage.computed}
    # The clips' content is the same, so what reads it stays.
    assert computed == {"create_clips"}
    onboard_avatar("ann", [str(speaker_video)], settings=onboarded)


def test_doing_a_stage_over_does_that_one_and_keeps_what_is_the_same(onboarded):
    catalog = Catalog(onboarded.catalog)
    before = contents(catalog)
    report = rerun_stage(["ann"], ["create_clips"], Redo.force, onboarded)
    computed = {stage.stage: stage.computed for stage in report.stages if stage.computed}
    assert computed == {"create_clips": 1}, "its content is the same, so what reads it stays"
    assert (contents(catalog) == before) is True
    assert rerun_stage(["ann"], [], Redo.failed, onboarded).computed == 0


def _start(video: Path, catalog: Path) -> subprocess.Popen:
    """`tango onboard` as a person would run it, with everything it starts in a process group of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
    return subprocess.Popen(
        [Path(sys.executable).parent / "tango", "onboard", "kim", video, "--catalog", catalog],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )


def _left_over(processes: list[psutil.Process]) -> list[psutil.Process]:
    """The workers and servers that are still there after a while. (Ray's own agents take up to 80 s to notice.)"""
    alive = psutil.wait_procs(processes, timeout=20)[1]
    return [process for process in alive if not process.name().endswith("Agent")]


@pytest.mark.end_to_end
@pytest.mark.soak
def test_kill_9_at_three_moments_leaves_the_tables_of_an_undisturbed_run(tmp_path, prefect_server, ray_cluster):
    video = cut_speaker(tmp_path / "kim.mp4", start=3.0, seconds=2.0, side=256)
    whole = Settings(catalog=str(tmp_path / "whole"))
    onboard_avatar("kim", [str(video)], settings=whole)
    broken = Catalog(tmp_path / "broken")
    moments = {
        "the first frames are written": lambda: broken.table("frames").count() > 0,
        "some landmarks are written": lambda: broken.table("landmarks").count() > 0,
        "the clips are written": lambda: broken.table("clips").count() > 0,
    }
    orphans: list[psutil.Process] = []
    for name, reached in moments.items():
        process = _start(video, tmp_path / "broken")
        deadline = time.monotonic() + 180
        while not reached() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert reached(), f"never came so far: {name}"
        orphans += psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    report = onboard_avatar("kim", [str(video)], settings=Settings(catalog=str(tmp_path / "broken")))
    assert report.failed == 0
    expected, found = contents(Catalog(whole.catalog)), contents(broken)
    assert not _left_over(orphans)
    for name in expected:
        assert (found[name] == expected[name]) is True, name  # no diff of megabytes
    assert all(rows == keys for rows, keys in broken.verify().values())
