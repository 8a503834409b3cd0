"""The environment of a worker: what it wants, however it comes by it."""

import os
import time

import psutil
import pytest

from data_catalog import Catalog
from tasks.runtime.cluster import worker_environment
from tasks.runtime.cluster.actors import Actor
from tasks.runtime.cluster.workers import WorkerResources

OTHERS = WorkerResources(threads=3)


def test_what_the_cluster_was_started_with_is_not_given_to_each_worker_and_what_it_lacks_is(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    before, usual = dict(os.environ), WorkerResources()
    worker_environment.forget()
    assert worker_environment.runtime_env(usual) == {"env_vars": worker_environment.wanted(usual)}
    with worker_environment.handed_down():
        assert os.environ == before | worker_environment.wanted(usual)
    try:
        assert dict(os.environ) == before
        assert worker_environment.runtime_env(usual) == {}
        assert worker_environment.runtime_env(OTHERS) == {"env_vars": worker_environment.wanted(OTHERS)}
    finally:
        worker_environment.forget()
    assert worker_environment.runtime_env(usual) == {"env_vars": worker_environment.wanted(usual)}


def test_of_a_cluster_that_did_not_start_nothing_is_known():
    with pytest.raises(OSError), worker_environment.handed_down():
        raise OSError
    assert worker_environment.runtime_env(WorkerResources())


@pytest.mark.integration
def test_every_worker_has_what_it_wants_whether_the_cluster_has_it_or_not(tmp_path, ray_cluster):
    catalog = Catalog(tmp_path)
    given = ("score_edges", {}, catalog.uri, None, "run")
    asked = {str(resources.threads): resources for resources in (WorkerResources(), OTHERS)}
    before = _workers()
    actors = [Actor("score_edges", resources, given) for resources in asked.values()]
    try:
        deadline = time.monotonic() + 300
        while not all(actor.is_warm() for actor in actors):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert not any(actor.is_dead() for actor in actors)
        found = {process.environ()["OMP_NUM_THREADS"]: process.environ() for process in _workers() - before}
        assert found.keys() == asked.keys()
        for threads, environment in found.items():
            assert worker_environment.wanted(asked[threads]).items() <= environment.items()
    finally:
        for actor in actors:
            actor.kill()


def _workers() -> set[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return {process for process in found if process.cmdline()[:1] == ["ray::score_edges"]}
