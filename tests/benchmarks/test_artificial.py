"""Stages without models: what they leave in a catalog is what a run that did the work would have left."""

import pytest

from benchmarks.artificial import ArtificialWorker, make_dataset
from benchmarks.machine import busy_seconds
from data_catalog import Catalog, Unit
from data_catalog.tables.schemas import TABLES, groups_of, tables_of
from flows.configuration.settings import Settings
from tango_models.media.probe import content_id
from tasks.runtime.registry import ONBOARDING
from tasks.views.motion_graph import pair_key
from tasks.views.track_units import track_units

VIDEO, FRAMES = "c" * 32, 128


def _units() -> dict[str, list[str]]:
    units = {stage: found.units for stage, found in track_units(VIDEO, FRAMES, "model").items()}
    return units | {"score_edges": [pair_key(VIDEO, VIDEO)]}


@pytest.mark.parametrize("rows", [False, True])
def test_every_unit_of_the_onboarding_is_done_and_its_rows_are_there(tmp_path, rows):
    catalog, configs = Catalog(tmp_path / "catalog"), Settings().stage_configs()
    told = type("Told", (ArtificialWorker,), {"FRAMES": FRAMES, "ROWS": rows})
    for stage in ONBOARDING:
        worker = told(stage, configs[stage], catalog.uri, None, "run")
        for key in _units()[stage]:
            assert worker.process(Unit(stage, key, "talk.mp4", "1", "settings", input_hash="read")).ok
    for stage, keys in _units().items():
        records = catalog.records(stage)
        assert set(records) == set(keys) and all(record.ok for record in records.values())
        assert all(set(record.fields) == set(groups_of(stage)) for record in records.values())
    (video,) = catalog.table("videos").read(["video_id", "n_frames"]).to_pylist()
    assert video == {"video_id": VIDEO, "n_frames": FRAMES}
    counts = {name: catalog.table(name).count() for name in TABLES}
    clips = FRAMES // 4
    wanted = {"frames": clips, "landmarks": FRAMES, "poses": FRAMES, "clips": clips, "embeddings": clips}
    assert {name: counts[name] for name in wanted} == (wanted if rows else dict.fromkeys(wanted, 0))
    assert counts["edges"] == (clips * min(24, clips) if rows else 0)
    filled = {name for stage in ONBOARDING for name in tables_of(stage) if counts[name]}
    assert filled == ({n for stage in ONBOARDING for n in tables_of(stage)} if rows else {"videos"})
    assert all(found == keys for found, keys in catalog.verify().values())


def test_the_videos_of_a_dataset_are_all_different(tmp_path):
    video = tmp_path / "talk.mp4"
    video.write_bytes(b"video" * 100)
    make_dataset(tmp_path / "dataset", 5, video)
    found = sorted((tmp_path / "dataset").rglob("*.mp4"))
    assert [path.parent.name for path in found] == [f"a{k:04}" for k in range(5)]
    assert len({content_id(path) for path in found}) == 5


def test_processor_time_passes_when_something_is_computed():
    before = busy_seconds()
    sum(k * k for k in range(5_000_000))
    assert busy_seconds() > before
