"""Schedules fire: nothing is faked, a scheduler's ticks are waited for."""

import psutil
import pytest

from tests.flows.server.served import serving, until
from tests.speaker import cut_speaker

pytestmark = pytest.mark.integration
NAME = "preprocess-dataset/preprocess-dataset"


def _runs_of(served) -> list[psutil.Process]:
    """The processes of runs, and of what they started."""
    found = []
    for process in psutil.Process(served.process.pid).children(recursive=True):
        try:
            line = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        if "prefect.engine" in line or line.startswith("ray::") or "/raylet" in line:
            found.append(process)
    return found


def test_ticks_start_runs_one_at_a_time_and_a_schedule_outlives_the_server(tmp_path):
    folder = tmp_path / "dataset"
    (folder / "ann").mkdir(parents=True)
    cut_speaker(folder / "ann" / "talk.mp4", start=3.0, seconds=2.0, side=256)
    home = {"PREFECT_HOME": str(tmp_path / "home")}
    with serving(tmp_path / "catalog", **home) as served:
        deployment = served.deployment(NAME)
        made = served.schedule(deployment, 5, folder=str(folder))
        first = until(lambda: served.runs(deployment, "RUNNING"), within=300, what="a run by schedule")[0]
        assert first["auto_scheduled"]
        # The next tick comes while that run is at it: it is skipped, and says so.
        skipped = until(lambda: served.runs(deployment, "CANCELLED"), within=300, what="a tick that is skipped")[0]
        assert "concurrency limit" in skipped["state"]["message"]
        # Cancelled in the middle, as in the UI: nothing of it is left.
        until(lambda: _runs_of(served), within=300, what="the run's processes")
        served.post(f"/flow_runs/{first['id']}/set_state", state={"type": "CANCELLING", "name": "Cancelling"})
        assert served.ended(first["id"])["state_type"] == "CANCELLED"
        served.pause(deployment, made, active=False)
        until(lambda: not _runs_of(served), within=120, what="the end of its processes")
    with serving(tmp_path / "catalog", **home) as served:
        (kept,) = [schedule for schedule in served.deployment(NAME)["schedules"] if schedule["id"] == made["id"]]
        assert (kept["schedule"]["interval"], kept["parameters"]) == (5, {"folder": str(folder)})
        served.pause(deployment, made, active=True)
        done = until(lambda: served.runs(deployment, "COMPLETED"), within=600, what="a run after the restart")[0]
        assert done["auto_scheduled"]
