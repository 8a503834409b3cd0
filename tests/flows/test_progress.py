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
    server = SimpleNamespace(answers=[], asked=[])

    def answer(what):
        server.asked.append(what)
        answer = server.answers.pop(0) if server.answers else None
        if callable(answer):
            answer()
        elif answer:
            raise answer
        return uuid4()

    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_UPDATES", 0.0)
    monkeypatch.setattr(progress, "create_progress_artifact", lambda *_, **__: answer("create"))
    monkeypatch.setattr(progress, "update_progress_artifact", lambda *_, **__: answer("update"))
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


def test_what_a_stage_waits_for_is_in_the_terminal_and_in_the_log(caplog, capsys):
    with FlowProgress() as shown:
        shown.waits("interpolate_seams", "waits for 0.5 GPUs that others hold (0 of 1 GPUs free)")
    assert "interpolate_seams waits for 0.5 GPUs" in caplog.text
    assert "interpolate_seams waits for 0.5 GPUs that others hold (0 of 1 GPUs free)\n" in capsys.readouterr().err
