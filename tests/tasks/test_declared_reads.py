"""Every stage reads exactly what it declares: with more, rows go stale unseen; with less, they are made in vain."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_catalog import Catalog, Unit
from data_catalog.tables.schemas import TABLES
from data_catalog.tables.store import Table
from tango_models.media.probe import content_id
from tango_models.synthetic.speaker import SPEECH
from tasks.runtime import stage as runtime_stage
from tasks.runtime.cluster import workers
from tasks.runtime.reading import DeclaredSource, UndeclaredRead
from tasks.runtime.registry import PER_TRACK, STAGES, stage_class
from tasks.runtime.stage import RowWriter
from tasks.views.motion_graph import path_key
from tests.speaker import cut_speaker
from tests.stages import configurations, do, plan


@pytest.fixture
def traced(monkeypatch) -> dict[str, set[tuple[str, str]]]:
    """What the stages of this process read, as (stage, group)."""
    found: dict[str, set[tuple[str, str]]] = {}

    class TracedSource(DeclaredSource):
        def __init__(self, catalog, reader, *arguments, **options):
            super().__init__(catalog, reader, *arguments, **options)
            self.served = found.setdefault(reader, set())

    monkeypatch.setattr(workers, "DeclaredSource", TracedSource)
    return found


@pytest.mark.integration
def test_every_stage_reads_exactly_what_it_declares(tmp_path, traced):
    video = cut_speaker(tmp_path / "v.mp4", start=0.0, seconds=4.0, side=256)
    catalog, configs = Catalog(tmp_path / "catalog"), configurations()
    track, speech_id = content_id(video), content_id(SPEECH)

    def run(stage: str, **scope) -> None:
        worker = workers.StageWorker(stage, configs[stage], catalog.uri, None, "run")
        for unit in plan(catalog, stage, **scope):
            outcome = worker.process(unit)
            assert outcome.ok, f"{stage}: {outcome.error}"

    for stage in PER_TRACK:
        run(stage, track=track, video_id=track, uri=str(video))
    run("score_edges", tracks=[track])
    path_id = path_key([track], speech_id, "aumoclip", 0)
    shown = {"avatar": "ann", "path_id": path_id, "interpolator": "flow", "out": str(tmp_path / "out.mp4")}
    shown |= {"speech_uri": str(SPEECH)}
    run("analyse_speech", speech_id=speech_id, speech_uri=str(SPEECH))
    run("embed_speech", speech_id=speech_id)
    run("retrieve_path", avatar="ann", tracks=[track], speech_id=speech_id, scorer="aumoclip", seed=0)
    run("detect_mouths", video_id=track)
    run("match_lips", path_id=path_id, tracks=[track])
    run("interpolate_seams", **shown)
    run("render_video", lips="match", **shown)
    assert any(catalog.table("lips").read(["strength"])["strength"][0].as_py()), "some mouth must be painted"
    assert catalog.table("transitions").count() > 0, "the speech is longer than the footage: there must be a seam"
    for stage in STAGES:
        declared = {(name, group) for name, groups in stage_class(stage).reads.items() for group in groups}
        assert traced.get(stage, set()) == declared, stage


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path)
    for video in ("v", "w"):
        catalog.table("videos").upsert([{"video_id": video, "n_frames": 8, "file_name": "a.mp4", "unit": video}])
    return catalog


@pytest.fixture
def source(catalog: Catalog) -> DeclaredSource:
    return DeclaredSource(catalog, "create_clips", {"extract_frames": ["shape"]}, {"extract_frames": ["v"]})


def test_a_column_of_a_declared_group_is_served_and_noted(source):
    assert source.table("videos").read(["video_id", "n_frames"], "video_id = 'v'")["n_frames"].to_pylist() == [8]
    assert source.table("videos").count("video_id = 'v'") == 1
    assert source.served == {("extract_frames", "shape")}


@pytest.mark.parametrize(
    ("columns", "where"),
    [
        (["video_id", "file_name"], "video_id = 'v'"),  # another group
        (["video_id", "codec"], "video_id = 'v'"),  # of no group
        (["video_id"], "video_id = 'v' AND cuts IS NULL"),  # a filter reads too
        (["video_id", "n_frames"], None),  # rows of another unit
        (["video_id", "n_frames"], "video_id = 'w'"),
        (None, "video_id = 'v'"),
    ],
)
def test_anything_else_raises(source, columns, where):
    with pytest.raises(UndeclaredRead):
        source.table("videos").read(columns, where)


def test_another_table_raises_even_by_its_blobs(source, catalog):
    catalog.table("frames").upsert([{"video_id": "v", "gop": 0, "n_frames": 4, "pixels": b"x", "unit": "v"}])
    with pytest.raises(UndeclaredRead, match=r"create_clips reads frames\.pixels"):
        source.table("frames").read_blobs("pixels", "video_id = 'v'", key="gop")
    with pytest.raises(UndeclaredRead):
        source.table("poses").read(["track_id", "pose"], "track_id = 'v'")


def test_words_in_quotes_are_no_columns(source):
    assert source.table("videos").read(["video_id"], "video_id = 'it''s cuts'").num_rows == 0


def test_a_stage_that_reads_more_fails_in_its_first_unit(catalog, monkeypatch):
    stage = stage_class("score_edges")(configured("score_edges"))
    unit = stage.unit("v:v", subject="v", of={"create_clips": ["v"]}, tracks=["v", "v"])
    monkeypatch.setattr(type(stage), "process", lambda self, source, unit, out: source.table("videos").read(["cuts"]))
    with pytest.raises(UndeclaredRead, match=r"score_edges reads videos\.cuts"):
        do(catalog, stage, unit)


def test_a_stage_writes_into_its_own_tables_only(catalog):
    out = RowWriter(catalog, "fit_smplx", Unit("fit_smplx", "v", "v", "1", "c").provenance("run"))
    with pytest.raises(ValueError, match="table clips: not of this stage, which writes poses, fits"):
        out.write([{"clip_id": "v:0"}], table="clips")


def test_rows_written_in_parts_have_the_hash_of_the_whole_and_every_group_its_own(catalog):
    rows = [
        {"video_id": "v", "gop": k, "n_frames": 4, "pixels": bytes([k] * (k + 1)), "audio": b"s" * k} for k in range(5)
    ]

    def hashes(parts: list[list[dict]]) -> dict[str, str]:
        out = RowWriter(catalog, "extract_frames", Unit("extract_frames", "v", "v", "1", "c").provenance("run"))
        for part in parts:
            out.write(part, table="frames")
        return out.hashes()

    whole = hashes([rows])
    assert whole == hashes([rows[:2], rows[2:3], rows[3:]])
    silent = hashes([[row | {"audio": b""} for row in rows]])
    assert {group for group in whole if whole[group] != silent[group]} == {"audio"}
    moved = hashes([[row | {"pixels": row["pixels"][:1]} for row in rows]])
    assert {group for group in whole if whole[group] != moved[group]} == {"pixels"}


@given(st.lists(st.integers(0, 7), max_size=8), st.sampled_from([1, 1000, 1 << 20]))
@settings(max_examples=15, deadline=None)
def test_small_parts_are_written_together_and_are_there_for_whoever_reads_them(tmp_path_factory, parts, held):
    catalog, unit = Catalog(tmp_path_factory.mktemp("catalog")), Unit("detect_landmarks", "v:0", "v", "1", "c")
    begun, written, upsert = [], [], Table.upsert
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime_stage, "_HELD_BYTES", held)
        patch.setattr(
            Table, "upsert", lambda table, rows, **more: written.append(len(rows)) or upsert(table, rows, **more)
        )
        out = RowWriter(catalog, unit.stage, unit.provenance("run"), begin=lambda: begun.append(len(written)))
        source = DeclaredSource(catalog, unit.stage, {}, {}, own=[unit.key], before_own=out.flush)
        total = 0
        for part in parts:
            out.write([{"video_id": "v", "frame": total + k} for k in range(part)])
            total += part
        assert out.n_rows == total and begun == [0] * bool(written)
        assert source.table("landmarks").read(["frame"])["frame"].to_pylist() == list(range(total))
        out.write([{"video_id": "v", "frame": total}])
        out.flush()
        assert source.table("landmarks").count() == total + 1 == sum(written)
        assert begun == [0]
    if held == 1 << 20:
        assert len(written) <= 2


def test_groups_name_columns_that_exist_and_each_column_once():
    for spec in TABLES.values():
        named = [column for columns in spec.groups.values() for column in columns]
        assert len(named) == len(set(named)), spec.name
        assert set(named) <= set(spec.schema.names) - set(spec.primary_key) - set(spec.identity), spec.name


def configured(stage: str):
    return stage_class(stage).Config(**configurations()[stage])  # type: ignore[attr-defined]
