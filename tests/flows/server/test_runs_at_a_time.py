"""More runs than may run at a time wait for their turn: none is late, cancelled or forgotten."""

import pytest

from tests.flows.server.served import serving, until

pytestmark = pytest.mark.end_to_end
_RUNS = 4


def test_runs_over_the_limit_wait_for_their_turn_and_then_run(tmp_path):
    with serving(tmp_path / "catalog", TANGO_RUNS_AT_A_TIME="1") as served:
        runs = [served.submit("gc/gc", dry_run=True)["id"] for _ in range(2)]
        # `gc` runs one at a time by its own rule; these two are of different deployments.
        runs += [served.submit("rerun-stage/rerun-stage")["id"] for _ in range(_RUNS - 2)]
        seen: set[str] = set()
        at_once = 0

        def ended() -> bool:
            nonlocal at_once
            states = [served.run(run)["state"] for run in runs]
            seen.update(state["name"] for state in states)
            at_once = max(at_once, sum(state["type"] in ("PENDING", "RUNNING") for state in states))
            return all(state["type"] in ("COMPLETED", "FAILED", "CANCELLED", "CRASHED") for state in states)

        until(ended, within=600, what="the end of all runs", every=0.2)
        assert at_once == 1
        assert "Scheduled" in seen and not seen & {"Late", "Cancelled", "Crashed"}
        order = [served.run(run)["start_time"] for run in runs]
        assert order == sorted(order)
