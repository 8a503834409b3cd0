"""Runs whose process is gone: real processes, and an API that remembers what it was told."""

import subprocess
import sys
import time
import uuid

import psutil
import pytest

from flows.server import lost_runs
from flows.server.lost_runs import LostRuns, RunState


class States(dict):
    """Each state that is set is a new one."""

    def __setitem__(self, run, state):
        super().__setitem__(run, RunState(id=str(uuid.uuid4()), type=state))


class Api:
    def __init__(self, **states: str) -> None:
        self.states, self.told, self.cancelled = States(), [], set()
        for run, state in states.items():
            self.states[run] = state

    def run_states(self, ids):
        return {run: self.states[run] for run in ids if run in self.states}

    def set_state(self, run_id, state):
        self.told.append((run_id, state["type"]))
        self.states[run_id] = state["type"]

    def was_cancelled(self, run_id):
        return run_id in self.cancelled


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
    api.states[run] = "PENDING"
    lost.look([])  # the worker has taken it, and starts its process
    assert len(api.told) == 2
    second = start(run)
    api.states[run] = "RUNNING"
    lost.look([])  # the process came after the processes were listed
    assert len(api.told) == 2
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


@pytest.mark.parametrize("seen", [[], ["CANCELLING"], ["CANCELLING", "CRASHED"]])
@pytest.mark.parametrize("last", ["CANCELLING", "CRASHED"])
def test_a_run_that_was_cancelled_is_not_tried_again(tmp_path, start, seen, last):
    """A signal ends its process, which calls that a crash; on a busy machine the worker takes long to say better."""
    run = str(uuid.uuid4())
    api = Api(**{run: "RUNNING"})
    lost = LostRuns(tmp_path / "runs.json", api)
    process = start(run)
    lost.look([process])
    api.cancelled.add(run)
    for state in seen:
        api.states[run] = state
        lost.look([process])
    api.states[run] = "CRASHED" if "CRASHED" in seen else last
    _kill(process)
    for _ in range(3):
        lost.look([])
    assert api.told == [(run, "CANCELLED")]


@pytest.mark.parametrize("later", ["PENDING", "RUNNING"])
@pytest.mark.parametrize("lingers", [[], ["PENDING"], ["FAILED", "SCHEDULED", "PENDING"]])
def test_a_retry_while_the_first_process_ends_is_another_try(tmp_path, start, later, lingers):
    run = str(uuid.uuid4())
    api = Api(**{run: "RUNNING"})
    lost = LostRuns(tmp_path / "runs.json", api)
    process = start(run)
    lost.look([process])
    for state in lingers:
        api.states[run] = state
        lost.look([process])
        lost.look([process])
    _kill(process)
    api.states[run] = later  # *Retry* was pressed, and a worker of this machine or of another has taken it
    for _ in range(3):
        lost.look([])
    assert not api.told
    api.states[run] = "COMPLETED"
    lost.look([])
    assert (tmp_path / "runs.json").read_bytes() == b"{}"


def test_of_two_processes_of_a_run_the_younger_does_it(tmp_path, start):
    run = str(uuid.uuid4())
    api = Api(**{run: "FAILED"})
    lost = LostRuns(tmp_path / "runs.json", api)
    first = start(run)
    lost.look([first])
    time.sleep(0.05)
    second = start(run)
    api.states[run] = "RUNNING"
    for both in ([first, second], [second, first]):
        lost.look(both)
    _kill(first)
    lost.look([second])
    assert not api.told
    _kill(second)
    lost.look([])
    assert api.told == [(run, "CRASHED"), (run, "SCHEDULED")]


@pytest.mark.parametrize("last_seen", ["PENDING", "RUNNING"])
def test_a_process_that_dies_right_after_it_began_is_missed(tmp_path, start, last_seen):
    run = str(uuid.uuid4())
    api = Api(**{run: last_seen})
    lost = LostRuns(tmp_path / "runs.json", api)
    process = start(run)
    lost.look([process])
    if last_seen == "PENDING":
        api.states[run] = "RUNNING"
    _kill(process)
    lost.look([])
    assert api.told == [(run, "CRASHED"), (run, "SCHEDULED")]


def test_a_process_is_known_although_the_server_does_not_answer(tmp_path, start):
    class Down(Api):
        def run_states(self, ids):
            raise ConnectionError

    run = str(uuid.uuid4())
    process = start(run)
    with pytest.raises(ConnectionError):
        LostRuns(tmp_path / "runs.json", Down()).look([process])
    _kill(process)
    api = Api(**{run: "RUNNING"})
    LostRuns(tmp_path / "runs.json", api).look([])
    assert api.told == [(run, "CRASHED"), (run, "SCHEDULED")]


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


def test_a_second_try_that_another_machine_ends_is_forgotten(tmp_path, start):
    run = str(uuid.uuid4())
    api = Api(**{run: "RUNNING"})
    lost = LostRuns(tmp_path / "runs.json", api)
    process = start(run)
    lost.look([process])
    _kill(process)
    lost.look([])
    for state in ("PENDING", "RUNNING", "CRASHED"):
        api.states[run] = state
        lost.look([])
    assert api.told == [(run, "CRASHED"), (run, "SCHEDULED")]
    assert (tmp_path / "runs.json").read_bytes() == b"{}"


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
