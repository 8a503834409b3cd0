"""Schedules fire: nothing is faked, a scheduler's tick is waited for."""

import pytest

from tests.flows.server.served import serving, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]


def test_a_tick_of_the_scheduler_starts_a_run(tmp_path):
    folder = tmp_path / "dataset"
    (folder / "ann").mkdir(parents=True)
    (folder / "ann" / "talk.mp4").write_bytes(b"no video at all")
    with serving(tmp_path / "catalog", PREFECT_HOME=str(tmp_path / "home")) as served:
        deployment = served.deployment("preprocess-dataset/preprocess-dataset")
        served.schedule(deployment, 5, folder=str(folder))
        run = until(lambda: served.runs(deployment, "RUNNING", "FAILED"), within=300, what="a run by schedule")[0]
        assert run["auto_scheduled"]
        assert "talk.mp4" in served.ended(run["id"])["state"]["message"]
