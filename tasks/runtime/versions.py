"""Which units are done in the version that is wanted now.

A unit is *current* when its ledger row says `ok`, its code and configuration are those of now, everything it read is
current, and the columns it read have the content they had then. One that is `ok` in another version is *stale*.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from data_catalog import Catalog, Unit, UnitRecord
from data_catalog.keys import digest_strings
from data_catalog.ledger import Ledger
from tasks.runtime.plan_source import PlanSource, Standing
from tasks.runtime.reading import all_groups
from tasks.runtime.registry import create_stage
from tasks.runtime.stage import Stage


class _Read(NamedTuple):
    """What a unit reads: kept, so that its id stays its own; why it is not current, or its hash."""

    upstream: Mapping[str, list[str]]
    why: str
    input_hash: str


class Versions:
    """How units stand in the catalog under some configuration. Looks once: make a new one to look again.

    Args:
        configs: by stage, its configuration (`Settings.stage_configs`).
    """

    def __init__(self, catalog: Catalog, configs: Mapping[str, dict[str, Any]]) -> None:
        self._catalog, self._configs = catalog, configs
        self._stages: dict[str, Stage] = {}
        self._standing: dict[str, dict[str, Standing]] = defaultdict(dict)
        self._ledger: Ledger | None = None
        self._read: dict[tuple[str, int], _Read] = {}
        self._read_groups: dict[tuple[str, str], list[str]] = {}

    def preload(self, owners: Iterable[str] | None = None) -> "Versions":
        """Read the ledger now: for a look at many units.

        Args:
            owners: nothing else will be asked for than units of these and what they read: see `Catalog.ledger`. None:
                all of it is read.
        """
        self._ledger = self._catalog.ledger(owners)
        return self

    def records(self, stage: str, units: Iterable[str]) -> dict[str, UnitRecord]:
        """The ledger's rows of units of a stage."""
        if self._ledger is None:
            return self._catalog.records(stage, units)
        found = {unit: self._ledger.record(stage, unit) for unit in units}
        return {unit: record for unit, record in found.items() if record}

    @property
    def ledger(self) -> Ledger:
        """After `preload`."""
        assert self._ledger is not None
        return self._ledger

    def stage(self, name: str) -> Stage:
        if name not in self._stages:
            self._stages[name] = create_stage(name, self._configs[name])
        return self._stages[name]

    def standing(self, stage: str, unit: str) -> Standing:
        """The standing of one unit. Quick after `preload`, else a read for each."""
        found = self._standing[stage].get(unit)
        if found is None:
            if self._ledger is None:
                return self.look(stage, [unit])[unit]
            found = self._standing[stage][unit] = self._judge(stage, self._ledger.record(stage, unit))
        return found

    def look(self, stage: str, units: Iterable[str]) -> dict[str, Standing]:
        """The standing of units of a stage."""
        wanted = sorted(set(units))
        known = self._standing[stage]
        new = [unit for unit in wanted if unit not in known]
        if new and self._ledger is None:  # what they were made of is read in one go, not one by one
            records = self._catalog.records(stage, new)
            upstream: dict[str, set[str]] = {}
            for record in records.values():
                for name, keys in record.upstream.items():
                    upstream.setdefault(name, set()).update(keys)
            for name, found in upstream.items():
                self.look(name, found)
            for unit in new:
                known[unit] = self._judge(stage, records.get(unit))
        return {unit: self.standing(stage, unit) for unit in wanted}

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
        # What a tag holds is shown as it was made, by whatever settings, if only the code still knows such rows.
        if record.config_hash != stage.config_hash and not self._catalog.holds(name):
            return f"{stage.configured_by} of {name}"
        read = self._reading(name, record.upstream)
        if read.why or record.input_hash != read.input_hash:
            return read.why or f"input: what {name} reads changed"
        return ""

    def _reading(self, name: str, upstream: Mapping[str, list[str]]) -> _Read:
        """What a unit reads as it stands now; worked out once for those that share one `upstream`."""
        found = self._read.get((name, id(upstream)))
        if found is None:
            why = self._not_current(upstream)
            found = _Read(upstream, why, "" if why else self.input_hash(name, upstream))
            self._read[name, id(upstream)] = found
        return found

    def _not_current(self, upstream: Mapping[str, list[str]]) -> str:
        """Why what was read is not current; "" when all is."""
        for stage, keys in upstream.items():
            known = self._standing[stage]
            for unit in keys:
                standing = known.get(unit) or self.standing(stage, unit)
                if standing.state != "current":
                    return standing.why if standing.state == "stale" else f"input: {stage} is {standing.state}"
        return ""

    def input_hash(self, name: str, upstream: Mapping[str, Iterable[str]]) -> str:
        """The hash of the columns that a stage declares to read, of units that are current."""
        fields_of = self._ledger.fields if self._ledger is not None else self._fields
        return _input_hash({stage: self._groups(name, stage) for stage in upstream}, upstream, fields_of)

    def version(self, name: str, upstream: Mapping[str, Iterable[str]]) -> tuple[str, str, str]:
        """The wanted version of a unit that reads these, which are current."""
        stage = self.stage(name)
        return self.input_hash(name, upstream), stage.code_version, stage.config_hash

    def _groups(self, reader: str, stage: str) -> list[str]:
        if (reader, stage) not in self._read_groups:
            self._read_groups[reader, stage] = sorted(self.stage(reader).reads[stage])
        return self._read_groups[reader, stage]

    def _fields(self, stage: str, unit: str) -> dict[str, str]:
        record = self.standing(stage, unit).record
        assert record is not None
        return record.fields


def reads_as_planned(catalog: Catalog, stage: Stage, unit: Unit) -> bool:
    """Whether what a unit reads still is what it was planned with. Asked when it is read, it tells that no other run
    has begun to do it over meanwhile: that takes the `ok` away before it replaces the first row (`Catalog.begin`)."""
    if not unit.upstream:
        return True
    records = catalog.records_of(unit.upstream)
    if not all(key in records[name] and records[name][key].ok for name, keys in unit.upstream.items() for key in keys):
        return False
    groups = {name: sorted(stage.reads[name]) for name in unit.upstream}
    return unit.input_hash == _input_hash(groups, unit.upstream, lambda name, key: records[name][key].fields)


def _input_hash(
    groups: Mapping[str, list[str]],
    upstream: Mapping[str, Iterable[str]],
    fields_of: Callable[[str, str], Mapping[str, str]],
) -> str:
    read = []
    for stage in sorted(upstream):
        for unit in sorted(set(upstream[stage])):
            fields = fields_of(stage, unit)
            for group in groups[stage]:
                read.append([stage, unit, group, fields[group]])
    return digest_strings(read)


def plan_units(catalog: Catalog, stage: str, versions: Versions, scope: Mapping[str, Any]) -> list[Unit]:
    """The units that a stage wants for a scope, with the hashes of what they read.

    Raises:
        UpstreamNotReady: what they read is not there in the wanted version.
    """
    planner = versions.stage(stage)
    groups = all_groups(planner.reads, planner.plan_reads)
    units = planner.plan(PlanSource(catalog, stage, groups, versions.look), **scope)
    return [replace(unit, input_hash=versions.input_hash(stage, unit.upstream)) for unit in units]
