"""Catalogs of releases that knew of no shards, and what keeps those releases from a catalog with them."""

from collections.abc import Callable
from pathlib import Path

import lance
import pytest

from data_catalog import Catalog
from data_catalog.keys import equals
from data_catalog.tables.schemas import TABLES
from data_catalog.upkeep.erase import erase
from data_catalog.upkeep.tags import delete_tag, make_tag
from data_catalog.uris.reachable import UnusableStore
from tests.data_catalog.upkeep.test_erase import found
from tests.erasable import Footage
from tests.layouts import laid_out, only_part

CUT = [name for name, spec in TABLES.items() if spec.shards_by]
VIDEOS = [f"{k:02x}" * 16 for k in range(2)]
FRAME = {"video_id": VIDEOS[0], "gop": 0, "pixels": b"x", "unit": VIDEOS[0]}
MOUTH = {"video_id": VIDEOS[0], "frame": 0, "unit": VIDEOS[0]}
CLIP = {"clip_id": f"{VIDEOS[0]}:000000", "track_id": VIDEOS[0], "unit": VIDEOS[0]}


@pytest.fixture
def older(tmp_path: Path) -> Catalog:
    """Of a release before shards: some of its tables, with a video in them."""
    catalog = Catalog(tmp_path / "catalog")
    laid_out(catalog)
    Footage(catalog, "ann", VIDEOS[0]).write()
    return catalog


def test_a_catalog_of_before_goes_on_in_its_tables(older):
    bea = Footage(older, "bea", VIDEOS[1]).write()
    for name in CUT:
        assert only_part(older, name).uri == f"{older.uri}/{name}.lance"
    assert not [path for path in Path(older.uri).iterdir() if not path.name.endswith(".lance")]
    assert sorted(set(older.table("frames").read(["video_id"])["video_id"].to_pylist())) == VIDEOS[:2]
    assert all(rows == keys for rows, keys in older.verify().values())
    make_tag(older, "then")
    older.table("poses").delete(equals(track_id=VIDEOS[1]))
    assert Catalog(older.uri, tag="then").table("poses").count(equals(track_id=VIDEOS[1])) == 24
    delete_tag(older, "then")
    assert set(found(bea)) == set(bea.secrets)
    erase(older, "bea", [VIDEOS[1]])
    assert found(bea) == []


def test_a_table_that_comes_into_an_older_catalog_is_not_cut_either(tmp_path):
    catalog = Catalog(tmp_path)
    lance.write_dataset(catalog.table("frames").rows([]), f"{catalog.uri}/frames.lance")
    catalog.table("mouths").upsert([MOUTH])
    assert only_part(catalog, "mouths").uri == f"{catalog.uri}/mouths.lance"


def _of_before(catalog: Catalog, table: str) -> Callable[[], object]:
    """What a release that knows of no shards reads of a table: its `SCHEMA` was 1."""
    return lambda: int(lance.dataset(f"{catalog.uri}/{table}.lance").schema.metadata[b"tango.schema"])


def test_an_older_release_is_kept_from_a_catalog_with_shards(tmp_path):
    catalog = Catalog(tmp_path)
    Footage(catalog, "ann", VIDEOS[0])
    for name in ("avatars", "units"):
        only_part(catalog, name).open().update_schema_metadata({"tango.schema": "1"})
    avatars, units = (_of_before(catalog, name) for name in ("avatars", "units"))
    assert (avatars(), units()) == (1, 1)
    catalog.table("frames").upsert([FRAME])
    assert (avatars(), units()) == (2, 2)


def test_tables_of_both_kinds_in_one_catalog_are_refused(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.table("frames").upsert([FRAME])
    lance.write_dataset(catalog.table("clips").rows([]), f"{catalog.uri}/clips.lance")
    for use in (
        catalog.table("frames").count,
        lambda: catalog.table("clips").upsert([CLIP]),
    ):
        with pytest.raises(UnusableStore, match=r"clips\.lance into it, beside frames; name another --catalog"):
            use()
