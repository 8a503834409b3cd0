"""`kill -9` of what runs a run: nothing has to be done by hand, and the tables are those of a quiet run."""

import os
import signal

import psutil
import pytest

from data_catalog import Catalog
from tests.flows.server.served import serving, until
from tests.speaker import cut_speaker

pytestmark = [pytest.mark.end_to_end, pytest.mark.soak]


def _of(served, *words: str) -> list[psutil.Process]:
    """The processes of a `tango serve` in whose command line all these words stand."""
    found = []
    for process in psutil.Process(served.process.pid).children(recursive=True):
        try:
            line = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        if all(word in line for word in words):
            found.append(process)
    return found


def test_a_run_and_the_worker_and_the_server_are_killed_and_the_run_completes_by_itself(tmp_path):
    video = cut_speaker(tmp_path / "kim.mp4", start=3.0, seconds=2.0, side=256)
    catalog = Catalog(tmp_path / "catalog")
    with serving(tmp_path / "catalog") as served:
        run = served.submit("onboard-avatar/onboard-avatar", avatar="kim", videos=[str(video)])
        until(lambda: catalog.table("frames").count(), within=600, what="the first frames")
        (engine,) = _of(served, "-m prefect.engine")
        engine.kill()
        for name in ("worker", "server"):
            (child,) = _of(served, "flows.server.child", f"prefect {name} start")
            os.kill(child.pid, signal.SIGKILL)
            said = f"the {name} ended (SIGKILL)"
            until(lambda said=said: said in served.said(), within=60, what=said)
        until(lambda: "is tried once more" in served.said(), within=300, what="the second try")
        ended = served.ended(run["id"], within=900)
        assert (ended["state_type"], ended["run_count"]) == ("COMPLETED", 2)
        assert all(rows == keys for rows, keys in catalog.verify().values())
        assert {status for _, status in _ledger(catalog)} == {"ok"}
        assert catalog.table("leases").count() == 0
    assert not [line for line in served.said().splitlines() if "Traceback" in line]


def _ledger(catalog: Catalog) -> list[tuple[str, str]]:
    return [(row["unit"], row["status"]) for row in catalog.table("units").read(["unit", "status"]).to_pylist()]
