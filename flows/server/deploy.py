"""Registers the deployments of prefect.yaml with the server at `PREFECT_API_URL`. `python -m flows.server.deploy`

prefect.yaml is the truth about a deployment. The schedules that were made in the UI stay, and so does what was changed
there of those that it names, until it says otherwise than before (see `schedules`). (`prefect deploy` and
`RunnerDeployment.apply` delete them all.) Of the work pool nothing is changed but what its jobs are made of.
The package is installed where the worker runs: a deployment names its flow by module, and nothing is copied.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from flows.configuration.setting_names import DEPLOYED_VARIABLE
from flows.server.schedules import Applied, schedule_of
from tango_models.errors import InputError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

PROJECT = Path(__file__).resolve().parents[2]
POOL = "tango"


def check_project() -> None:
    """
    Raises:
        InputError: there is no prefect.yaml beside the package.
    """
    if not (PROJECT / "prefect.yaml").is_file():
        raise InputError(str(PROJECT), "holds no prefect.yaml", "install the project from a checkout (pip install -e)")


def apply(api: str, *, pool: str, catalog: str, worker: str) -> None:
    """`deploy` for the worker of that name, which is about to start.

    Raises:
        InputError: the server lets nobody in, or another worker takes the runs of the pool for another catalog.
    """
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        deploy(pool, catalog, worker)
    except PrefectHTTPStatusError as error:
        if error.response.status_code in (401, 403):
            remedy = "set PREFECT_API_AUTH_STRING to its name:password, or PREFECT_API_KEY"
            raise InputError(api, "lets nobody in without a password, or not with this one", remedy) from None
        raise


def deploy(pool: str = POOL, catalog: str | None = None, worker: str | None = None) -> list[str]:
    """Create or update every deployment, and the work pool.

    Args:
        pool: the work pool. Where it is another than that of prefect.yaml, its name is part of those of the
            deployments, so that each pool of a server has its own.
        catalog: that runs are for: they end at once on a worker of another one.
        worker: by name, whose pool it is as well.

    Returns:
        their names, each as `flow/deployment`.

    Raises:
        InputError: another worker takes the runs of the pool, for another catalog.
    """
    from prefect.client.orchestration import get_client

    entries = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]
    with get_client(sync_client=True) as client:
        _have_pool(client, pool)
        others = _others_at_work(client, pool, worker) if catalog else []
        applied = Applied(client, pool)
        names = [_apply(client, entry, pool, catalog, others, applied) for entry in entries]
        applied.keep()
    return names


def _have_pool(client: "SyncPrefectClient", pool: str) -> None:
    """Whether it is paused, and how many runs it lets run at a time, is left to whoever set it."""
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    try:
        client.create_work_pool(WorkPoolCreate(name=pool, type="process", base_job_template=template))
    except ObjectAlreadyExists:
        client.update_work_pool(pool, WorkPoolUpdate(base_job_template=template))


def _others_at_work(client: "SyncPrefectClient", pool: str, worker: str | None) -> list[str]:
    """The names of other workers that take runs of a pool now."""
    found = client.read_workers_for_work_pool(pool, offset=0, limit=200)  # Prefect 3.8 refuses its own defaults
    return sorted(other.name for other in found if other.name != worker and other.status == "ONLINE")


def _apply(
    client: "SyncPrefectClient", entry: dict[str, Any], pool: str, catalog: str | None, others: list[str],
    applied: Applied,
) -> str:  # fmt: skip
    from prefect.client.schemas.actions import DeploymentUpdate
    from prefect.client.schemas.objects import ConcurrencyOptions
    from prefect.exceptions import ObjectNotFound
    from prefect.utilities.callables import parameter_schema

    module, _, function = entry["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), function)
    given = entry["work_pool"]
    job = dict(given.get("job_variables") or {})
    if catalog:
        job["env"] = {**job.get("env", {}), DEPLOYED_VARIABLE: catalog}
    name = entry["name"] if pool == given["name"] else f"{entry['name']}-{pool}"
    fields = {
        "entrypoint": entry["entrypoint"],
        "description": entry.get("description"),
        "tags": entry.get("tags") or [],
        "work_pool_name": pool,
        "job_variables": job,
        "parameter_openapi_schema": parameter_schema(flow).model_dump_for_openapi(),
        "enforce_parameter_schema": True,
        "pull_steps": entry.get("pull") or [],
    }
    limit = entry.get("concurrency_limit") or {}
    options = ConcurrencyOptions(collision_strategy=limit["collision_strategy"]) if limit else None
    full_name = f"{flow.name}/{name}"
    applied.note(full_name, entry)
    try:
        known = client.read_deployment_by_name(full_name)
    except ObjectNotFound:
        client.create_deployment(
            flow_id=client.create_flow_from_name(flow.name),
            name=name,
            parameters=entry.get("parameters") or {},
            schedules=[schedule_of(given) for given in entry.get("schedules") or []],
            concurrency_limit=limit.get("limit"),
            concurrency_options=options,
            **fields,
        )
        return full_name
    if catalog and others and _catalog_of(known) not in (None, catalog):
        fault = f"works for the catalog {_catalog_of(known)}, and so do its deployments"
        remedy = "give this one a pool of its own with TANGO_POOL, or end that worker"
        raise InputError(f"pool {pool}: {others[0]}", fault, remedy)
    named = fields["parameter_openapi_schema"].get("properties", {})  # a release may have dropped one
    parameters = {n: value for n, value in applied.parameters(known, full_name, entry).items() if n in named}
    update = DeploymentUpdate(
        parameters=parameters,
        concurrency_limit=limit.get("limit"),
        concurrency_options=options,
        **fields,
    )
    client.update_deployment(known.id, update)
    applied.bring_up_to_date(known, full_name, entry)
    return full_name


def _catalog_of(known: "DeploymentResponse") -> str | None:
    """That a deployment is for; None where it does not say."""
    return ((known.job_variables or {}).get("env") or {}).get(DEPLOYED_VARIABLE)


if __name__ == "__main__":
    print("\n".join(deploy()))
