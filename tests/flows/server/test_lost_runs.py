"""Runs whose process is gone: real processes, and an API that remembers what it was told."""

import subprocess
import sys
import time
import uuid

import psutil
import pytest

from flows.server import lost_runs
from flows.server.lost_runs import LostRuns


class Api:
    def __init__(self, **states: str) -> None:
        self.states, self.told = dict(states), []

    def run_states(self, ids):
        return {run: self.states[run] for run in ids if run in self.states}

    def set_state(self, run_id, state):
        self.told.append((run_id, state["type"]))
        self.states[run_id] = state["type"]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(lost_runs, "_GRACE_SECONDS", 0.0)


@pytest.fixture
def start():
    """Start a process that looks like that of a flow run."""
    started = []

    def run(run_id: str, module: str = "prefect.engine") -> psutil.Process:
        process = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(60)", module], env={"PREFECT__FLOW_RUN_ID": run_id}
        )
        started.append(process)
        while module not in (found := psutil.Process(process.pid)).cmdline():
            time.sleep(0.01)
        return found

    yield run
    for process in started:
        process.kill()
        process.wait()


def _kill(process: psutil.Process) -> None:
    process.kill()
    process.wait()


def test_a_run_whose_process_is_killed_ends_crashed_and_is_tried_once_more(tmp_path, start):
    run = str(uuid.uuid4())
    api = Api(**{run: "RUNNING"})
    lost = LostRuns(tmp_path / "runs.json", api)
    process = start(run)
    assert lost.look([process]) == [] and not api.told
    _kill(process)
    lost.look([])
    assert api.told == [(run, "CRASHED"), (run, "SCHEDULED")]
    lost.look([])  # it waits for its turn
    second = start(run)
    api.states[run] = "RUNNING"
    lost.look([second])
    _kill(second)
    lost.look([])
    assert api.told[2:] == [(run, "CRASHED")]  # once, not for ever
    lost.look([])
    assert len(api.told) == 3


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELLED"])
def test_a_run_that_ended_otherwise_is_left_alone(tmp_path, start, state):
    run = str(uuid.uuid4())
    api = Api(**{run: state})
    lost = LostRuns(tmp_path / "runs.json", api)
    process = start(run)
    lost.look([process])
    _kill(process)
    lost.look([])
    assert not api.told


def test_what_a_run_started_is_not_the_run(tmp_path, start):
    run = str(uuid.uuid4())
    api = Api(**{run: "RUNNING"})
    lost = LostRuns(tmp_path / "runs.json", api)
    engine, worker = start(run), start(run, "ray::detect_landmarks")
    lost.look([engine, worker])
    _kill(engine)
    lost.look([worker])
    assert api.told[0] == (run, "CRASHED")


def test_the_runs_of_a_machine_that_went_down_are_known_afterwards(tmp_path, start):
    run = str(uuid.uuid4())
    process = start(run)
    LostRuns(tmp_path / "runs.json", Api()).look([process])
    _kill(process)
    api = Api(**{run: "RUNNING"})
    LostRuns(tmp_path / "runs.json", api).look([])
    assert api.told == [(run, "CRASHED"), (run, "SCHEDULED")]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b"\xff"])
def test_a_list_that_cannot_be_read_is_begun_anew(tmp_path, content):
    (tmp_path / "runs.json").write_bytes(content)
    assert LostRuns(tmp_path / "runs.json", Api()).look([]) == []


def test_a_worker_that_lives_is_given_time_to_report_it(tmp_path, start, monkeypatch):
    monkeypatch.setattr(lost_runs, "_GRACE_SECONDS", 60.0)
    run = str(uuid.uuid4())
    api = Api(**{run: "RUNNING"})
    lost = LostRuns(tmp_path / "runs.json", api)
    process = start(run)
    lost.look([process])
    _kill(process)
    lost.look([])
    assert not api.told
