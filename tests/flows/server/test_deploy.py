"""Applying prefect.yaml again undoes nothing that an operator has set in the UI."""

import copy

import pytest
import yaml

from flows.deployed.given import given_settings
from flows.server import deploy as module
from flows.server.deploy import PROJECT, deploy
from flows.setting_names import DEPLOYED_VARIABLE
from tango_models.errors import InputError

NAME = "preprocess-dataset/preprocess-dataset"
ENTRIES = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]
pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def client(prefect_server):
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        yield client


def test_a_pool_stays_paused_and_keeps_its_limit_and_a_schedule_its_folder(client):
    from prefect.client.schemas.actions import WorkPoolUpdate
    from prefect.client.schemas.schedules import CronSchedule

    assert len(deploy("kept")) == len(ENTRIES)
    given = client.read_work_pool("kept")
    template = copy.deepcopy(given.base_job_template)
    template["job_configuration"]["command"] = "of a release before {{ command }}"
    client.update_work_pool(
        "kept", WorkPoolUpdate(is_paused=True, concurrency_limit=3, description="ours", base_job_template=template)
    )
    found = client.read_deployment_by_name(f"{NAME}-kept")
    (schedule,) = found.schedules
    folder = {"folder": "/data/dataset"}
    evening = CronSchedule(cron="0 20 * * *", timezone="UTC")
    client.update_deployment_schedule(found.id, schedule.id, active=True, schedule=evening, parameters=folder)
    for _ in range(2):
        deploy("kept")
        pool = client.read_work_pool("kept")
        assert (pool.is_paused, pool.concurrency_limit, pool.description) == (True, 3, "ours")
        assert pool.base_job_template == given.base_job_template
        (after,) = client.read_deployment_by_name(f"{NAME}-kept").schedules
        assert (after.id, after.active, after.parameters) == (schedule.id, True, folder)
        assert after.schedule.cron == "0 2 * * *", "prefect.yaml says when"


def test_each_pool_has_its_own_deployments_and_those_their_catalog(client):
    deploy(module.POOL, "/catalogs/a")
    deploy("other", "/catalogs/b")
    for name, pool, catalog in ((NAME, module.POOL, "/catalogs/a"), (f"{NAME}-other", "other", "/catalogs/b")):
        found = client.read_deployment_by_name(name)
        assert found.work_pool_name == pool
        assert found.job_variables["env"][DEPLOYED_VARIABLE] == catalog
        assert found.job_variables["env"]["DO_NOT_TRACK"] == "1" and found.job_variables["command"]


def test_two_workers_of_one_pool_cannot_have_two_catalogs(client):
    deploy("shared", "/catalogs/a", "first")
    client.send_worker_heartbeat("shared", "first", heartbeat_interval_seconds=30)
    deploy("shared", "/catalogs/a", "second")  # the same
    with pytest.raises(InputError, match=r"pool shared: first: works for the catalog /catalogs/a.*TANGO_POOL"):
        deploy("shared", "/catalogs/b", "second")
    deploy("shared", "/catalogs/b", "first")  # moved: nobody else works for it


@pytest.mark.parametrize(("deployed", "refused"), [("/catalogs/a", False), ("/catalogs/b", True), (None, False)])
def test_a_run_on_a_worker_of_another_catalog_ends_at_once(monkeypatch, deployed, refused):
    monkeypatch.setenv("TANGO_CATALOG", "/catalogs/a")
    if deployed:
        monkeypatch.setenv(DEPLOYED_VARIABLE, deployed)
    if not refused:
        assert given_settings(None, []).catalog == "/catalogs/a"
        return
    with pytest.raises(InputError, match=r"worker's catalog /catalogs/a.*/catalogs/b.*TANGO_POOL"):
        given_settings(None, [])
