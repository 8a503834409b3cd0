"""Processes that are started again, and end with whoever started them."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from flows.server import supervised
from flows.server.supervised import Supervised

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that can be run by name."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.getcwd()]))

    def write(code: str) -> str:
        (tmp_path / "tried.py").write_text(code)
        return "tried"

    return write


def _until(look, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _pids() -> list[int]:
    """Of the module under test; another test may have left a process that ends with the session."""
    return [process.pid for process in psutil.Process().children(recursive=True) if "tried" in process.cmdline()]


def test_what_is_killed_starts_again_after_a_pause_and_says_so(tmp_path, module, monkeypatch):
    monkeypatch.setattr(supervised, "_FIRST_PAUSE", 0.2)
    child = Supervised("sleeper", (module(SLEEPER),), os.environ, tmp_path / "log")
    child.start()
    try:
        _until(lambda: "up" in (tmp_path / "log").read_text())
        (pid,) = _pids()
        os.kill(pid, signal.SIGKILL)
        _until(lambda: not child.alive)
        assert "sleeper ended (SIGKILL)" in child.look()
        assert not child.alive and child.look() == ""
        _until(lambda: child.look() == "" and child.alive)
        assert _pids() != [pid]
    finally:
        child.end(within=5)
    assert _pids() == []


def test_what_goes_on_dying_is_tried_ever_more_rarely(tmp_path, module, monkeypatch):
    monkeypatch.setattr(supervised, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(supervised, "_LONGEST_PAUSE", 0.15)
    child = Supervised("broken", (module("raise SystemExit('no room')"),), os.environ, tmp_path / "log")
    pauses = []
    child.start()
    for _ in range(4):
        _until(lambda: child.look())
        pauses.append(child._pause)
        _until(lambda: child.look() == "" and child._ended == 0.0)
    assert pauses == [0.05, 0.1, 0.15, 0.15]
    child.end(within=5)
    assert child.last_line() == "no room"


def test_a_child_ends_with_its_parent_however_that_ends(tmp_path, module):
    name = module(SLEEPER)
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import os, time; from pathlib import Path; from flows.server.supervised import Supervised\n"
            f"child = Supervised('x', ({name!r},), os.environ, Path({str(tmp_path / 'log')!r})); child.start()\n"
            "time.sleep(60)",
        ]
    )
    _until(lambda: (tmp_path / "log").exists() and "up" in (tmp_path / "log").read_text())
    (child,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    child.wait(20)


def test_orphans_that_died_are_let_go_and_own_children_are_not(tmp_path):
    code = (
        "import os, subprocess, sys, time, psutil\n"
        "from flows.server.child import adopt_orphans\n"
        "from flows.server.supervised import reap_orphans\n"
        "adopt_orphans()\n"
        "own = subprocess.Popen([sys.executable, '-c', 'raise SystemExit(7)'])\n"
        'inner = \'import subprocess, sys; subprocess.Popen([sys.executable, "-c", "pass"])\'\n'
        "subprocess.run([sys.executable, '-c', inner], check=True)\n"
        "dead = lambda: [p for p in psutil.Process().children() if p.status() == 'zombie']\n"
        "while len(dead()) < 2: time.sleep(0.02)\n"
        "reap_orphans([own.pid])\n"
        "assert [p.pid for p in dead()] == [own.pid]\n"
        "assert own.wait() == 7\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_log_that_has_grown_is_put_aside(tmp_path, module, monkeypatch):
    monkeypatch.setattr(supervised, "_LOG_BYTES", 10)
    log = tmp_path / "log"
    log.write_text("x" * 11)
    child = Supervised("x", (module("print('new')"),), os.environ, log)
    child.start()
    _until(lambda: not child.alive)
    child.end(within=5)
    assert log.read_text() == "new\n" and (tmp_path / "log.1").read_text() == "x" * 11
