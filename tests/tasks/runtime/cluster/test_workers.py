"""Worker pools on a real Ray: a dead process costs a unit, not a run."""

import signal
import threading
import time

import psutil
import pytest

from data_catalog import Catalog
from tango_models.media.probe import content_id
from tasks.runtime.cluster.pool import WorkerPool
from tasks.runtime.cluster.workers import StageWorker, WorkerResources
from tests.speaker import cut_speaker
from tests.stages import plan

pytestmark = pytest.mark.integration


@pytest.fixture
def extracted(tmp_path):
    """A catalog with one extracted video, and the unit of its landmarks."""
    video = cut_speaker(tmp_path / "v.mp4", start=4.0, seconds=2.0, side=256)
    catalog = Catalog(tmp_path / "catalog")
    scope = {"video_id": content_id(video), "uri": str(video)}
    worker = StageWorker("extract_frames", {}, catalog.uri, None, "run")
    (unit,) = plan(catalog, "extract_frames", **scope)
    assert worker.process(unit).ok
    (unit,) = plan(catalog, "detect_landmarks", **scope)
    return catalog, unit


def test_a_killed_worker_is_a_failed_row_and_the_next_attempt_succeeds(extracted, ray_cluster):
    catalog, unit = extracted
    pool = WorkerPool("detect_landmarks", {}, catalog, WorkerResources(), size=1, run_id="run")
    killed = threading.Event()

    def kill_when_it_computes(*_):
        for process in psutil.Process().children(recursive=True):  # of this test's cluster, and no other
            if "ray::detect_landmarks" in " ".join(process.cmdline()) and not killed.is_set():
                process.send_signal(signal.SIGKILL)
                killed.set()

    try:
        watcher = threading.Thread(target=lambda: (time.sleep(4), kill_when_it_computes()))
        watcher.start()
        (outcome,) = pool.run([unit], kill_when_it_computes)
        watcher.join()
        assert killed.is_set()
        assert not outcome.ok and outcome.transient
        record = catalog.record("detect_landmarks", unit.key)
        assert record.status == "failed" and "died" in record.error
        (outcome,) = pool.run([unit])
    finally:
        pool.close()
    assert outcome.ok and outcome.n_rows == 60
    record = catalog.record("detect_landmarks", unit.key)
    assert (record.status, record.attempts, record.error) == ("ok", 2, None)


def test_a_fault_of_the_input_is_written_down_with_its_remedy(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("this is no video")
    catalog = Catalog(tmp_path / "catalog")
    (unit,) = plan(catalog, "extract_frames", video_id=content_id(path), uri=str(path))
    outcome = StageWorker("extract_frames", {}, catalog.uri, None, "run").process(unit)
    assert not outcome.ok and not outcome.transient
    assert catalog.record("extract_frames", unit.key).error.count("notes.mp4: ") == 1
    assert catalog.pending([unit]) == [unit]


def test_a_run_that_ends_in_the_middle_of_a_unit_counts_no_attempt(extracted, ray_cluster):
    catalog, unit = extracted
    for _ in range(2):
        pool = WorkerPool("detect_landmarks", {}, catalog, WorkerResources(), size=1, run_id="run")
        ending = threading.Timer(3.0, pool.close)
        ending.start()
        first, waiting = pool.run([unit, unit])  # the second waits for the only worker
        ending.join()
        assert not first.ok and not waiting.ok and "interrupted" in first.error and "interrupted" in waiting.error
        assert not first.transient
    assert catalog.record("detect_landmarks", unit.key) is None


def test_what_went_well_once_has_all_its_attempts_again(extracted):
    catalog, unit = extracted
    for _ in range(5):
        catalog.finish(unit, n_rows=1, run_id="r", seconds=0.0)
    catalog.fail(unit, "once", run_id="r")
    assert catalog.record("detect_landmarks", unit.key).attempts == 1
    catalog.fail(unit, "twice", run_id="r")
    assert catalog.record("detect_landmarks", unit.key).attempts == 2
    assert catalog.pending([unit]) == [unit]
