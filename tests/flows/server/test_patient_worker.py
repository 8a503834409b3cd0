"""A run that is to be tried again while the worker still counts it among those that it does."""

import asyncio
import uuid
from types import SimpleNamespace

import anyio
import pytest
from prefect.workers.base import BaseWorker

from flows.server.patient_worker import leave_held_runs


class _Tasks:
    def __init__(self):
        self.started = []

    def start_soon(self, submit, flow_run):
        self.started.append(flow_run.id)


def _worker(limit):
    quiet = SimpleNamespace(debug=lambda *_: None, info=lambda *_: None)
    return SimpleNamespace(
        _submitting_flow_run_ids=set(), _limiter=limit, limiter=limit, _logger=quiet, name="w", backend_id=None,
        _cancelling_observer=None, _runs_task_group=_Tasks(), _submit_run=None, get_flow_run_logger=lambda run: quiet,
    )  # fmt: skip


@pytest.mark.parametrize("limited", [True, False])
def test_a_run_whose_slot_is_not_given_back_waits_and_the_others_are_taken(monkeypatch, limited):
    monkeypatch.setattr(BaseWorker, "_submit_scheduled_flow_runs", BaseWorker._submit_scheduled_flow_runs)
    leave_held_runs()

    async def look():
        held, other = (SimpleNamespace(flow_run=SimpleNamespace(id=uuid.uuid4())) for _ in range(2))
        limit = anyio.CapacityLimiter(3) if limited else None
        worker = _worker(limit)
        if limit:
            limit.acquire_on_behalf_of_nowait(held.flow_run.id)
        await BaseWorker._submit_scheduled_flow_runs(worker, [held, other])
        taken = list(worker._runs_task_group.started)
        if limit:
            limit.release_on_behalf_of(held.flow_run.id)
            await BaseWorker._submit_scheduled_flow_runs(worker, [held])
        return taken, worker._runs_task_group.started, held.flow_run.id, other.flow_run.id

    taken, all_taken, held, other = asyncio.run(look())
    assert taken == ([other] if limited else [held, other])
    assert held in all_taken
