"""The catalog in an object store: the same rows, the same one writer."""

import multiprocessing
import socket

import pytest

from data_catalog import Catalog, Unit
from data_catalog.keys import equals
from data_catalog.tables import shards
from data_catalog.uris.reachable import UnusableStore
from tests.layouts import LAYOUTS, laid_out
from tests.object_store import object_store

pytestmark = pytest.mark.integration
PROCESSES, KEYS = 3, 20


@pytest.fixture
def store():
    with object_store("footage") as options:
        yield options


def _write(options: dict, worker: int, barrier) -> None:
    table = Catalog("s3://footage/tables", options).table("frames")
    barrier.wait()
    table.upsert(
        {"video_id": "v", "gop": k, "n_frames": 4, "pixels": bytes([worker]) * 100_000, "audio": b"", "unit": "v"}
        for k in range(KEYS)
    )


def test_racing_writers_lose_and_double_nothing(store):
    catalog = Catalog("s3://footage/tables", store)
    assert catalog.table("frames").count() == 0
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(PROCESSES)
    writers = [spawn.Process(target=_write, args=(store, worker, barrier)) for worker in range(PROCESSES)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * PROCESSES
    table = catalog.table("frames")
    assert table.count() == table.unique_keys() == KEYS
    assert {len(blob) for blob in table.read_blobs("pixels", "gop >= 0", key="gop").values()} == {100_000}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tables_are_found_in_the_bucket_whichever_way_they_lie(store, layout, monkeypatch):
    monkeypatch.setattr(shards, "_whole", {})
    catalog = laid_out(Catalog(f"s3://footage/{layout}", store), layout)
    videos = [f"{k:02x}" * 16 for k in range(4)]
    assert catalog.table("frames").count() == 0
    for video in videos:
        row = {"video_id": video, "gop": 0, "n_frames": 4, "pixels": video.encode(), "unit": video}
        catalog.table("frames").upsert([row])
    shards._whole.clear()  # as another process, which has yet to look
    table = Catalog(catalog.uri, store).table("frames")
    assert len(table.parts()) == (1 if layout == "whole" else len({shards.shard_of(video) for video in videos}))
    assert table.read(["video_id"])["video_id"].to_pylist() == videos
    assert table.read_blobs("pixels", equals(video_id=videos[2]), key="gop") == {0: videos[2].encode()}
    asked = []
    monkeypatch.setattr(shards, "_folders", lambda *given: asked.append(given) or [])
    assert table.count(equals(video_id=videos[1])) == 1 and asked == []


def test_a_unit_is_done_once_it_is_written_down(store):
    catalog = Catalog("s3://footage/tables", store)
    unit = Unit("fit_smplx", "v", "clip.mp4", "1", "config", input_hash="input")
    assert catalog.pending([unit]) == [unit]
    catalog.finish(unit, n_rows=0, run_id="r", seconds=0.0)
    assert catalog.pending([unit]) == []


def test_a_bucket_that_does_not_exist_is_no_empty_catalog(store):
    assert Catalog("s3://footage/new", store).avatars() == []
    for read in (Catalog.avatars, Catalog.check):
        with pytest.raises(UnusableStore, match=r"s3://fotage/new: bucket fotage at http.*does not exist.*create it"):
            read(Catalog("s3://fotage/new", store))


def test_a_store_without_keys_says_so(store, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    options = {name: value for name, value in store.items() if "key" not in name}
    with pytest.raises(UnusableStore, match=r"bucket footage .*no keys.*storage_options"):
        Catalog("s3://footage/tables", options).avatars()


def test_an_endpoint_where_nobody_listens_is_named(store):
    dead = store | {"aws_endpoint": "http://127.0.0.1:9"}
    with pytest.raises(UnusableStore, match=r"bucket footage at http://127.0.0.1:9: nobody answers"):
        Catalog("s3://footage/tables", dead).avatars()


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.parametrize("endpoint", ["", "127.0.0.1:9000", "localhost:9000", "minio", "://x", "http://"])
def test_an_endpoint_that_is_no_url_is_one_line(store, monkeypatch, capfd, name, endpoint):
    keys = {option: value for option, value in store.items() if option != "aws_endpoint"}
    monkeypatch.setenv(name, endpoint)
    with pytest.raises(UnusableStore, match=r"bucket footage.*its endpoint .* is no URL; write http://host:port"):
        Catalog("s3://footage/tables", keys).avatars()
    with pytest.raises(UnusableStore, match="is no URL"):
        Catalog("s3://footage/tables", keys | {"endpoint": endpoint}).avatars()
    assert capfd.readouterr().err == ""  # no trace of the store's
    if name != "AWS_ENDPOINT_URL_S3":  # else what the options say counts, not the environment
        assert Catalog("s3://footage/new", store).avatars() == []


def test_an_endpoint_at_http_that_is_not_allowed_says_what_allows_it(store):
    options = {name: value for name, value in store.items() if name != "allow_http"}
    with pytest.raises(UnusableStore, match="AWS_ALLOW_HTTP=true"):
        Catalog("s3://footage/tables", options).avatars()


def test_a_store_that_takes_the_question_and_never_answers_is_given_up(store):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        slow = store | {"aws_endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with pytest.raises(UnusableStore, match="answer"):
            Catalog("s3://footage/tables", slow).avatars()
