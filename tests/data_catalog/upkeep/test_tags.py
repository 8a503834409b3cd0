"""A tag is the catalog of one moment, kept whatever is written, cleaned up or taken out afterwards."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from data_catalog import Catalog, Unit
from data_catalog.leases import Leases
from data_catalog.tables.schemas import HELD_STAGES, tables_of
from data_catalog.upkeep import tags
from data_catalog.upkeep.tags import BadTag, check_tag, delete_halves, delete_tag, list_tags, make_tag
from flows.configuration.settings import Settings
from flows.upkeep.forget import forget, forget_for_good
from tasks.runtime.registry import ONBOARDING
from tests.layouts import LAYOUTS, laid_out, only_part
from tests.stages import add_video

VIDEO = "a" * 32


@pytest.fixture(params=LAYOUTS)
def catalog(tmp_path, request) -> Catalog:
    catalog = laid_out(Catalog(tmp_path / "catalog"), request.param)
    add_video(catalog, "ann", VIDEO, uri="/data/talk.mp4")
    _extract(catalog, b"first", "1")
    return catalog


def _extract(catalog: Catalog, pixels: bytes, version: str) -> None:
    unit = Unit("extract_frames", VIDEO, "talk.mp4", version, "c", input_hash="i")
    row = {"video_id": VIDEO, "gop": 0, "n_frames": 4, "pixels": pixels, **unit.provenance("r").columns()}
    catalog.table("frames").upsert([row])
    catalog.finish(unit, n_rows=1, run_id="r", seconds=0)


def _pixels(catalog: Catalog) -> list[bytes]:
    return list(catalog.table("frames").read_blobs("pixels", f"video_id = '{VIDEO}'", key="gop").values())


def test_what_a_tag_holds_is_what_onboarding_writes():
    assert HELD_STAGES == ONBOARDING and all(tables_of(stage) for stage in HELD_STAGES)


def test_a_tag_is_read_as_it_was_after_everything_was_written_anew_and_cleaned_up(catalog):
    make_tag(catalog, "spring.1")
    _extract(catalog, b"second", "2")
    catalog.table("avatars").delete("true")
    for name in ("frames", "avatars", "units"):
        catalog.table(name).rewrite(wait=1.0)
        assert len(only_part(catalog, name).open().versions()) == 2  # the newest and the tagged one
    then = Catalog(catalog.uri, tag="spring.1")
    assert (_pixels(then), _pixels(catalog)) == ([b"first"], [b"second"])
    assert (then.avatars(), catalog.avatars()) == (["ann"], [])
    assert then.record("extract_frames", VIDEO).code_version == "1"
    assert catalog.record("extract_frames", VIDEO).code_version == "2"
    assert then.table("speech").read().num_rows == 0  # of a table that was made, if ever, later
    with pytest.raises(AssertionError, match="not written"):
        then.table("frames").delete("true")
    delete_tag(catalog, "spring.1")
    for name in ("frames", "avatars", "units"):
        catalog.table(name).forget_versions(wait=1.0)
        assert len(only_part(catalog, name).open().versions()) == 1
    assert _pixels(catalog) == [b"second"]


def test_tags_are_listed_and_faults_are_said_in_a_line(catalog):
    assert list_tags(catalog) == []
    for name in ("one", "two"):
        make_tag(catalog, name)
    assert [tag.name for tag in list_tags(catalog)] == ["one", "two"]
    with pytest.raises(BadTag, match=r"'one': is there already"):
        make_tag(catalog, "one")
    with pytest.raises(BadTag, match=r"'three': unknown \(known: one, two\)"):
        check_tag(catalog, "three")
    with pytest.raises(BadTag, match="the catalog is empty"):
        make_tag(Catalog(catalog.uri + "-none"), "one")


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a b", "ü", "a..b", ".a", "a.lock", "a\n", "-a", "a" * 65, "a."])
def test_odd_names_are_refused(catalog, name):
    with pytest.raises(BadTag, match="not allowed"):
        make_tag(catalog, name)
    with pytest.raises(BadTag, match="not allowed"):
        check_tag(catalog, name)


def test_nothing_is_tagged_while_a_run_is_at_a_unit(catalog):
    with Leases(catalog, "run") as leases:
        leases.take("extract_frames", [VIDEO])
        with pytest.raises(BadTag, match="a run is at work"):
            make_tag(catalog, "now", wait=0.0)
        threading.Timer(0.3, lambda: leases.give_back("extract_frames", [VIDEO])).start()
        make_tag(catalog, "now", wait=20.0)
    assert [tag.name for tag in list_tags(catalog)] == ["now"]


def test_footage_that_a_tag_keeps_is_not_said_to_be_erased(catalog):
    make_tag(catalog, "kept")
    settings = Settings(catalog=catalog.uri)
    forget(settings, "ann", [])
    add_video(catalog, "ann", VIDEO, uri="/data/talk.mp4")
    with pytest.raises(ValueError, match=r"tag kept keeps what is to be erased; .*`tango tag kept --delete`"):
        forget_for_good(settings, "ann", [])
    assert _pixels(catalog) == [b"first"]
    delete_tag(catalog, "kept")
    forget_for_good(settings, "ann", [])
    files = [path for path in Path(catalog.uri).rglob("*") if path.is_file()]
    assert files and not any(VIDEO.encode() in path.read_bytes() for path in files)


def test_a_clean_up_cuts_no_tag_in_two_that_is_just_being_made(catalog, monkeypatch):
    made, open_tables = [], tags._versions_of_one_moment

    class Slow:
        """A table whose tags are made while another process cleans up."""

        def __init__(self, dataset):
            self.version, self.tags = dataset.version, self
            self._tags = dataset.tags

        def list(self):
            return self._tags.list()

        def create(self, name, version):
            self._tags.create(name, version)
            made.append(delete_halves(catalog))

    slow = lambda *given: {name: Slow(dataset) for name, dataset in open_tables(*given).items()}  # noqa: E731
    monkeypatch.setattr(tags, "_versions_of_one_moment", slow)
    make_tag(catalog, "whole")
    assert len(made) > 1 and not any(made)
    for name in tags._TABLES:
        for part in catalog.table(name).parts():
            dataset = part.find()
            assert dataset is None or "whole" in dataset.tags.list()


def test_a_tag_that_was_cut_off_is_none_and_can_be_made_again(catalog, monkeypatch):
    frames = only_part(catalog, "frames").open()
    frames.tags.create("half", frames.version)
    assert list_tags(catalog) == []
    assert delete_halves(catalog) == 0 and list(only_part(catalog, "frames").open().tags.list()) == ["half"]
    monkeypatch.setattr(tags, "_MAKING", timedelta(0))  # an hour later
    assert delete_halves(catalog) == 1 and only_part(catalog, "frames").open().tags.list() == {}
    frames.tags.create("half", frames.version)
    _extract(catalog, b"second", "2")
    make_tag(catalog, "half")
    assert _pixels(Catalog(catalog.uri, tag="half")) == [b"second"]
