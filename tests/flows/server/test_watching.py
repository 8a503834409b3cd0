"""What goes wrong while processes and runs are watched ends nothing: it is said once, and tried again."""

import errno
import io
import os
import resource
import subprocess
import sys
import time
import uuid
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from flows.server import lost_runs, watching
from flows.server.api import PrefectApi
from flows.server.lost_runs import LostRuns
from flows.server.supervised import Supervised
from flows.server.watching import Watch
from tests.flows.server.test_lost_runs import Api

FAULTS: dict[str, Any] = {
    "full": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/home/runs.part"),
    "fork": BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)),
    "json": ValueError("no JSON"),
    "down": httpx.ConnectError("connection refused"),
    "tls": httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"),
    "slow": httpx.ReadTimeout("timed out"),
    "401": httpx.HTTPStatusError("", request=httpx.Request("POST", "http://x"), response=httpx.Response(401)),
    "well": None,
}


class PoolApi(Api):
    def pending(self, pool):
        return []


class Child:
    """A process that lives, or cannot be started."""

    name, pid = "worker", None

    def __init__(self):
        self.alive, self.fault = True, None

    def look(self):
        if self.fault:
            raise self.fault
        return ""


def _watch(tmp_path, api, *children) -> tuple[Watch, io.StringIO]:
    said, worker = io.StringIO(), children[-1] if children else Child()
    console = Console(file=said, width=500)
    return Watch(console, api, tmp_path, children, worker=worker, pool="tango", name="w"), said


@given(st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=30), st.booleans())
@settings(max_examples=60)
def test_whatever_goes_wrong_the_watch_goes_on_and_says_each_fault_once(tmp_path_factory, faults, of_child):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching, "_PATIENCE_SECONDS", 0.0)
        child, now = Child(), []

        def look(self, processes):
            if now[-1] and not of_child:
                raise now[-1]
            return []

        patch.setattr(LostRuns, "look", look)
        watch, said = _watch(tmp_path_factory.mktemp("home"), PoolApi(), child)
        for name in faults:
            now.append(FAULTS[name])
            child.fault, child.alive = (now[-1], now[-1] is None) if of_child else (None, True)
            watch.look()
    changes = [a for a, b in zip(faults, [None, *faults], strict=False) if a != b and a != "well"]
    lines = said.getvalue().splitlines()
    assert len(lines) == len(changes) and all("it is tried again" in line for line in lines)
    for name, line in zip(changes, lines, strict=True):
        assert {"401": "PREFECT_API_AUTH_STRING", "full": "No space left", "tls": "CERTIFICATE"}.get(name, "") in line


def test_a_server_that_is_just_busy_is_not_spoken_of(tmp_path, monkeypatch):
    def busy(self, processes):
        raise httpx.ReadTimeout("timed out")

    monkeypatch.setattr(LostRuns, "look", busy)
    watch, said = _watch(tmp_path, PoolApi())
    watch.look()
    assert not said.getvalue()
    monkeypatch.setattr(watching, "_PATIENCE_SECONDS", 0.0)
    watch.look()
    assert "timed out" in said.getvalue()


def test_on_a_full_disk_runs_are_seen_to_all_the_same_and_the_list_is_written_when_there_is_room(tmp_path, monkeypatch):
    monkeypatch.setattr(lost_runs, "_GRACE_SECONDS", 0.0)
    run, other = str(uuid.uuid4()), str(uuid.uuid4())
    api = PoolApi(**{run: "RUNNING", other: "RUNNING"})
    watch, said = _watch(tmp_path, api)
    code = "import time; time.sleep(600)"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, "prefect.engine"], env={"PREFECT__FLOW_RUN_ID": name})
        for name in (run, other)
    ]
    room = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, room[1]))  # the system refuses, not a mock
    try:
        deadline = time.monotonic() + 120
        while set(watch._lost._known) != {run, other}:
            assert time.monotonic() < deadline
            watch.look()
        processes[0].kill()
        processes[0].wait()
        watch.look()
        assert api.told == [(run, "CRASHED"), (run, "SCHEDULED")]
        assert said.getvalue().count("File too large") == 1 and not (tmp_path / "runs.json").exists()
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
        watch.look()
        assert set(LostRuns(tmp_path / "runs.json", api)._known) == {run, other}
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
        for process in processes:
            process.kill()
            process.wait()


def test_a_child_that_cannot_be_started_is_tried_again_later_and_later(tmp_path, monkeypatch):
    child = Supervised("worker", ("x",), os.environ, tmp_path / "log")

    def none(*_, **__):
        tries.append(time.monotonic())
        raise FAULTS["fork"]

    tries: list[float] = []
    monkeypatch.setattr("flows.server.supervised.subprocess.Popen", none)
    monkeypatch.setattr("flows.server.supervised._FIRST_PAUSE", 0.05)
    watch, said = _watch(tmp_path, PoolApi(), child)
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        watch.look()
        time.sleep(0.01)
    assert 2 <= len(tries) <= 5, "0.05, 0.1, 0.2, 0.4 s"
    assert said.getvalue().count("cannot be started again") == 1


def test_output_that_goes_nowhere_ends_nothing(tmp_path):
    class Full(io.StringIO):
        def write(self, text):
            raise FAULTS["full"]

    watch, _ = _watch(tmp_path, PoolApi())
    watch._console = Console(file=Full())
    watch._say("a line")


@pytest.mark.parametrize("page", ["", "<html>", "null", "{}", '[{"id": 3}]', '{"detail": "no"}'])
def test_an_answer_that_is_none_of_prefects_is_a_fault_that_is_caught(page, monkeypatch):
    class Anything(httpx.Client):
        def post(self, path, **_):
            return httpx.Response(200, text=page, request=httpx.Request("POST", "http://x"))

    api = PrefectApi("http://127.0.0.1:9/api")
    api._client = Anything()
    for ask in (lambda: api.run_states(["x"]), lambda: api.pending("tango")):
        with pytest.raises(watching.FAULTS):
            ask()
