"""What is said of the videos that were added, from what the stages found in them."""

import numpy as np
import pytest

from data_catalog import Catalog, clip_id
from data_catalog.tables.sizes import COLOURS, FACE_POINTS, LOOKED_AT
from data_catalog.tables.store import Table
from flows.fleet.onboarding import _in_work
from flows.fleet.pipeline import Track
from flows.intake.notes import changed_looks, hardly_seen, notes_about, strangers, turned, unusable
from tango_models.body.fit.confidence import PARTS
from tests.stages import add_video

ADDED = [{"video_id": "v", "track": "v", "file_name": "talk.mp4"}]

REMEDY = "if the camera was turned, turn the video and give that instead"


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    return Catalog(tmp_path / "catalog")


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "never seen: it will rest"),
        (0.03, "in 3% of the frames: it will rest"),
        (0.36, "in 36% of the frames: it rests in the others"),
    ],
)
@pytest.mark.parametrize("part", [part for part in PARTS if part != "legs"])
def test_a_part_that_is_hardly_seen_is_named_with_its_share(catalog, part, share, said):
    seen = [share if name == part else 0.9 for name in PARTS]
    catalog.table("fits").upsert([{"track_id": "v", "seen": seen}])
    assert hardly_seen(catalog, ADDED) == [f"talk.mp4: {part} {said}"]


def test_legs_behind_a_desk_and_imported_motion_are_no_matter(catalog):
    seen = [0.0 if name == "legs" else 0.5 for name in PARTS]
    catalog.table("fits").upsert([{"track_id": "v", "seen": seen}])
    assert hardly_seen(catalog, ADDED) == []
    assert hardly_seen(catalog, [{"video_id": "w", "track": "w+motion", "file_name": "other.mp4"}]) == []


def clips(*kinds: str) -> list[dict]:
    """Rows of clips: "shown", "lost" (the speaker) or "still" (the picture)."""
    return [
        {
            "clip_id": clip_id("v", k),
            "track_id": "v",
            "index": k,
            "usable": kind == "shown",
            "repeated": [False, *[kind == "still"] * 3],
            "orientation": [0.0] * 12,
        }
        for k, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("shown", "lost", "lost"), "only 1 of its 3 clips can be shown (the speaker is lost or unsure in 2)"),
        (("still", "still"), "none of its 2 clips can be shown (the picture stands still in 2)"),
        (
            ("shown", "still", "lost", "shown"),
            "only 2 of its 4 clips can be shown (the picture stands still in 1, the speaker is lost or unsure in 1)",
        ),
    ],
)
def test_it_is_said_how_many_clips_cannot_be_shown_and_why(catalog, kinds, said):
    catalog.table("clips").upsert(clips(*kinds))
    assert unusable(catalog, ADDED) == [f"talk.mp4: {said}"]


def test_nothing_is_said_of_a_video_that_can_be_shown_throughout(catalog):
    catalog.table("clips").upsert(clips("shown", "shown"))
    assert unusable(catalog, ADDED) == []


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ((0, 0, 0), ""),
        ((0, 1.5, 0.6), ""),
        ((0, 0, 1.5), "to the left"),
        ((0, 0, -1.5), "to the right"),
        ((0, 0, 3), "down"),
    ],
)
def test_a_speaker_on_the_side_is_named_with_what_to_do(catalog, turn, said):
    catalog.table("clips").upsert([row | {"orientation": [*turn] * 4} for row in clips("shown", "shown", "lost")])
    found = turned(catalog, ADDED)
    assert found == ([f"talk.mp4: the speaker's head points {said}, and is shown so; {REMEDY}"] if said else [])
    assert turned(catalog, [{"video_id": "w", "track": "v", "file_name": "own motion.mp4"}]) == []


def test_a_second_video_in_other_clothes_and_another_room_is_named(catalog):
    def look(track: str, bin_: int) -> dict:
        colours = np.zeros(COLOURS, np.float32)
        colours[bin_] = 1
        face, clothes = np.zeros(FACE_POINTS * 3, np.float32), np.tile(colours, LOOKED_AT)
        return {"track_id": track, "clothes": clothes, "room": colours, "face": face}

    for video in "ab":
        add_video(catalog, "ann", video, uri=f"/videos/{video}.mp4")
    tracks = {row["video_id"]: row["track_id"] for row in catalog.avatar_videos("ann").values()}
    added = [{"video_id": "b", "track": tracks["b"], "file_name": "b.mp4"}]
    catalog.table("looks").upsert([look(tracks["a"], 0), look(tracks["b"], 0)])
    assert strangers(catalog, "ann", added) == []
    catalog.table("looks").upsert([look(tracks["b"], COLOURS - 1)])
    (note,) = strangers(catalog, "ann", added)
    assert note.startswith("b.mp4: does not look like a.mp4") and "another avatar" in note


@pytest.mark.parametrize("note", [None, "", "does not look throughout as in its longest shot"])
def test_shots_that_look_otherwise_are_said_of_their_video(catalog, note):
    nobody = {"clothes": np.zeros(LOOKED_AT * COLOURS), "room": np.zeros(COLOURS), "face": np.zeros(FACE_POINTS * 3)}
    catalog.table("looks").upsert([{"track_id": "v", "note": note, **nobody}])
    assert changed_looks(catalog, ADDED) == ([f"talk.mp4: {note}"] if note else [])
    assert changed_looks(catalog, [{"video_id": "w", "track": "w", "file_name": "other.mp4"}]) == []


def test_a_run_that_finds_everything_done_reads_nothing_and_many_videos_cost_no_more_than_one(catalog, monkeypatch):
    """A look through `landmarks` or `clips` costs as much for one video as for all."""
    videos = [{"video_id": f"v{k}", "track": f"v{k}", "file_name": f"{k}.mp4"} for k in range(40)]
    catalog.table("clips").upsert(
        [{**row, "track_id": f"v{k}", "clip_id": clip_id(f"v{k}", row["index"])}
         for k in range(40) for row in clips("shown", "lost")]
    )  # fmt: skip
    catalog.table("landmarks").upsert(
        [{"video_id": f"v{k}", "frame": f, "others": (k + f) % 3} for k in range(40) for f in range(4)]
    )
    looks = []
    for name in ("read", "count"):
        real = getattr(Table, name)

        def counted(self, *given, real=real, **more):
            looks.append(self.spec.name)
            return real(self, *given, **more)

        monkeypatch.setattr(Table, name, counted)

    def notes(added, undone, entered=()):
        looks.clear()
        tracks = [Track("ann", video["file_name"], video) for video in undone]
        return notes_about(catalog, _in_work({"ann": added, "bea": videos[:1]}, tracks, entered)), len(looks)

    assert notes(videos, []) == ([], 0)
    (one, looks_of_one), (all_, looks_of_all) = notes(videos, videos[:1]), notes(videos, videos)
    assert looks_of_one == looks_of_all
    assert one == [note for note in all_ if note.startswith("0.mp4:")] and len(one) == 2
    assert "0.mp4: 3 people in view (in 2 of 4 frames)" in one[0] and "only 1 of its 2 clips" in one[1]
    assert len(all_) == 80
    # made before, for somebody else: nothing is to be done, and what is to be known was not said of this avatar
    assert notes(videos, [], {("bea", "v0")})[0] == one
