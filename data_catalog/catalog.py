"""The catalog as the rest of the project sees it: tables by name, units, and what is pending."""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_catalog.doing_over import without_done_over
from data_catalog.keys import check_avatar_name, equals, literal, track_id
from data_catalog.ledger import COLUMNS, Ledger, Unit, UnitRecord, undone
from data_catalog.tables.schemas import HELD_STAGES, LEDGER, TABLES, tables_of
from data_catalog.tables.store import Table
from data_catalog.uris.catalog_uri import catalog_uri
from data_catalog.uris.reachable import check_folder, check_store, check_store_takes


class Catalog:
    """The Lance tables under one URI: a folder, or `s3://…` with `storage_options`. Cheap to make; holds no state.
    Raises `UnusableStore` where that is neither, see `catalog_uri`.

    Args:
        tag: have the avatars and what the onboarding made of them as they were at that tag (see `tags`): these are
            read only. All else is as it is now.
    """

    def __init__(
        self, uri: str | os.PathLike, storage_options: dict[str, str] | None = None, tag: str | None = None
    ) -> None:
        self.tag = tag
        self.uri = catalog_uri(os.fspath(uri))
        self.storage_options = storage_options

    def check(self) -> None:
        """Refuse a place where no rows can be written, before there are any.

        Raises:
            UnusableStore: an object store that does not answer, has no such bucket, or lets nobody in or write; a
                folder that cannot be written to, or whose file system has no hard links or renames.
        """
        if "://" in self.uri:
            check_store(self.uri, self.storage_options)
            check_store_takes(self.uri, self.storage_options)
        else:
            check_folder(Path(self.uri))

    def table(self, name: str) -> Table:
        tag = self.tag if name == "avatars" or TABLES[name].stage in HELD_STAGES else None
        return Table(self.uri, TABLES[name], self.storage_options, tag)

    def holds(self, stage: str) -> bool:
        """Whether what a stage made is read as it was at the tag."""
        return self.tag is not None and stage in HELD_STAGES

    def exists(self) -> bool:
        """Whether anything was ever onboarded here."""
        return self.table("avatars").exists() or self.table(LEDGER).exists()

    # -- avatars ------------------------------------------------------------------------------------------------

    def add_videos(
        self, avatar: str, rows: Mapping[str, Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Say that videos show an avatar, and where they lie now. One already there keeps its motion file, its consent
        and its scene unless a new one is given.

        Args:
            rows: by video id, columns of `avatars`.
            known: the avatar's rows by video id, as `avatar_videos` gives them.
        """
        avatar, changed = check_avatar_name(avatar), []
        columns = [name for name in TABLES["avatars"].schema.names if name not in ("avatar", "video_id", "added_at")]
        for video_id, given in rows.items():
            row = {"avatar": avatar, "video_id": video_id, "added_at": datetime.now(UTC)}
            row |= {name: given.get(name) for name in columns}
            before = known.get(video_id)
            if before:
                if row["motion_hash"] in ("", before["motion_hash"]):
                    row |= {name: before[name] for name in ("motion_uri", "motion_hash", "added_at")}
                row |= {name: row[name] or before[name] for name in ("consent", "scene")}
                if all(before[name] == row[name] for name in columns):
                    continue
            changed.append(row)
        self.table("avatars").upsert(changed)

    def avatar_videos(self, avatar: str) -> dict[str, dict]:
        """The avatar's rows by video id, in the order of the ids; each with its `track_id`."""
        rows = self.table("avatars").read(where=equals(avatar=check_avatar_name(avatar))).to_pylist()
        return {row["video_id"]: row | {"track_id": track_id(row["video_id"], row["motion_hash"])} for row in rows}

    def all_videos(self) -> dict[str, dict[str, dict]]:
        """`avatar_videos` of every avatar, by name: one read."""
        found: dict[str, dict[str, dict]] = {}
        for row in self.table("avatars").read().to_pylist():
            row["track_id"] = track_id(row["video_id"], row["motion_hash"])
            found.setdefault(row["avatar"], {})[row["video_id"]] = row
        return found

    def avatar_tracks(self, avatar: str) -> list[str]:
        """The avatar's videos, each with its motion."""
        return sorted(row["track_id"] for row in self.avatar_videos(avatar).values())

    def avatars(self) -> list[str]:
        return sorted(set(self.table("avatars").read(columns=["avatar"])["avatar"].to_pylist()))

    # -- units --------------------------------------------------------------------------------------------------

    def records(self, stage: str, units: Iterable[str] | None = None) -> dict[str, UnitRecord]:
        """The ledger rows of a stage, by unit key."""
        conditions = {"stage": stage} if units is None else {"stage": stage, "unit": sorted(set(units))}
        ledger = Table(self.uri, TABLES[LEDGER], self.storage_options, self.tag if self.holds(stage) else None)
        rows = without_done_over(self.uri, ledger.read(where=equals(**conditions))).to_pylist()
        return {row["unit"]: UnitRecord.from_row(row) for row in rows}

    def records_of(self, units: Mapping[str, Iterable[str]]) -> dict[str, dict[str, UnitRecord]]:
        """`records` of several stages, of each the units that are asked for, in one read."""
        held = [stage for stage in units if self.holds(stage)]
        found = {stage: self.records(stage, units[stage]) for stage in held}
        if now := {stage: sorted(set(keys)) for stage, keys in units.items() if stage not in held}:
            where = " OR ".join(f"({equals(stage=stage, unit=keys)})" for stage, keys in now.items())
            found |= {stage: {} for stage in now}
            for row in without_done_over(self.uri, self.table(LEDGER).read(where=where)).to_pylist():
                found[row["stage"]][row["unit"]] = UnitRecord.from_row(row)
        return found

    def ledger(self, owners: Iterable[str] | None = None) -> Ledger:
        """The rows of the ledger, in one read.

        Args:
            owners: only the units whose key is one of these, or begins with one and a colon; None: all.
        """
        where = None
        if owners is not None:
            keys = ", ".join(map(literal, sorted(set(owners))))
            where = f"split_part(unit, ':', 1) IN ({keys})" if keys else "false"
        return Ledger(without_done_over(self.uri, self.table("units").read(COLUMNS, where, ordered=False)))

    def record(self, stage: str, unit: str) -> UnitRecord | None:
        return self.records(stage, [unit]).get(unit)

    def pending(self, units: list[Unit]) -> list[Unit]:
        """The anti-join: the units, of one stage, that are not `ok` in the wanted version."""
        return undone(units, self.records(units[0].stage, [unit.key for unit in units])) if units else []

    def begin(self, unit: Unit) -> None:
        """Before the first row of a unit is written: the ledger no longer says `ok` of rows that are about to be
        replaced. Whoever stops in the midst of it, by a kill even, leaves a unit that is done in no version."""
        self.table("units").delete(equals(stage=unit.stage, unit=unit.key, status="ok"))

    def finish(
        self, unit: Unit, *, n_rows: int, run_id: str, seconds: float, fields: dict[str, str] | None = None
    ) -> None:
        """The unit's data rows are written: drop its rows of older versions, then say `ok`.

        Args:
            fields: content hash of each group of columns, for the stages that read only that group.
        """
        for table in tables_of(unit.stage):
            self.table(table).delete(equals(unit=unit.key).also(f"NOT ({_version(unit)})"))
        self._note(unit, "ok", None, n_rows=n_rows, run_id=run_id, seconds=seconds, fields=fields or {})

    def fail(
        self, unit: Unit, error: str, *, run_id: str, seconds: float = 0.0, fields: dict[str, str] | None = None
    ) -> None:
        """The unit failed: a row that a person can list, with the reason and how often it was tried."""
        self._note(unit, "failed", error, n_rows=0, run_id=run_id, seconds=seconds, fields=fields or {})

    def _note(self, unit: Unit, status: str, error: str | None, *, fields: dict, **columns) -> None:
        assert not self.holds(unit.stage), f"{unit.stage} is as it was at {self.tag}"
        same = equals(stage=unit.stage, unit=unit.key, status="failed").also(_version(unit))
        before = self.table("units").read(["attempts"], where=same)["attempts"].to_pylist()
        attempts = sum(before) + 1  # since it last went well
        row = {
            "stage": unit.stage,
            "unit": unit.key,
            "subject": unit.subject,
            "input_hash": unit.input_hash,
            "code_version": unit.code_version,
            "config_hash": unit.config_hash,
            "status": status,
            "error": error,
            "attempts": attempts,
            "fields": json.dumps(fields, sort_keys=True),
            "upstream": json.dumps(unit.upstream, sort_keys=True),
            "produced_at": datetime.now(UTC),
            **columns,
        }
        self.table("units").upsert([row])

    # -- upkeep -------------------------------------------------------------------------------------------------

    def compact(self, tables: Iterable[str] = TABLES) -> None:
        """Merge small fragments of tables and delete old versions; see `Table.compact`."""
        for name in tables:
            self.table(name).compact()

    def verify(self) -> dict[str, tuple[int, int]]:
        """Rows and different primary keys of every table; they must be equal."""
        return {name: (self.table(name).count(), self.table(name).unique_keys()) for name in TABLES}


def _version(unit: Unit) -> str:
    """The filter for rows of a unit's version."""
    return equals(input_hash=unit.input_hash, code_version=unit.code_version, config_hash=unit.config_hash)
