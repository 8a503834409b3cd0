"""Which units are done in the version that is wanted now.

A unit is *current* when its ledger row says `ok`, its code and configuration are those of now, everything it read is
current, and the columns it read have the content they had then. One that is `ok` in another version is *stale*.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from data_catalog import Catalog, Unit, UnitRecord, digest
from tasks.runtime.plan_source import PlanSource, Standing
from tasks.runtime.reading import all_groups
from tasks.runtime.registry import create_stage
from tasks.runtime.stage import Stage


class Versions:
    """How units stand in the catalog under some configuration. Looks once: make a new one to look again.

    Args:
        configs: by stage, its configuration (`Settings.stage_configs`).
    """

    def __init__(self, catalog: Catalog, configs: Mapping[str, dict[str, Any]]) -> None:
        self._catalog, self._configs = catalog, configs
        self._stages: dict[str, Stage] = {}
        self._standing: dict[tuple[str, str], Standing] = {}
        self._ledger: dict[str, dict[str, UnitRecord]] | None = None
        self._owned: dict[tuple[str, str], list[str]] = {}

    def preload(self) -> "Versions":
        """Read the whole ledger now: for a look at many avatars."""
        self._ledger = self._catalog.ledger()
        for stage, records in self._ledger.items():
            for unit in records:
                self._owned.setdefault((stage, unit.partition(":")[0]), []).append(unit)
        return self

    def records(self, stage: str) -> Mapping[str, UnitRecord]:
        """A stage's rows of the ledger, by unit. After `preload`."""
        return (self._ledger or {}).get(stage, {})

    def made_of(self, stage: str, owner: str) -> dict[str, Standing]:
        """The standing of a stage's units in the ledger that belong to a video or track: those whose key is its id, or
        begins with that and a colon. After `preload`."""
        return self.look(stage, self._owned.get((stage, owner), ()))

    def stage(self, name: str) -> Stage:
        if name not in self._stages:
            self._stages[name] = create_stage(name, self._configs[name])
        return self._stages[name]

    def look(self, stage: str, units: Iterable[str]) -> dict[str, Standing]:
        """The standing of units of a stage."""
        wanted = sorted(set(units))
        new = [unit for unit in wanted if (stage, unit) not in self._standing]
        if new and self._ledger is not None:
            known = self._ledger.get(stage, {})
            for unit in new:
                self._standing[stage, unit] = self._judge(stage, known.get(unit))
        elif new:  # what they were made of is read in one go, not one by one
            records = self._catalog.records(stage, new)
            upstream: dict[str, set[str]] = {}
            for record in records.values():
                for name, keys in record.upstream.items():
                    upstream.setdefault(name, set()).update(keys)
            for name, found in upstream.items():
                self.look(name, found)
            for unit in new:
                self._standing[stage, unit] = self._judge(stage, records.get(unit))
        return {unit: self._standing[stage, unit] for unit in wanted}

    def _judge(self, name: str, record: UnitRecord | None) -> Standing:
        if record is None:
            return Standing("missing")
        if not record.ok:
            return Standing("failed", (record.error or "").partition("\n")[0], record)
        if why := self.difference(name, record):
            return Standing("stale", why, record)
        return Standing("current", record=record)

    def difference(self, name: str, record: UnitRecord) -> str:
        """What of an `ok` unit's version is not as it is wanted now; "" when it is current."""
        stage = self.stage(name)
        if record.code_version != stage.code_version:
            return f"code: {name} {record.code_version}, now {stage.code_version}"
        if record.config_hash != stage.config_hash:
            return f"{stage.configured_by} of {name}"
        for upstream, keys in record.upstream.items():
            for standing in self.look(upstream, keys).values():
                if standing.state != "current":
                    return standing.why if standing.state == "stale" else f"input: {upstream} is {standing.state}"
        if record.input_hash != self.input_hash(name, record.upstream):
            return f"input: what {name} reads changed"
        return ""

    def input_hash(self, name: str, upstream: Mapping[str, Iterable[str]]) -> str:
        """The hash of the columns that a stage declares to read, of units that are current."""
        read = []
        for stage in sorted(upstream):
            for unit, standing in self.look(stage, upstream[stage]).items():
                assert standing.record is not None
                for group in sorted(self.stage(name).reads[stage]):
                    read.append([stage, unit, group, standing.record.field_hash(group)])
        return digest(read)


def plan_units(catalog: Catalog, stage: str, versions: Versions, scope: Mapping[str, Any]) -> list[Unit]:
    """The units that a stage wants for a scope, with the hashes of what they read.

    Raises:
        UpstreamNotReady: what they read is not there in the wanted version.
    """
    planner = versions.stage(stage)
    groups = all_groups(planner.reads, planner.plan_reads)
    units = planner.plan(PlanSource(catalog, stage, groups, versions.look), **scope)
    return [replace(unit, input_hash=versions.input_hash(stage, unit.upstream)) for unit in units]
