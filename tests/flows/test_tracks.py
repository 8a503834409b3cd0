"""Which of an avatar's videos are shown, and what is said of the others."""

from dataclasses import replace

import pytest

from data_catalog import Catalog
from flows.configuration.settings import Settings
from flows.intake.requests import check_clips, check_onboarding
from flows.tracks import not_shown, shown_tracks
from tango_models.errors import InputError
from tasks.runtime.versions import Versions
from tasks.views.footage.segments import segment_key
from tests.stages import mark_done

CONFIGS = Settings().stage_configs()
STAGES = ("extract_frames", "detect_landmarks", "fit_smplx", "create_clips")


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    return Catalog(tmp_path / "catalog")


def add(catalog: Catalog, video: str, *, fails: str = "", until: int = len(STAGES), scene: str = "") -> None:
    """A video of ann, `<video>.mp4`, whose stages are done up to one that is not, or that fails."""
    row = {"uri": f"/data/{video}.mp4", "file_name": f"{video}.mp4", "motion_uri": "", "motion_hash": ""}
    row["scene"] = scene
    catalog.add_videos("ann", {video: row}, catalog.avatar_videos("ann"))
    catalog.table("videos").upsert([{"video_id": video, "unit": video, "n_frames": 60, "file_name": f"{video}.mp4"}])
    segment, of = segment_key(video, 0), {}
    for stage in STAGES[:until]:
        unit = segment if stage == "detect_landmarks" else video
        if stage == fails:
            versions = Versions(catalog, CONFIGS)
            failed = versions.stage(stage).unit(unit, subject=f"{video}.mp4", of=of)
            read = versions.input_hash(stage, failed.upstream)
            catalog.fail(replace(failed, input_hash=read), "the disk is full; free some room\nTrace …", run_id="r")
            return
        mark_done(catalog, stage, unit, of=of)
        of = of | {stage: [unit]}


def test_a_video_whose_clips_failed_is_named_with_the_reason_and_what_to_ask(catalog):
    add(catalog, "kept")
    add(catalog, "lost", fails="create_clips")
    tracks = shown_tracks(catalog, "ann", CONFIGS)
    assert tracks == ["kept"]
    (note,) = not_shown(catalog, "ann", tracks, CONFIGS)
    assert note == "not shown: lost.mp4: the disk is full; free some room; `tango status ann` says more"


def test_footage_of_which_nothing_can_be_shown_is_refused_before_anything_starts(catalog):
    for video in ("one", "two"):
        add(catalog, video)
        rows = [{"clip_id": f"{video}:{k}", "track_id": video, "usable": False} for k in range(3)]
        catalog.table("clips").upsert(rows)
    with pytest.raises(InputError, match=r"avatar 'ann': none of its 6 clips can be shown.*tango onboard ann VIDEO"):
        check_clips(catalog, "ann", ["one", "two"], CONFIGS)
    catalog.table("clips").upsert([{"clip_id": "two:1", "track_id": "two", "usable": True}])
    check_clips(catalog, "ann", ["one", "two"], CONFIGS)
    catalog.table("clips").delete("usable")
    add(catalog, "three", until=1)  # will be done first
    check_clips(catalog, "ann", ["one", "three"], CONFIGS)


@pytest.mark.parametrize("until", range(len(STAGES)))
def test_a_video_that_is_not_done_yet_is_named_too(catalog, until):
    add(catalog, "kept")
    add(catalog, "new", until=until)
    (note,) = not_shown(catalog, "ann", shown_tracks(catalog, "ann", CONFIGS), CONFIGS)
    assert "new.mp4" in note and STAGES[until] in note and "tango status ann" in note


def test_nothing_is_said_where_all_are_shown_and_of_many_the_first_are_named(catalog):
    add(catalog, "kept")
    assert not_shown(catalog, "ann", ["kept"], CONFIGS) == []
    for k in range(8):
        add(catalog, f"new{k}", until=0)
    notes = not_shown(catalog, "ann", ["kept"], CONFIGS)
    assert len(notes) == 6 and notes[-1] == "not shown: 3 more of its videos; `tango status ann` says more"


def test_a_scene_shows_its_own_videos_and_misses_no_others(catalog):
    add(catalog, "desk", scene="studio")
    add(catalog, "tree", scene="garden")
    add(catalog, "bush", scene="garden", until=2)
    add(catalog, "road")
    assert shown_tracks(catalog, "ann", CONFIGS) == ["desk", "road", "tree"]
    assert shown_tracks(catalog, "ann", CONFIGS, "studio") == ["desk"]
    assert not_shown(catalog, "ann", ["desk"], CONFIGS, "studio") == []
    assert shown_tracks(catalog, "ann", CONFIGS, "garden") == ["tree"]
    (note,) = not_shown(catalog, "ann", ["tree"], CONFIGS, "garden")
    assert "bush.mp4" in note


def test_a_scene_that_is_said_of_no_video_is_refused(catalog):
    add(catalog, "desk")
    with pytest.raises(InputError, match=r"scene 'garden'.*said of no video.*VIDEO"):
        check_onboarding(catalog, "ann", [], None, Settings(), scene="garden")


@pytest.mark.parametrize(
    ("scene", "said"), [("beach", "known: garden, studio.*--scene beach"), ("studio", "of scene 'studio' is ready")]
)
def test_a_scene_that_is_not_there_or_not_ready_is_said(catalog, scene, said):
    add(catalog, "desk", scene="studio", until=2)
    add(catalog, "tree", scene="garden")
    with pytest.raises(InputError, match=said):
        shown_tracks(catalog, "ann", CONFIGS, scene)
