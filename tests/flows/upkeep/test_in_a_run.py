"""What keeps a catalog in order is done while a run is at work: the run loses nothing, and no table is left in two."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.artificial import make_dataset
from data_catalog import Catalog
from tests.speaker import cut_speaker

pytestmark = [pytest.mark.end_to_end, pytest.mark.soak]
VIDEOS = 8


def _command(*arguments: str, catalog: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments, "--catalog", catalog],
        env={name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _tango(*arguments: str, catalog: Path) -> tuple[int, str]:
    process = _command("flows.command_line.app", *arguments, catalog=catalog)
    said, _ = process.communicate(timeout=300)
    assert "Traceback" not in said, said
    return process.returncode, said


def _wait_for_units(run: subprocess.Popen, catalog: Catalog, count: int) -> None:
    deadline = time.monotonic() + 600
    while catalog.table("units").count() < count:
        assert run.poll() is None and time.monotonic() < deadline, run.communicate()[0]
        time.sleep(0.3)


def test_gc_tags_and_forgetting_in_the_midst_of_a_run(tmp_path):
    video = cut_speaker(tmp_path / "talk.mp4", start=3.0, seconds=1.0, side=128)
    make_dataset(tmp_path / "dataset", VIDEOS, video)
    catalog = Catalog(tmp_path / "catalog")
    stages = ["benchmarks.artificial", "2", "60", "1", "preprocess", str(tmp_path / "dataset")]
    with _command(*stages, catalog=tmp_path / "catalog") as run:
        _wait_for_units(run, catalog, 6)
        assert _tango("gc", catalog=tmp_path / "catalog")[0] == 0
        refused, why = _tango("tag", "midst", catalog=tmp_path / "catalog")
        assert refused == 0 or "a run is at work" in why, why
        assert _tango("forget", "a0003", catalog=tmp_path / "catalog")[0] == 0
        erased, why = _tango("forget", "a0004", "--erase", catalog=tmp_path / "catalog")
        assert erased and "a run is at work" in why, why
        assert run.poll() is None, "it had ended before"
        said, _ = run.communicate(timeout=900)
    assert run.returncode == 0, said
    assert sorted(catalog.all_videos()) == [f"a{k:04}" for k in range(VIDEOS) if k != 3]
    states = catalog.table("units").read(["status"])["status"].to_pylist()
    assert set(states) == {"ok"}
    assert all(rows == keys for rows, keys in catalog.verify().values())
    assert catalog.table("leases").count() == 0
    assert _tango("status", catalog=tmp_path / "catalog")[0] == 0
