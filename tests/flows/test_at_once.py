"""Two commands at once on one avatar: on a Ray cluster that a person started, and a render while videos are added."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from data_catalog import Catalog
from flows.configuration.settings import Settings
from flows.onboard_avatar import onboard_avatar
from flows.reenact import reenact
from flows.stage_runs import StageRuns
from tango_models.media.pictures.frames import iter_frames
from tango_models.media.sound.audio import read_audio
from tango_models.synthetic.speaker import SPEECH
from tasks.runtime.run_stage import StageSummary
from tests.media_samples import write_sound
from tests.ray_head import ray_head
from tests.speaker import cut_speaker

pytestmark = [pytest.mark.end_to_end, pytest.mark.soak]


def _onboard(catalog: Path, videos: list[Path], home: Path, **environment: str) -> subprocess.Popen:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PREFECT_", "RAY_AUTH"))}
    return subprocess.Popen(
        [sys.executable, "-m", "flows.command_line.app", "onboard", "kim", *videos, "--catalog", catalog],
        env={**kept, **environment, "TANGO_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _computed(process: subprocess.Popen) -> int:
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0, said
    (units,) = re.findall(r"kim: (\d+) units computed", said)
    return int(units)


def test_each_unit_is_done_once_and_the_second_run_survives_the_end_of_the_first(tmp_path):
    short = cut_speaker(tmp_path / "short.mp4", start=3.0, seconds=2.0, side=256)
    longer = cut_speaker(tmp_path / "longer.mp4", start=6.0, seconds=4.0, side=256)
    token = tmp_path / "token"
    token.write_text("t" * 40)
    place = tempfile.TemporaryDirectory(prefix="far-", dir="/tmp", ignore_cleanup_errors=True)
    with place as folder, ray_head(Path(folder), token) as (port, _):
        joined = {"TANGO_CLUSTER__ADDRESS": f"127.0.0.1:{port}", "TANGO_CLUSTER__TOKEN_FILE": str(token)}
        first = _onboard(tmp_path / "catalog", [short], tmp_path / "first", **joined)
        second = _onboard(tmp_path / "catalog", [short, longer], tmp_path / "second", **joined)
        computed = [_computed(first), _computed(second)]
    catalog = Catalog(tmp_path / "catalog")
    states = catalog.table("units").read(["status"])["status"].to_pylist()
    assert set(states) == {"ok"} and sum(computed) == len(states)
    assert all(rows == keys for rows, keys in catalog.verify().values())
    assert catalog.table("leases").count() == 0


def test_a_render_while_a_video_is_added_shows_what_it_began_with(tmp_path, prefect_server, ray_cluster, monkeypatch):
    videos = [cut_speaker(tmp_path / f"{n}.mp4", start=3.0 * n, seconds=3.0, side=256) for n in (1, 2)]
    speech = str(write_sound(tmp_path / "speech.wav", read_audio(SPEECH)[: 2 * 16000]))
    settings = Settings(catalog=str(tmp_path / "catalog"))
    onboard_avatar("ann", [str(videos[0])], settings=settings)
    quiet = reenact("ann", speech, str(tmp_path / "quiet.mp4"), scorer="prosody", settings=settings)

    # The other video is added when the render has its path, so that its last stages come after that.
    run, added = StageRuns.run, []

    def run_and_add(self, stage, label, scope) -> StageSummary:
        done = run(self, stage, label, scope)
        if stage == "retrieve_path":
            monkeypatch.undo()
            added.append(onboard_avatar("ann", [str(videos[1])], settings=settings))
        return done

    monkeypatch.setattr(StageRuns, "run", run_and_add)
    during = reenact("ann", speech, str(tmp_path / "during.mp4"), scorer="prosody", seed=1, settings=settings)
    assert [report.failed for report in added] == [0]
    after = reenact("ann", speech, str(tmp_path / "after.mp4"), scorer="prosody", seed=1, settings=settings)
    assert during.report.failed == after.report.failed == 0
    catalog = Catalog(settings.catalog)
    rows = catalog.table("renders").read(["uri", "source_video"]).to_pylist()
    shown = {Path(row["uri"]).name: set(row["source_video"]) for row in rows}
    assert shown["during.mp4"] == shown["quiet.mp4"] and len(shown["quiet.mp4"]) == 1
    assert len(catalog.avatar_videos("ann")) == 2
    assert len(list(iter_frames(during.video))) == len(list(iter_frames(quiet.video)))
