"""Runs that a worker took before it was killed, and of which nothing ever came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.server import unstarted_runs
from flows.server.api import PendingRun
from flows.server.unstarted_runs import UnstartedRuns
from tests.flows.server.test_lost_runs import Api

POOL, NAME = "tango", "tango-here"


class PoolApi(Api):
    """Attributes: workers, by run, of those that have labelled it."""

    def __init__(self, **states: str) -> None:
        super().__init__(**states)
        self.workers = dict.fromkeys(states, NAME)

    def pending(self, pool):
        assert pool == POOL
        found = [(run, state) for run, state in self.states.items() if state.type == "PENDING"]
        return [PendingRun(id=run, state=state.id, worker=self.workers.get(run)) for run, state in found]


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(unstarted_runs.time, "monotonic", lambda: Clock.now)
    return Clock


def test_a_run_whose_worker_was_killed_before_it_began_is_taken_again(clock):
    api = PoolApi(a="PENDING")
    runs = UnstartedRuns(api, POOL, NAME)
    assert runs.look(None, []) == [] and runs.any  # the worker is dead
    clock.now += 30
    assert runs.look(7, []) == []  # and was started again
    clock.now += 31
    assert "taken again" in runs.look(7, [])[0]
    assert api.told == [("a", "SCHEDULED")] and not runs.any
    assert runs.look(7, []) == []


def test_a_run_that_was_left_by_a_worker_before_this_process_is_found_at_the_first_look(clock):
    api = PoolApi(a="PENDING", b="PENDING", c="PENDING")
    api.workers = {"b": "tango-elsewhere", "c": None}
    runs = UnstartedRuns(api, POOL, NAME)
    runs.look(7, [])
    clock.now += 61
    runs.look(7, [])
    assert api.told == [("a", "SCHEDULED"), ("c", "SCHEDULED")], "not those of other workers"


@given(
    st.lists(
        st.sampled_from(["process", "running", "pending again", "other worker"]),
        min_size=1, max_size=4,
    ),
    st.integers(0, 59),
)  # fmt: skip
def test_a_run_of_which_something_came_within_a_minute_is_left_alone(events, after):
    with pytest.MonkeyPatch.context() as patch:
        now = [0.0]
        patch.setattr(unstarted_runs.time, "monotonic", lambda: now[0])
        api, started = PoolApi(a="PENDING"), []
        runs = UnstartedRuns(api, POOL, NAME)
        runs.look(7, [])
        now[0] += after
        for event in events:
            if event == "process":
                started = ["a"]
            elif event == "running":
                api.states["a"] = "RUNNING"
            else:  # a state of its own
                api.states["a"] = "PENDING"
            runs.look(7, started)
            now[0] += 0.1
        now[0] += 120
        runs.look(7, started)
        assert not api.told


def test_a_worker_that_lives_and_is_slow_is_not_hurried(clock):
    api = PoolApi()
    runs = UnstartedRuns(api, POOL, NAME)
    runs.look(7, [])
    api.states["a"] = "PENDING"
    for _ in range(10):
        clock.now += 30
        runs.look(7, [])
    assert not api.told and not runs.any


def test_a_server_that_does_not_answer_is_asked_again(clock):
    class Down(PoolApi):
        down = True

        def pending(self, pool):
            if self.down:
                raise ConnectionError
            return super().pending(pool)

    api = Down(a="PENDING")
    runs = UnstartedRuns(api, POOL, NAME)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            runs.look(7, [])
    api.down = False
    runs.look(7, [])
    clock.now += 61
    runs.look(7, [])
    assert api.told == [("a", "SCHEDULED")]
