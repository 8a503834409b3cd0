"""Which units are put back, by their state and their stage; nobody else's."""

import pytest

from data_catalog import Catalog
from flows.settings import Settings
from flows.upkeep.rerun import Redo, choose_avatars, put_back
from tasks.runtime.registry import ONBOARDING
from tasks.runtime.versions import Versions
from tasks.views.segments import segment_key
from tests.stages import mark_done

ANN, BEA = "a" * 32, "b" * 32


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    """Of both avatars a landmarks unit failed, and the frames and the other one are there."""
    catalog = Catalog(tmp_path / "catalog")
    for avatar, video in (("ann", ANN), ("bea", BEA)):
        catalog.add_video(avatar, video, uri=f"/data/{avatar}.mp4")
        mark_done(catalog, "extract_frames", video)
        mark_done(catalog, "detect_landmarks", segment_key(video, 0), of={"extract_frames": [video]})
        unit = (
            Versions(catalog, Settings().stage_configs())
            .stage("detect_landmarks")
            .unit(segment_key(video, 1), subject=avatar, of={})
        )
        for _ in range(9):
            catalog.fail(unit, "broken", run_id="r")
    return catalog


def _left(catalog: Catalog) -> set[tuple[str, str]]:
    rows = catalog.table("units").read(["stage", "unit"]).to_pylist()
    return {(row["stage"], row["unit"]) for row in rows}


def test_failed_units_are_put_back_however_often_they_failed(catalog):
    before = _left(catalog)
    assert put_back(catalog, "ann", [], Redo.failed) == 1
    assert before - _left(catalog) == {("detect_landmarks", segment_key(ANN, 1))}


def test_force_puts_back_all_of_the_named_stages_and_no_other(catalog):
    before = _left(catalog)
    assert put_back(catalog, "ann", ["detect_landmarks"], Redo.force) == 2
    assert before - _left(catalog) == {("detect_landmarks", segment_key(ANN, k)) for k in (0, 1)}
    assert put_back(catalog, "ann", [], Redo.force) == 1
    assert {unit[:32] for _, unit in _left(catalog)} == {BEA}


def test_what_is_stale_needs_no_putting_back(catalog):
    before = _left(catalog)
    assert put_back(catalog, "ann", list(ONBOARDING), Redo.stale) == 0 and _left(catalog) == before


def test_no_name_means_all_and_an_unknown_one_is_named(catalog):
    assert choose_avatars(catalog, []) == ["ann", "bea"]
    assert choose_avatars(catalog, ["bea"]) == ["bea"]
    with pytest.raises(ValueError, match=r"'eve': unknown \(known: ann, bea\)"):
        choose_avatars(catalog, ["ann", "eve"])
