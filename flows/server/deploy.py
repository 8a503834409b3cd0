"""Registers the deployments of prefect.yaml with the server at `PREFECT_API_URL`. `python -m flows.server.deploy`

prefect.yaml is the truth about a deployment and about when the schedules that it names are due; those that were made in
the UI stay, and so does whether a schedule was switched on there. (`prefect deploy` and `RunnerDeployment.apply` delete
them all.)
The package is installed where the worker runs: a deployment names its flow by module, and nothing is copied.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.responses import DeploymentResponse

PROJECT = Path(__file__).resolve().parents[2]
POOL = "tango"


def deploy() -> list[str]:
    """Create or update every deployment, and the work pool; returns their names, each as `flow/deployment`."""
    from prefect.client.orchestration import get_client

    entries = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]
    with get_client(sync_client=True) as client:
        _create_pool(client)
        return [_apply(client, entry) for entry in entries]


def _create_pool(client: "SyncPrefectClient") -> None:
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=template), overwrite=True)


def _apply(client: "SyncPrefectClient", entry: dict[str, Any]) -> str:
    from prefect.client.schemas.actions import DeploymentUpdate
    from prefect.client.schemas.objects import ConcurrencyOptions
    from prefect.exceptions import ObjectNotFound
    from prefect.utilities.callables import parameter_schema

    module, _, name = entry["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    pool = entry["work_pool"]
    fields = {
        "entrypoint": entry["entrypoint"],
        "description": entry.get("description"),
        "parameters": entry.get("parameters") or {},
        "tags": entry.get("tags") or [],
        "work_pool_name": pool["name"],
        "job_variables": pool.get("job_variables") or {},
        "parameter_openapi_schema": parameter_schema(flow).model_dump_for_openapi(),
        "enforce_parameter_schema": True,
        "pull_steps": entry.get("pull") or [],
    }
    limit = entry.get("concurrency_limit") or {}
    options = ConcurrencyOptions(collision_strategy=limit["collision_strategy"]) if limit else None
    schedules = [_schedule(given) for given in entry.get("schedules") or []]
    full_name = f"{flow.name}/{entry['name']}"
    try:
        known = client.read_deployment_by_name(full_name)
    except ObjectNotFound:
        client.create_deployment(
            flow_id=client.create_flow_from_name(flow.name),
            name=entry["name"],
            schedules=schedules,
            concurrency_limit=limit.get("limit"),
            concurrency_options=options,
            **fields,
        )
        return full_name
    update = DeploymentUpdate(concurrency_limit=limit.get("limit"), concurrency_options=options, **fields)
    client.update_deployment(known.id, update)
    _bring_up_to_date(client, known, schedules)
    return full_name


def _schedule(given: dict[str, Any]) -> "DeploymentScheduleCreate":
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    return DeploymentScheduleCreate(
        slug=given["slug"],
        schedule=CronSchedule(cron=given["cron"], timezone=given.get("timezone", "UTC")),
        active=given.get("active", True),
        parameters=given.get("parameters") or {},
    )


def _bring_up_to_date(
    client: "SyncPrefectClient", known: "DeploymentResponse", wanted: "list[DeploymentScheduleCreate]"
) -> None:
    """Create the schedules that are not there, and change those whose time or parameters are other ones now."""
    by_slug = {schedule.slug: schedule for schedule in known.schedules if schedule.slug}
    for schedule in wanted:
        found = by_slug.get(schedule.slug or "")
        if found is None:
            client.create_deployment_schedules(known.id, [schedule])
        elif found.schedule != schedule.schedule:
            client.update_deployment_schedule(known.id, found.id, schedule=schedule.schedule)


if __name__ == "__main__":
    print("\n".join(deploy()))
