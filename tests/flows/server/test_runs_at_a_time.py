"""More runs than may run at a time wait for their turn, and one whose worker is killed before it began is taken again:
none is late, cancelled or forgotten. The server asks for a password, which the commands and the watch take from
Prefect's own settings."""

import os
import signal

import psutil
import pytest

from flows.server.home import running_server
from tests.flows.server.served import serving, until

pytestmark = [pytest.mark.end_to_end, pytest.mark.soak]
_ENDED = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
GUARDED = {"PREFECT_SERVER_API_AUTH_STRING": "tango:pass", "PREFECT_API_AUTH_STRING": "tango:pass"}


def test_runs_over_the_limit_and_one_that_nobody_began_run_when_it_is_their_turn(tmp_path):
    with serving(tmp_path / "catalog", TANGO_RUNS_AT_A_TIME="1", **GUARDED) as served:
        assert served.client.get("/flow_runs/count").status_code in (401, 405)
        served.client.auth = ("tango", "pass")
        assert running_server(tmp_path / "catalog.server") == served.api

        # Taken by a worker that is killed before it has started a process, with its deployment's only slot.
        gc = served.deployment("gc/gc")
        pending = {"type": "PENDING", "name": "Pending"}
        left = served.post(f"/deployments/{gc['id']}/create_flow_run", parameters={"dry_run": True}, state=pending)
        (worker,) = [
            process.pid
            for process in psutil.Process(served.process.pid).children()
            if "worker start" in " ".join(process.cmdline())
        ]
        os.kill(worker, signal.SIGKILL)
        until(lambda: "the worker ended (SIGKILL)" in served.said(), within=60, what="its end")

        runs = [served.submit("rerun-stage/rerun-stage")["id"] for _ in range(3)]
        seen: set[str] = set()
        at_once = 0

        def ended() -> bool:
            nonlocal at_once
            states = [served.run(run)["state"] for run in runs]
            seen.update(state["name"] for state in states)
            at_once = max(at_once, sum(state["type"] in ("PENDING", "RUNNING") for state in states))
            return all(state["type"] in _ENDED for state in states)

        until(ended, within=600, what="the end of all runs", every=0.2)
        assert at_once == 1
        assert "Scheduled" in seen and not seen & {"Late", "Cancelled", "Crashed"}
        order = [served.run(run)["start_time"] for run in runs]
        assert order == sorted(order)

        assert served.ended(left["id"])["state_type"] in ("COMPLETED", "FAILED")  # of a catalog that is not there
        assert f"run {left['id']}: its worker was killed before it began" in served.said()
        assert "401" not in served.said()
