"""How units stand, told from one look at the catalog, is how they would be planned one by one."""

import json
import random
from collections import Counter
from typing import Any

import pytest

from data_catalog import Catalog, Unit, track_id
from data_catalog.tables.schemas import groups_of
from flows.configuration.settings import Settings
from flows.fleet.standing import FleetSnapshot
from flows.fleet.summary import State, pending_units, summarise
from flows.tracks import scope
from tasks.runtime.plan_source import UpstreamNotReady
from tasks.runtime.registry import ONBOARDING, PER_TRACK
from tasks.runtime.versions import Versions, plan_units
from tasks.views.embedding_model import EmbeddingModelConfig, model_id
from tasks.views.motion_graph import pair_keys
from tasks.views.track_units import track_units
from tests.stages import add_video

MODEL = model_id(EmbeddingModelConfig())
CONFIGS = Settings().stage_configs()


def _random_catalog(place: str, seed: int) -> Catalog:
    """Avatars that share videos, some with imported motion, of which every unit is done, missing, failed, of an older
    version or made of something else, as chance has it."""
    dice, catalog = random.Random(seed), Catalog(place)
    lengths = {f"{seed * 100 + k:032x}": dice.choice([8, 60, 119, 240, 241, 700]) for k in range(6)}
    tracks = set()
    for avatar in ("ann", "bea", "cal"):
        for video in dice.sample(sorted(lengths), dice.randint(1, 3)):
            motion = dice.choice(["", "", "m" * 32])
            add_video(catalog, avatar, video, uri=f"/data/{video}.mp4", motion_uri="/m.npz", motion_hash=motion)
            tracks.add(track_id(video, motion))
    rows = [{"video_id": video, "unit": video, "n_frames": n, "file_name": "x"} for video, n in lengths.items()]
    catalog.table("videos").upsert(rows)
    done_share = dice.choice([0.6, 0.9, 0.98])
    for stage in ONBOARDING:
        versions = Versions(catalog, CONFIGS).preload()
        wanted = {}
        if stage in PER_TRACK:
            for track in tracks:
                units, reads = track_units(track, lengths[track[:32]], MODEL)[stage]
                wanted |= dict.fromkeys(units, reads)
        else:
            wanted = {key: {"create_clips": sorted(set(key.split(":")))} for key in pair_keys(sorted(tracks))}
        rows = [_ledger_row(dice, versions, stage, key, reads, done_share) for key, reads in wanted.items()]
        catalog.table("units").upsert([row for row in rows if row])
    return catalog


def _ledger_row(dice, versions: Versions, stage: str, key: str, reads: dict, done_share: float) -> dict[str, Any]:
    fate = "ok" if dice.random() < done_share else dice.choice(["none", "failed", "failed before", "older", "other"])
    if fate == "none":
        return {}
    if fate == "other" and reads:
        reads = {name: units[:-1] for name, units in reads.items()}
    standings = [versions.standing(name, unit) for name, units in reads.items() for unit in units]
    current = all(standing.state == "current" for standing in standings)
    unit = versions.stage(stage).unit(key, subject=f"{key[:32]}.mp4", of=reads)
    return {
        **{name: getattr(unit, name) for name in ("stage", "subject", "config_hash")}, "unit": key,
        "input_hash": versions.input_hash(stage, unit.upstream) if current else "what there was then",
        "code_version": "0" if fate in ("older", "failed before") else unit.code_version,
        "status": "failed" if "failed" in fate else "ok", "error": "is bad; mend it" if "failed" in fate else None,
        "attempts": 1, "n_rows": 7, "seconds": 0.0, "run_id": "r", "upstream": json.dumps(unit.upstream),
        "fields": json.dumps({name: f"{name} of {key}" for name in groups_of(stage)}),
    }  # fmt: skip


def _planned(catalog: Catalog, stage: str, versions: Versions, wanted: dict) -> Counter:
    """How the units of a stage stand, by planning them."""
    try:
        units = plan_units(catalog, stage, versions, wanted)
    except UpstreamNotReady as error:
        return Counter([(stage, "", "stale" if error.stale else "waiting")])
    records = catalog.records(stage, [unit.key for unit in units])
    return Counter((stage, unit.key, _state(unit, records.get(unit.key))) for unit in units)


def _state(unit: Unit, record) -> str:
    if record is not None and record.version == unit.version:
        return "ok" if record.ok else "failed"
    return "stale" if record is not None and record.ok else "pending"


@pytest.mark.integration
@pytest.mark.parametrize("seed", range(4))
def test_it_is_how_they_would_be_planned(tmp_path, seed):
    catalog = _random_catalog(str(tmp_path / "catalog"), seed)
    settings = Settings(catalog=catalog.uri)
    everyone, versions = FleetSnapshot(catalog, CONFIGS), Versions(catalog, CONFIGS)
    summaries = {summary.avatar: summary for summary in summarise(settings)}
    listed = Counter((unit.avatar, unit.stage, unit.unit, unit.state) for unit in pending_units(settings))
    for avatar, videos in catalog.all_videos().items():
        alone = FleetSnapshot(catalog, CONFIGS, avatar)
        assert list(alone.units_of(avatar)) == list(everyone.units_of(avatar))
        exact = Counter()
        complete = 0
        for row in videos.values():
            found = Counter()
            for stage in PER_TRACK:
                found += _planned(catalog, stage, versions, scope(row))
            assert Counter((unit.stage, unit.unit, unit.state) for unit in everyone.track(row)) == found
            done = all(state == "ok" for _, _, state in found)
            undone = [unit for unit in everyone.track(row) if unit.state != "ok"]
            assert everyone.undone(row) == [unit for unit in undone if unit.stage == undone[0].stage]
            assert (not undone) == done
            complete += done
            exact += found
        ready = [
            r["track_id"]
            for r in videos.values()
            if versions.standing("create_clips", r["track_id"]).state == "current"
        ]
        compared = _planned(catalog, "score_edges", versions, {"tracks": ready})
        assert Counter((unit.stage, unit.unit, unit.state) for unit in everyone.pairs(ready, "")) == compared
        states = {state for _, _, state in [*exact, *compared]}
        summary = summaries[avatar]
        assert (summary.videos, summary.done) == (len(videos), complete)
        assert (summary.state is State.complete) == (states <= {"ok"})
        assert (summary.state is State.failed) >= (complete == len(videos) and "failed" in states)
        assert len(summary.reasons) == summary.failed + summary.stale + summary.pending
        undone = Counter({(avatar, *unit): count for unit, count in exact.items() if unit[2] != "ok"})
        assert undone == Counter({unit: n for unit, n in listed.items() if unit[0] == avatar and unit[1] in PER_TRACK})


def test_the_units_of_a_track_are_those_that_the_stages_plan(tmp_path):
    catalog = _random_catalog(str(tmp_path / "catalog"), 11)
    lengths = {row["video_id"]: row["n_frames"] for row in catalog.table("videos").read().to_pylist()}
    versions = Versions(catalog, CONFIGS)
    seen = Counter()
    for row in (row for videos in catalog.all_videos().values() for row in videos.values()):
        for stage, (units, reads) in track_units(row["track_id"], lengths[row["video_id"]], MODEL).items():
            try:
                planned = plan_units(catalog, stage, versions, scope(row))
            except UpstreamNotReady:
                continue
            seen[stage] += 1
            assert [unit.key for unit in planned] == units
            assert all(unit.upstream == reads for unit in planned)
    assert set(seen) >= {"extract_frames", "detect_landmarks", "fit_smplx"}
