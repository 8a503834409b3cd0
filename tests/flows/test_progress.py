"""Progress that cannot be shown is no fault of what is done."""

import threading
import time
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest

from data_catalog import Unit
from flows import progress
from flows.progress import FlowProgress

UNIT = Unit("fit_smplx", "v", "talk.mp4", "1", "")
FAULTS = [httpx.ConnectError("All connection attempts failed"), RuntimeError("no event loop"), TimeoutError()]


@pytest.fixture
def in_a_run(monkeypatch):
    """As inside a task run, with a server that says what is in `answers` one after the other, and then goes well."""
    server = SimpleNamespace(answers=[], asked=[], shown=[])

    def answer(what, percent=None, description=""):
        server.asked.append(what)
        server.shown.append((description, percent))
        answer = server.answers.pop(0) if server.answers else None
        if callable(answer):
            answer()
        elif answer:
            raise answer
        return uuid4()

    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_UPDATES", 0.0)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_UNITS", 0.0)
    monkeypatch.setattr(
        progress, "create_progress_artifact", lambda p, **more: answer("create", p, more["description"])
    )
    monkeypatch.setattr(
        progress, "update_progress_artifact", lambda _, p, description: answer("update", p, description)
    )
    monkeypatch.setattr(progress, "FlowRunContext", SimpleNamespace(get=lambda: server))
    return server


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("good_first", [0, 1])
def test_a_server_that_is_away_for_a_while_fails_nothing(in_a_run, fault, good_first, caplog):
    in_a_run.answers = [None] * good_first + [fault] * 4
    caplog.set_level("INFO")
    with FlowProgress() as shown:
        shown.stage("fit_smplx", "ann", 0, 2)
        for done in range(3):
            shown.unit(UNIT, done, 10)
        shown.overall(1, 3)
        shown.stage("fit_smplx", "ann", 2, 2)
    assert "could not be shown" in caplog.text and type(fault).__name__ in caplog.text
    made = [what for what in in_a_run.asked if what == "create"]
    assert made, "and it is shown when the server is there again"


def test_a_slow_server_holds_up_no_other_thread(in_a_run):
    gate = threading.Event()
    in_a_run.answers = [None, lambda: gate.wait(30)]
    with FlowProgress() as shown:
        shown.stage("fit_smplx", "ann", 0, 2)
        slow = threading.Thread(target=shown.unit, args=(UNIT, 1, 10))
        slow.start()
        began = time.monotonic()
        shown.stage("embed_clips", "bea", 0, 1)
        shown.others("fit_smplx", "ann", 1)
        assert time.monotonic() - began < 10
        assert slow.is_alive()
        gate.set()
        slow.join()


def test_of_many_short_units_few_are_shown_and_the_last_of_each_stage_is(in_a_run, monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_UNITS", 0.2)
    with FlowProgress() as shown:
        for k in range(200):
            shown.stage("fit_smplx", f"video {k}", 0, 1)
            shown.stage("fit_smplx", f"video {k}", 1, 1)
        shown.stage("create_clips", "video 0", 0, 1)
        shown.stage("create_clips", "video 0", 1, 1)
        deadline = time.monotonic() + 20
        while ("fit_smplx video 199", 100.0) not in in_a_run.shown:  # it is, as soon as anything else goes on
            assert time.monotonic() < deadline
            shown.unit(UNIT, 0, 0)
            shown.stage("embed_clips", "video 0", 0, 1)
    assert ("create_clips video 0", 100.0) in in_a_run.shown
    assert ("embed_clips video 0", 0.0) in in_a_run.shown
    assert len(in_a_run.asked) < 60


def test_what_ends_while_the_server_is_slow_to_begin_it_is_shown_afterwards(in_a_run):
    gate, asked = threading.Event(), threading.Event()
    in_a_run.answers = [lambda: (asked.set(), gate.wait(30))]
    with FlowProgress() as shown:
        slow = threading.Thread(target=shown.stage, args=("fit_smplx", "ann", 0, 1))
        slow.start()
        assert asked.wait(30)
        shown.stage("fit_smplx", "bea", 1, 1)
        gate.set()
        slow.join()
    assert in_a_run.shown == [("fit_smplx ann", 0.0), ("fit_smplx bea", 100.0)]


def test_an_interrupted_run_waits_for_no_server_to_show_what_was_withheld(in_a_run, monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_UNITS", 100.0)
    with pytest.raises(KeyboardInterrupt), FlowProgress() as shown:
        shown.stage("fit_smplx", "video", 0, 1)
        shown.stage("fit_smplx", "video", 1, 1)
        raise KeyboardInterrupt
    assert in_a_run.asked == ["create"]


def test_what_a_stage_waits_for_is_in_the_terminal_and_in_the_log(caplog, capsys):
    with FlowProgress() as shown:
        shown.waits("interpolate_seams", "waits for 0.5 GPUs that others hold (0 of 1 GPUs free)")
    assert "interpolate_seams waits for 0.5 GPUs" in caplog.text
    assert "interpolate_seams waits for 0.5 GPUs that others hold (0 of 1 GPUs free)\n" in capsys.readouterr().err
