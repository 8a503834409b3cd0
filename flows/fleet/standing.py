"""How the units of avatars stand, exactly as they would be planned, from one look at the catalog."""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from data_catalog import Catalog, UnitRecord
from data_catalog.keys import equals, video_of
from data_catalog.leases import held, lease_of
from data_catalog.refusals import UNREAD
from tasks.runtime.registry import PER_AVATAR, PER_TRACK
from tasks.runtime.versions import Versions
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.motion_graph import pair_keys
from tasks.views.track_units import track_units

UnitState = Literal["ok", "failed", "stale", "pending", "waiting", "running"]
"""ok: in the version that is wanted. running: a run is at it. stale: done in another version, or what it reads is.
pending: to be done, and can be. waiting: what it reads is not there."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector, which would go through all the records of a ledger time and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class UnitStanding(NamedTuple):
    """How a unit stands, and why; of several that wait, one without a key.

    Attributes:
        subject: what a person calls it.
        record: its row of the ledger, where there is one.
    """

    stage: str
    unit: str
    subject: str
    state: UnitState
    why: str = ""
    record: UnitRecord | None = None


class FleetSnapshot:
    """The videos of avatars, and how what is made of them stands. Looks once: make a new one to look again.

    Args:
        configs: by stage, its configuration (`Settings.stage_configs`).
        avatar: only this one, and the files that could not be read.

    Attributes:
        videos: by avatar and video id, the rows of `avatars`, each with its `track_id`.
        versions: with the ledger read; catalog: that was looked at.
    """

    def __init__(self, catalog: Catalog, configs: Mapping[str, dict[str, Any]], avatar: str | None = None) -> None:
        owners = where = None
        if avatar is None:
            self.videos = catalog.all_videos()
        else:
            found = catalog.avatar_videos(avatar)
            self.videos = {avatar: found} if found else {}
            owners = {UNREAD, *found, *(row["track_id"] for row in found.values())}
            where = equals(video_id=list(found))
        self.catalog = catalog
        self.versions = Versions(catalog, configs).preload(owners)
        frames = catalog.table("videos").read(["video_id", "n_frames"], where)
        self._frames = dict(zip(frames["video_id"].to_pylist(), frames["n_frames"].to_pylist(), strict=True))
        self._held = held(catalog)
        self._model = lru_cache(lambda: model_id(EmbeddingModelConfig(**configs["embed_clips"])))

    def units_of(self, avatar: str) -> Iterator[UnitStanding]:
        """All units that an avatar should have, stage by stage for one video after the other."""
        rows = self.videos.get(avatar, {})
        for row in rows.values():
            yield from self.track(row)
        yield from self.pairs([row["track_id"] for row in rows.values()], avatar)

    def undone(self, row: Mapping[str, Any]) -> list[UnitStanding]:
        """Of a track, the units of its first stage with any that is not there in the wanted version which are not; none
        when all is done. What `track` says, and quicker.

        Args:
            row: of `videos`.
        """
        n_frames = self._frames.get(video_of(row["track_id"]))
        if n_frames is not None:
            for stage, (units, reads) in track_units(row["track_id"], n_frames, self._model()).items():
                # What they read was just seen to be done.
                if not self.versions.ledger.are_ok(stage, units, self.versions.version(stage, reads)):
                    seen = self._units(stage, units, reads, row["file_name"], ready=True)
                    return [unit for unit in seen if unit.state != "ok"]
            return []
        found: list[UnitStanding] = []
        for unit in self.track(row):
            if found and unit.stage != found[0].stage:
                break
            found += [unit] if unit.state != "ok" else []
        return found

    def track(self, row: Mapping[str, Any]) -> Iterator[UnitStanding]:
        """The units of a track, in the order of the stages.

        Args:
            row: of `videos`.
        """
        track, name = row["track_id"], row["file_name"]
        video = video_of(track)
        extracted = self.versions.standing("extract_frames", video).state == "current"
        if extracted and video not in self._frames:
            for stage in PER_TRACK:
                yield UnitStanding(stage, "", name, "waiting", f"its row of `videos` is gone; {_OVER}")
            return
        n_frames = self._frames[video] if extracted else 0  # without its frames nothing that asks for them is ready
        ready = True
        for stage, (units, reads) in track_units(track, n_frames, self._model()).items():
            for standing in self._units(stage, units, reads, name, ready=ready):  # what they read was just seen
                ready = ready and standing.state == "ok"
                yield standing

    def pairs(self, tracks: Sequence[str], subject: str) -> Iterator[UnitStanding]:
        """The units that compare tracks, of those whose clips are there.

        Args:
            subject: what a person calls them together.
        """
        (stage,) = PER_AVATAR
        ready = [t for t in tracks if self.versions.standing("create_clips", t).state in ("current", "stale")]
        for pair in pair_keys(ready):
            yield from self._units(stage, [pair], _read_by_pair(pair), subject, ready=False)

    def undone_pairs(self, tracks: Sequence[str], subject: str) -> Iterator[UnitStanding]:
        """Those that are not there, of tracks whose clips are done."""
        (stage,) = PER_AVATAR
        for pair in pair_keys(list(tracks)):
            reads = _read_by_pair(pair)
            if not self.versions.ledger.are_ok(stage, [pair], self.versions.version(stage, reads)):
                yield from self._units(stage, [pair], reads, subject, ready=True)

    def _units(
        self, stage: str, units: Iterable[str], reads: Mapping[str, list[str]], subject: str, *, ready: bool
    ) -> Iterator[UnitStanding]:
        for upstream, keys in reads.items() if not ready else ():
            for key in keys:
                standing = self.versions.standing(upstream, key)
                if standing.state == "stale":
                    yield UnitStanding(stage, "", subject, "stale", standing.why)
                    return
                if standing.state != "current":
                    yield UnitStanding(stage, "", subject, "waiting", f"waits for {upstream}")
                    return
        for unit in units:
            yield self._unit(stage, unit, reads, subject)

    def _unit(self, stage: str, unit: str, reads: Mapping[str, list[str]], subject: str) -> UnitStanding:
        standing = self.versions.standing(stage, unit)
        record = standing.record
        if record is None:
            state: UnitState = "pending"
            why = "was not done yet"
        elif (standing.state == "current" and record.upstream == reads) or record.version == self.versions.version(
            stage, reads
        ):
            if record.ok:
                return UnitStanding(stage, unit, record.subject, "ok", "", record)
            state, why = "failed", standing.why
        elif record.ok:
            state, why = "stale", standing.why or f"input: what {stage} reads changed"
        else:
            state, why = "pending", "failed in another version, and is tried again"
        if self._held and lease_of(stage, unit) in self._held:
            state, why = "running", "a run is at it"
        return UnitStanding(stage, unit, record.subject if record else subject, state, why, record)


def _read_by_pair(pair: str) -> dict[str, list[str]]:
    return {"create_clips": sorted(set(pair.split(":")))}


_OVER = "`tango rerun` with --stage extract_frames --force makes it again"
