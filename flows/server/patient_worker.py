"""Prefect's worker, which ends, and its runs with it, when a run is to be tried again whose slot it has not given back
yet: between the report of a crash and that lie the run's hooks, seconds on a busy machine. Here such a run waits for
the next look: `python -m flows.server.patient_worker prefect worker start ...`"""

import runpy
import sys
from typing import Any


def leave_held_runs() -> None:
    """Have workers of this process pass over runs that still hold a slot; those stay Scheduled."""
    from prefect.workers.base import BaseWorker

    submit = BaseWorker._submit_scheduled_flow_runs

    async def submit_free(self: Any, flow_run_response: list[Any]) -> Any:
        held = self._limiter.statistics().borrowers if self._limiter else ()
        return await submit(self, [entry for entry in flow_run_response if entry.flow_run.id not in held])

    BaseWorker._submit_scheduled_flow_runs = submit_free  # type: ignore[method-assign]


if __name__ == "__main__":
    leave_held_runs()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
