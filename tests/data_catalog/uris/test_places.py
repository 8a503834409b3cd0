"""Files at URIs."""

import socket

import pytest

from data_catalog.uris.places import (
    file_name,
    find_stamp,
    is_gone,
    is_remote,
    list_files,
    read_blocks,
    read_head,
    upload,
)
from data_catalog.uris.reachable import UnusableStore
from tests.object_store import object_store

pytestmark = pytest.mark.integration
DATA = bytes(range(256)) * 9000  # more than two blocks


@pytest.fixture(scope="module")
def store():
    with object_store("footage") as options:
        yield options


@pytest.mark.parametrize(
    "uri",
    ["s3://footage/a b/x%20y ü#1?.mp4", "memory://place/talks/1.mp4", "S3://footage/plain"],
    ids=["s3", "memory", "S3"],
)
def test_what_is_written_is_read(tmp_path, store, uri):
    source = tmp_path / "source"
    source.write_bytes(DATA)
    assert is_remote(uri) and find_stamp(uri, store) is None and is_gone(uri, store)
    upload(source, uri, store)
    assert b"".join(read_blocks(uri, store)) == DATA
    assert read_head(uri, 16, store) == DATA[:16]
    stamp = find_stamp(uri, store)
    assert stamp.size == len(DATA) and not is_gone(uri, store)
    folder = uri.rpartition("/")[0]
    assert uri in list_files(folder, store)
    source.write_bytes(DATA[:-1])
    upload(source, uri, store)
    assert find_stamp(uri, store) != stamp


def test_keys_come_from_the_environment_where_the_options_give_none(tmp_path, store, monkeypatch):
    for name, value in store.items():
        monkeypatch.setenv(name.upper() if name.startswith("aws") else "AWS_ALLOW_HTTP", value)
    source = tmp_path / "source"
    source.write_bytes(b"x")
    upload(source, "s3://footage/by-environment", None)
    assert find_stamp("s3://footage/by-environment", store).size == 1


def test_a_bucket_that_cannot_be_read_is_one_line_within_seconds(store):
    dead = store | {"aws_endpoint": "http://127.0.0.1:9"}
    for ask in (find_stamp, list_files):
        with pytest.raises(
            UnusableStore, match=r"^s3://fotage/a/b: bucket fotage at http.*: the bucket does not exist; "
        ) as fault:
            ask("s3://fotage/a/b", store)
        assert len(str(fault.value).splitlines()) == 1
        with pytest.raises(UnusableStore, match=r"bucket footage at http://127.0.0.1:9: nobody answers"):
            ask("s3://footage/a/b", dead)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        slow = store | {"aws_endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with pytest.raises(UnusableStore, match="answer"):
            find_stamp("s3://footage/a", slow)
    assert not is_gone("s3://footage/a", dead), "nobody knows"


def test_what_has_no_account_or_driver_says_so():
    with pytest.raises(UnusableStore, match=r"abfs://c/k: .*account"):
        find_stamp("abfs://c/k", None)


@pytest.mark.parametrize(
    ("place", "name"), [("/a/b.mp4", "b.mp4"), ("s3://b/c/d.mp4", "d.mp4"), ("b.mp4", "b.mp4"), ("s3://b/c/", "c")]
)
def test_the_name_of_a_place(place, name):
    assert file_name(place) == name


@pytest.mark.parametrize("place", ["/s3://x", "s3:/b/k", "https://b/k", "talk.mp4", "file:///b/k"])
def test_what_is_no_store_is_not_taken_for_one(place):
    assert not is_remote(place)
