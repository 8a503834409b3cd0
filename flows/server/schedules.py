"""Schedules and parameters of deployments: what prefect.yaml says, but for what was changed in the UI since. What was
applied last is kept in a variable of Prefect's, so that a change of prefect.yaml is told from one of the UI's."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.responses import DeploymentResponse

_VARIABLE = "tango_applied"
_SCHEDULES, _PARAMETERS = "schedules", "parameters"


def merged(now: Mapping[str, Any], before: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What a dictionary is to be: as it is now, but for the entries that are wanted otherwise than before.

    Args:
        before: what was wanted then; None: it is not known, and what is there now stays.
    """
    if before is None:
        return {**wanted, **now}
    changed = {key for key in {*before, *wanted} if before.get(key) != wanted.get(key)}
    kept = {key: value for key, value in now.items() if key not in changed}
    return kept | {key: value for key, value in wanted.items() if key in changed}


class Applied:
    """What was applied last, by deployment.

    Args:
        pool: of the deployments.
    """

    def __init__(self, client: "SyncPrefectClient", pool: str) -> None:
        self._client = client
        self._name = f"{_VARIABLE}_{re.sub('[^a-z0-9]', '_', pool.lower())}"
        found = client.read_variable_by_name(self._name)
        self._known = found is not None
        self._before: dict[str, Any] = found.value if found is not None and isinstance(found.value, dict) else {}
        self._now: dict[str, Any] = {}

    def note(self, deployment: str, entry: Mapping[str, Any]) -> None:
        """Have a deployment's entry of prefect.yaml kept."""
        schedules = {given["slug"]: _kept(given) for given in entry.get("schedules") or []}
        given = {_SCHEDULES: schedules, _PARAMETERS: entry.get("parameters") or {}}
        self._now[deployment] = {name: value for name, value in given.items() if value}

    def keep(self) -> None:
        """Write down what was noted, when all of it is applied."""
        from prefect.client.schemas.actions import VariableCreate, VariableUpdate

        if not self._known:
            self._client.create_variable(VariableCreate(name=self._name, value=self._now))
        elif self._now != self._before:
            self._client.update_variable(VariableUpdate(name=self._name, value=self._now))

    def parameters(self, known: "DeploymentResponse", deployment: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Those that a deployment is to have by default."""
        return merged(known.parameters or {}, self._of(deployment, _PARAMETERS), entry.get("parameters") or {})

    def bring_up_to_date(self, known: "DeploymentResponse", deployment: str, entry: Mapping[str, Any]) -> None:
        """Create the schedules that are not there and were not taken away, change those of which prefect.yaml says
        another time or other parameters than before, and delete those that it no longer names."""
        before = self._of(deployment, _SCHEDULES)
        wanted = {given["slug"]: given for given in entry.get("schedules") or []}
        found = {schedule.slug: schedule for schedule in known.schedules if schedule.slug}
        for slug in (before or {}).keys() - wanted.keys() & found.keys():
            self._client.delete_deployment_schedule(known.id, found[slug].id)
        for slug, given in wanted.items():
            last = (before or {}).get(slug)
            if slug not in found:
                if last != _kept(given):
                    self._client.create_deployment_schedules(known.id, [schedule_of(given)])
                continue
            changed = last is not None and _time(last) != _time(given)
            time = schedule_of(given).schedule if changed else found[slug].schedule
            last_parameters = None if last is None else last.get(_PARAMETERS) or {}
            parameters = merged(found[slug].parameters, last_parameters, given.get("parameters") or {})
            if found[slug].schedule != time or found[slug].parameters != parameters:
                # Parameters that are left out Prefect 3.8 empties.
                self._client.update_deployment_schedule(known.id, found[slug].id, schedule=time, parameters=parameters)

    def _of(self, deployment: str, what: str) -> dict[str, Any] | None:
        """None where it is not known: of a release that kept nothing, or of somebody who deleted the variable."""
        return self._before[deployment].get(what, {}) if deployment in self._before else None


def schedule_of(given: Mapping[str, Any]) -> "DeploymentScheduleCreate":
    """Of an entry of prefect.yaml."""
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    cron, timezone = _time(given)
    return DeploymentScheduleCreate(
        slug=given["slug"],
        schedule=CronSchedule(cron=cron, timezone=timezone),
        active=given.get("active", True),
        parameters=given.get("parameters") or {},
    )


def _time(given: Mapping[str, Any]) -> tuple[str, str]:
    return given["cron"], given.get("timezone", "UTC")


def _kept(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared of a schedule: not whether it is active, which prefect.yaml says of new ones alone."""
    cron, timezone = _time(given)
    return {"cron": cron, "timezone": timezone, _PARAMETERS: given.get("parameters") or {}}
