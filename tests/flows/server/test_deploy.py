"""Applying prefect.yaml again undoes nothing that an operator has set in the UI."""

import copy

import hypothesis
import pytest
import yaml
from hypothesis import strategies as st

from flows.configuration.setting_names import DEPLOYED_VARIABLE
from flows.deployed.given import given_settings
from flows.server import deploy as module
from flows.server.deploy import PROJECT, deploy
from flows.server.schedules import merged
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
        assert after.schedule.cron == "0 20 * * *", "it is changed by whoever changed last"


@pytest.fixture
def entry(tmp_path, monkeypatch):
    """The entry of preprocess-dataset in a prefect.yaml of the test's own, and what writes that."""
    (found,) = [copy.deepcopy(entry) for entry in ENTRIES if entry["name"] == "preprocess-dataset"]
    monkeypatch.setattr(module, "PROJECT", tmp_path)

    def write():
        (tmp_path / "prefect.yaml").write_text(yaml.safe_dump({"deployments": [found]}))

    return found, write


def _change(client, name, cron=None, **parameters):
    """What a person changes in the UI of the nightly schedule."""
    from prefect.client.schemas.schedules import CronSchedule

    found = client.read_deployment_by_name(name)
    (schedule,) = found.schedules
    time = CronSchedule(cron=cron, timezone="UTC") if cron else None
    client.update_deployment_schedule(found.id, schedule.id, active=True, schedule=time, parameters=parameters)


def test_a_change_of_the_file_arrives_and_leaves_alone_what_the_file_did_not_change(client, entry):
    given, write = entry
    (nightly,) = given["schedules"]
    name = f"{NAME}-three"

    def seen():
        (schedule,) = client.read_deployment_by_name(name).schedules
        return schedule.schedule.cron, schedule.active, schedule.parameters

    def apply():
        write()
        deploy("three")
        return seen()

    assert apply() == ("0 2 * * *", False, {})
    _change(client, name, "0 20 * * *", folder="/mine")
    assert apply() == ("0 20 * * *", True, {"folder": "/mine"})
    nightly["parameters"] = {"overrides": ["max_attempts=3"]}
    assert apply() == ("0 20 * * *", True, {"folder": "/mine", "overrides": ["max_attempts=3"]})
    nightly["cron"] = "0 4 * * *"
    assert apply() == ("0 4 * * *", True, {"folder": "/mine", "overrides": ["max_attempts=3"]})
    nightly["parameters"] = {}
    assert apply() == ("0 4 * * *", True, {"folder": "/mine"})
    found = client.read_deployment_by_name(name)
    client.delete_deployment_schedule(found.id, found.schedules[0].id)
    write()
    deploy("three")
    assert client.read_deployment_by_name(name).schedules == [], "it was taken away on purpose"
    nightly["cron"] = "0 5 * * *"
    assert apply() == ("0 5 * * *", False, {})
    given["schedules"] = []
    write()
    deploy("three")
    assert client.read_deployment_by_name(name).schedules == []


def test_a_catalog_served_by_a_release_that_kept_nothing_keeps_what_was_set_in_the_ui(client, entry):
    given, write = entry
    name = f"{NAME}-older"
    write()
    deploy("older")
    _change(client, name, "0 20 * * *", folder="/mine")
    client.delete_variable_by_name("tango_applied_older")
    for cron, wanted in (("0 4 * * *", "0 20 * * *"), ("0 6 * * *", "0 6 * * *")):
        given["schedules"][0]["cron"] = cron
        write()
        deploy("older")
        (schedule,) = client.read_deployment_by_name(name).schedules
        assert (schedule.schedule.cron, schedule.parameters) == (wanted, {"folder": "/mine"})


def test_default_parameters_set_in_the_ui_stay_unless_the_flow_has_them_no_more(client, entry):
    from prefect.client.schemas.actions import DeploymentUpdate

    given, write = entry
    name = f"{NAME}-defaults"
    write()
    deploy("defaults")
    found = client.read_deployment_by_name(name)
    fields = {"parameters": {"folder": "/mine", "gone": 1}, "enforce_parameter_schema": False}
    client.update_deployment(found.id, DeploymentUpdate(**fields))
    for parameters, wanted in (({}, {"folder": "/mine"}), ({"folder": "/ours"}, {"folder": "/ours"})):
        given["parameters"] = parameters
        write()
        deploy("defaults")
        assert client.read_deployment_by_name(name).parameters == wanted


small = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))


@hypothesis.given(small, small, small)
def test_what_nobody_changed_stays_and_the_file_goes_before_the_ui_where_it_changed(now, before, wanted):
    made = merged(now, before, wanted)
    for key in {*now, *before, *wanted}:
        source = wanted if before.get(key) != wanted.get(key) else now
        assert made.get(key) == source.get(key) and (key in made) == (key in source)
    assert merged(now, wanted, wanted) == now and merged(now, None, wanted) == {**wanted, **now}


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
