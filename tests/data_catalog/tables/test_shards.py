"""A table in shards holds and finds what one dataset would, whatever is asked of it and whoever writes."""

import multiprocessing
import re
from pathlib import Path

import lance
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_catalog import Catalog, Unit, clip_id, track_id
from data_catalog.keys import Filter, between, equals
from data_catalog.tables.schemas import TABLES
from data_catalog.tables.shards import SHARDS, existing_shards, shard_of, shards_of
from data_catalog.tables.store import Table
from data_catalog.upkeep.erase import erase
from data_catalog.upkeep.tags import delete_tag, list_tags, make_tag
from tests.data_catalog.upkeep.test_erase import found
from tests.erasable import Footage, compare
from tests.layouts import laid_out, only_part

CUT = [name for name, spec in TABLES.items() if spec.shards_by]
VIDEOS = [f"{k:02x}" * 16 for k in range(12)]
TRACKS = [track_id(video, motion) for video in VIDEOS for motion in ("", "0f" * 16)]
PROCESSES = 4

videos, tracks, few = st.sampled_from(VIDEOS), st.sampled_from(TRACKS), st.integers(0, 3)


def _row(table: str, a: str, b: str, k: int, n: int) -> dict:
    """A row of table about the track `a`, or from there to `b`, as its stage would write it."""
    video = a.partition("~")[0]
    clip = {"clip_id": clip_id(a, k), "track_id": a}
    pair = {"src": clip_id(a, k), "dst": clip_id(b, n), "src_track": a, "dst_track": b}
    return {
        "frames": {"video_id": video, "gop": k, "pixels": bytes([n]) * 70_000, "unit": video},
        "landmarks": {"video_id": video, "frame": k, "face_score": float(n), "unit": f"{video}:{k:04d}"},
        "mouths": {"video_id": video, "frame": k, "yaw": float(n), "unit": f"{video}:{k:04d}"},
        "poses": {"track_id": a, "frame": k, "confidence": float(n), "unit": a},
        "clips": clip | {"index": k, "usable": n > 1, "unit": a},
        "edges": pair | {"cost": float(n), "unit": ":".join(sorted((a, b)))},
        "embeddings": clip | {"model_id": str(n), "unit": f"{a}:{n}"},
    }[table]


def _key(table: str, row: dict) -> tuple:
    return tuple(row[name] for name in TABLES[table].primary_key)


@st.composite
def writes(draw) -> tuple[str, list[list[dict]]]:
    """A table, and what is written into it: each time each key once."""
    table = draw(st.sampled_from(CUT))
    given = draw(st.lists(st.lists(st.tuples(tracks, tracks, few, few), max_size=9), min_size=1, max_size=3))
    return table, [list({_key(table, r): r for r in (_row(table, *row) for row in rows)}.values()) for rows in given]


@st.composite
def filters(draw, table: str, rows: list[dict]) -> str | None:
    """What is asked of a table: by its keys, identity and unit, as some of its rows have them, or by anything else."""
    columns = [*TABLES[table].primary_key, *TABLES[table].identity, "unit"]
    asked = {}
    for name in draw(st.lists(st.sampled_from(columns), unique=True, min_size=1, max_size=2)):
        values = st.sampled_from([row[name] for row in (*rows, _row(table, TRACKS[-1], TRACKS[0], 3, 3))])
        asked[name] = draw(st.one_of(values, st.lists(values, min_size=2, max_size=9), st.just([])))
    where = equals(**asked)
    if draw(st.booleans()):
        where = where.also(draw(st.sampled_from(["true", "unit IS NULL OR true", f"unit > '{VIDEOS[5]}'"])))
    return draw(
        st.sampled_from([where, where, where, str.__str__(where), f"({where}) OR {equals(unit=VIDEOS[3])}", None])
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> dict[str, tuple[Table, Table, list[dict]]]:
    """By table: in shards, as one dataset, and the rows in it."""
    folder, made = tmp_path_factory.mktemp("both"), {}
    cut, whole = Catalog(folder / "cut"), laid_out(Catalog(folder / "whole"))
    for name in CUT:
        rows = [_row(name, a, b, k, k) for a, b in zip(TRACKS, TRACKS[3:] + TRACKS[:3], strict=True) for k in (0, 1)]
        rows = list({_key(name, row): row for row in rows}.values())
        for catalog in (cut, whole):
            assert catalog.table(name).upsert(rows) == len(rows)
        assert len(cut.table(name).parts()) > 5 and len(whole.table(name).parts()) == 1
        made[name] = cut.table(name), whole.table(name), rows
    return made


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_shards_give_for_any_filter_what_one_dataset_gives(filled, data):
    name = data.draw(st.sampled_from(CUT))
    cut, whole, rows = filled[name]
    where = data.draw(filters(name, rows))
    assert cut.read(where=where).to_pylist() == whole.read(where=where).to_pylist()
    assert cut.count(where) == whole.count(where)
    if TABLES[name].blobs and where:
        first = equals(gop=0).also(where)  # so that each video has one
        for here in (where.also("gop = 0") if isinstance(where, Filter) else first, first):
            found = [table.read_blobs("pixels", here, key="video_id") for table in (cut, whole)]
            assert found[0] == found[1]


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_shards_hold_after_any_writes_and_deletes_what_one_dataset_holds(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("both")
    name, given_rows = data.draw(writes())
    cut, whole = Catalog(folder / "cut").table(name), laid_out(Catalog(folder / "whole")).table(name)
    for rows in given_rows:
        assert cut.upsert(rows) == whole.upsert(rows) == len(rows)
        where = data.draw(filters(name, rows)) or "false"
        assert cut.delete(where) == whole.delete(where)
    cut.compact()
    cut.rewrite(wait=0.1)
    assert cut.read().to_pylist() == whole.read().to_pylist()
    assert cut.count() == cut.unique_keys() == whole.count()
    if TABLES[name].blobs:
        sizes = [table.blob_sizes("pixels", ["video_id", "gop"]) for table in (cut, whole)]
        order = [(column, "ascending") for column in ("video_id", "gop")]
        assert sizes[0].sort_by(order).to_pylist() == sizes[1].sort_by(order).to_pylist()


@given(table=st.sampled_from(CUT), a=tracks, b=tracks, k=few, n=few)
def test_whatever_a_row_has_in_a_column_its_shard_is_among_those_that_are_asked(table, a, b, k, n):
    row = _row(table, a, b, k, n)
    own = shard_of(row[TABLES[table].primary_key[0]])
    assert own == shard_of(a) and int(own, 16) < SHARDS
    for column, value in row.items():
        for where in (equals(**{column: value}), equals(**{column: [value]}), between(0, 9, **{column: value})):
            asked = shards_of(TABLES[table], where)
            assert asked is None or own in asked
            assert asked is None or len(asked) <= (2 if table == "edges" and column == "unit" else 1)


def test_a_read_of_a_video_opens_its_shard_alone_and_lists_nothing(tmp_path, monkeypatch):
    catalog = Catalog(tmp_path)
    catalog.table("clips").upsert([_row("clips", track, track, 0, 0) for track in TRACKS])
    assert len(existing_shards(catalog.uri, "clips", None)) > 5
    opened: list[str] = []
    real = lance.dataset
    monkeypatch.setattr(lance, "dataset", lambda uri, *a, **k: opened.append(uri) or real(uri, *a, **k))
    monkeypatch.setattr("data_catalog.tables.store.existing_shards", lambda *_: pytest.fail("listed"))
    table = catalog.table("clips")
    for where in (
        equals(track_id=TRACKS[0]),
        equals(clip_id=clip_id(TRACKS[0], 0)),
        equals(unit=TRACKS[0]).also("usable"),
    ):
        opened.clear()
        table.read(["clip_id"], where)
        assert opened == [f"{catalog.uri}/clips/{shard_of(TRACKS[0])}.lance"]


def test_what_is_made_of_a_filters_text_is_known_of_no_more():
    where = equals(video_id="v")
    assert where.also("x").asked == where.asked and not isinstance(f"{where} OR true", Filter)
    assert not isinstance(where + " OR true", Filter) and not isinstance(where.replace("v", "w"), Filter)
    assert where.also("a OR b") == "(video_id = 'v') AND (a OR b)"
    assert shards_of(TABLES["frames"], equals(video_id=[])) == set() and shards_of(TABLES["frames"], "true") is None
    assert shards_of(TABLES["videos"], where) is None


def test_what_a_run_left_is_merged_where_its_videos_lie_and_the_rest_is_not_touched(tmp_path):
    catalog = Catalog(tmp_path)
    table, (ours, other) = catalog.table("poses"), VIDEOS[:2]
    for k in range(3):
        table.upsert([_row("poses", video, "", k, 0) for video in (ours, other)])

    def versions() -> list[int]:
        parts = [part for video in (ours, other) for part in table.parts(equals(track_id=video))]
        return [len(part.find().versions()) for part in parts]

    before = versions()[1]
    table.compact([ours])
    assert versions() == [1, before] and before > 1
    table.compact()
    files = sorted(Path(catalog.uri).rglob("*"))
    table.compact()
    assert versions() == [1, 1] and sorted(Path(catalog.uri).rglob("*")) == files and table.count() == 6


def test_no_stage_adds_to_a_filter_by_its_text():
    """It would be right, and open every shard there is."""
    tasks = Path(__file__).parents[2] / "tasks"
    found = [
        path for path in tasks.rglob("*.py") if re.search(r"\{(equals|between)\(|\{where\} (AND|OR)", path.read_text())
    ]
    assert len(list(tasks.rglob("*.py"))) > 50 and not found


@pytest.mark.parametrize(
    "wrong",
    [{"track_id": VIDEOS[1]}, {"unit": VIDEOS[1]}, {"unit": f"model:{VIDEOS[0]}"}],
    ids=["track", "unit", "part"],
)
def test_a_row_that_would_not_be_found_by_one_of_its_columns_is_refused(tmp_path, wrong):
    table = Catalog(tmp_path).table("clips")
    assert len({shard_of(key) for key in (VIDEOS[0], VIDEOS[1], "model")}) == 3
    with pytest.raises(ValueError, match=r"clips: a row's .*of (another|no) video"):
        table.upsert([_row("clips", VIDEOS[0], VIDEOS[0], 0, 0) | wrong])
    assert table.count() == 0


def test_a_row_in_the_wrong_shard_is_seen(tmp_path):
    catalog = Catalog(tmp_path)
    table = catalog.table("clips")
    table.upsert([_row("clips", VIDEOS[0], VIDEOS[0], 0, 0)])
    part = only_part(catalog, "clips")
    lance.write_dataset(table.rows([_row("clips", VIDEOS[1], VIDEOS[1], 0, 0)]), part.open(), mode="append")
    assert catalog.verify()["clips"] == (2, 1)


def _write(uri: str, worker: int, barrier) -> None:
    table = Catalog(uri).table("edges")
    barrier.wait()
    for round_ in range(5):  # the same keys as the others, of all videos in one write
        table.upsert([_row("edges", a, b, round_, 0) | {"cost": float(worker)} for a in VIDEOS for b in VIDEOS])


@pytest.mark.integration
def test_processes_racing_on_the_same_rows_of_many_videos_lose_and_double_nothing(tmp_path: Path):
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(PROCESSES)
    workers = [spawn.Process(target=_write, args=(str(tmp_path), w, barrier)) for w in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(280)
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    assert Catalog(tmp_path).verify()["edges"] == (5 * 144, 5 * 144)


def test_a_shard_that_is_made_after_a_tag_has_none_of_its_rows(tmp_path):
    catalog = Catalog(tmp_path)

    def extract(video: str, pixels: bytes) -> None:
        unit = Unit("extract_frames", video, video, "1", "c", input_hash=pixels.hex())
        row = {"video_id": video, "gop": 0, "pixels": pixels, **unit.provenance("r").columns()}
        catalog.table("frames").upsert([row])
        catalog.finish(unit, n_rows=1, run_id="r", seconds=0)

    extract(VIDEOS[0], b"then")
    make_tag(catalog, "then")
    extract(VIDEOS[0], b"now")
    extract(VIDEOS[1], b"new")
    catalog.compact()
    then = Catalog(tmp_path, tag="then").table("frames")
    assert then.read(["video_id"])["video_id"].to_pylist() == [VIDEOS[0]]
    assert then.count(equals(video_id=VIDEOS[1])) == 0 == then.count(equals(video_id=VIDEOS[2]))
    assert then.read_blobs("pixels", "true", key="video_id") == {VIDEOS[0]: b"then"}
    assert catalog.table("frames").count() == 2
    delete_tag(catalog, "then")
    assert list_tags(catalog) == [] and not any(part.find().tags.list() for part in catalog.table("frames").parts())


def test_of_edges_between_videos_of_two_shards_nothing_is_left_by_either(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    ann, other, bea = (
        Footage(catalog, name, v).write() for name, v in (("ann", VIDEOS[0]), ("ann", VIDEOS[1]), ("bea", VIDEOS[2]))
    )
    for first, second in ((ann, ann), (ann, other), (other, other), (bea, bea)):
        compare(first, second)
    assert set(found(ann)) == set(ann.secrets) and set(found(bea)) == set(bea.secrets)
    erase(catalog, "ann", [VIDEOS[0], VIDEOS[1]])
    assert found(ann) == found(other) == [] and set(found(bea)) == set(bea.secrets)
