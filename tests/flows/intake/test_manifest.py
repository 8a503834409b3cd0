"""Lists of videos, as people and their tools write them."""

import csv
import io
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.intake.manifest import Batch, read_manifest
from tango_models.errors import InputError

GOOD = [
    {"avatar": "ann", "video": "/data/ann/1.mp4", "motion": "/data/ann/1.npz", "consent": "C-17", "scene": "desk"},
    {"avatar": "ann", "video": "s3://footage/ann/2.MOV"},
    {"avatar": "张伟", "video": "talks/3.webm", "consent": "form, page 2"},
]
KINDS = ("csv", "semicolon.csv", "jsonl", "parquet")


def write(folder: Path, kind: str, rows: list[dict], columns: list[str] | None = None) -> str:
    path = folder / f"talks.{kind}"
    names = columns or list(dict.fromkeys(name for row in rows for name in row))
    if kind.endswith("csv"):
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names, delimiter=";" if kind.startswith("semi") else ",", restval="")
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue(), encoding="utf-8-sig")
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    else:
        pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
    return str(path)


def row_number(kind: str, index: int) -> int:
    return index + (2 if kind.endswith("csv") else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_the_same(tmp_path, kind):
    found = read_manifest(write(tmp_path, kind, GOOD))
    assert found.refused == found.notes == []
    first, second = found.footage["ann"]
    assert (first.place, first.motion, first.consent, first.scene) == tuple(list(GOOD[0].values())[1:])
    assert first.row == f"talks.{kind} row {row_number(kind, 0)}"
    assert (second.place, second.motion, second.consent) == ("s3://footage/ann/2.MOV", None, "")
    assert found.footage["张伟"][0].place == str(tmp_path / "talks/3.webm")
    assert found.footage["张伟"][0].consent == "form, page 2"


BAD = {
    "a path as a name": ({"avatar": "../ann", "video": "/a.mp4"}, r"avatar name '\.\./ann': not allowed"),
    "a name with a slash": ({"avatar": "a/b", "video": "/a.mp4"}, "not allowed"),
    "a device": ({"avatar": "con", "video": "/a.mp4"}, "not allowed"),
    "no name": ({"avatar": " ", "video": "/a.mp4"}, "has no avatar"),
    "no video": ({"avatar": "bob", "video": ""}, "has no video"),
    "another kind of file": ({"avatar": "bob", "video": "/notes.txt"}, r"notes\.txt: is no video by its name"),
    "another motion": ({"avatar": "bob", "video": "/a.mp4", "motion": "/a.bvh"}, r"a\.bvh: is no \.npz"),
    "a URL": ({"avatar": "bob", "video": "https://youtu.be/x.mp4"}, "is a URL"),
    "keys in it": ({"avatar": "bob", "video": "s3://key:secret@bucket/x.mp4"}, "holds a name or keys"),
    "no key": ({"avatar": "bob", "video": "s3://bucket"}, "names no file"),
    "a column misspelt": ({"avatar": "bob", "video": "/a.mp4", "consnet": "C-1"}, "did you mean consent"),
    "contradiction": ({"avatar": "ann", "video": "/data/ann/1.mp4", "scene": "garden"}, r"video of row \d+ again"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_said_and_the_others_go_on(tmp_path, kind, name):
    row, said = BAD[name]
    kept = [{k: v for k, v in good.items() if "misspelt" not in name or k != "consent"} for good in GOOD]
    found = read_manifest(write(tmp_path, kind, [kept[0], row, *kept[1:]]))
    (line,) = found.refused
    assert line.startswith(f"talks.{kind} row {row_number(kind, 1)}: ") and len(line.splitlines()) == 1
    assert re.search(said, line)
    assert "secret" not in line
    assert [len(videos) for videos in found.footage.values()] == [2, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_twice_or_besides_is_noted(tmp_path, kind):
    rows = [
        *GOOD,
        GOOD[1],
        {"avatar": "Ju\u0308rgen", "video": "/j.mp4", "camera": "left"},
        {"avatar": "J\u00fcrgen", "video": "/j.mp4"},
    ]
    found = read_manifest(write(tmp_path, kind, rows))
    assert found.refused == [] and list(found.footage) == ["ann", "张伟", "J\u00fcrgen"]
    notes = "\n".join(found.notes)
    assert f"row {row_number(kind, 3)}: the same as row {row_number(kind, 1)}" in notes
    assert f"row {row_number(kind, 5)}: the same as row {row_number(kind, 4)}" in notes
    assert "column camera is not known" in notes and notes.count("camera") == 1


def test_one_video_may_show_two_avatars(tmp_path):
    rows = [{"avatar": "ann", "video": "/a.mp4", "motion": "/a.npz"}, {"avatar": "bob", "video": "/a.mp4"}]
    found = read_manifest(write(tmp_path, "csv", rows))
    assert found.refused == [] and [videos[0].motion for videos in found.footage.values()] == ["/a.npz", None]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("m.csv", b"", "has no column avatar"),
        ("m.csv", b"avatar,video\n", "names no video that can be used"),
        ("m.csv", b"avatar,vidoe\nann,/a.mp4\n", r"has no column video \(it has avatar, vidoe\)"),
        ("m.csv", b"avatar,video,avatar\nann,/a.mp4,bob\n", "has 2 columns avatar"),
        ("m.csv", "avatar,video\nJürgen,/a.mp4\n".encode("latin-1"), "is not UTF-8"),
        ("m.csv", b'avatar,video\nann,"/a.mp4\nbob,/b.mp4\n', r"row 2: cannot be read .*not closed"),
        ("m.jsonl", b"[1]\n{\n\n", r"(?s)row 1: is no JSON object.*row 2: is no JSON"),
        ("m.jsonl", b'{"avatar": 17, "video": "/a.mp4"}\n', "row 1: avatar is 17, no text"),
        ("m.parquet", b"PAR1 no", "is no parquet file"),
        ("m.parquet", b"", "is empty"),
    ],
)
def test_a_manifest_without_any_usable_row_is_refused_with_the_reasons(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data if data or name != "m.csv" else b"\n")
    with pytest.raises(InputError, match=said):
        read_manifest(str(tmp_path / name))


def test_what_is_behind_an_open_quotation_mark_is_not_lost_silently(tmp_path):
    (tmp_path / "m.csv").write_text('avatar,video\nann,/a.mp4\nbob,"/b.mp4\ncarl,/c.mp4\n')
    found = read_manifest(str(tmp_path / "m.csv"))
    assert list(found.footage) == ["ann"]
    assert found.refused[0].startswith("m.csv row 3: cannot be read")


def test_a_row_with_too_many_cells_is_not_guessed_at(tmp_path):
    (tmp_path / "m.csv").write_text("avatar,video\nann,/a, b.mp4\nbob,/b.mp4,\n")
    found = read_manifest(str(tmp_path / "m.csv"))
    assert found.refused == ["m.csv row 2: has 3 cells for 2 columns; quote its commas"] and list(found.footage) == [
        "bob"
    ]


CELL = st.one_of(st.sampled_from(["ann", "/a.mp4", "b.mp4", "s3://b/k.mp4", "../x", "", "a.npz"]), st.text(max_size=12))

ROW = st.fixed_dictionaries({"avatar": CELL, "video": CELL}, optional={"motion": CELL, "x": CELL})


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries({"avatar": CELL, "video": CELL}, optional={"motion": CELL, "x": CELL}), max_size=8
    )
)
def test_every_row_is_used_refused_or_noted(tmp_path, rows):
    path = write(tmp_path, "jsonl", rows)
    try:
        found = read_manifest(path)
    except InputError as error:
        found = Batch(refused=[line for line in str(error).splitlines() if " row " in line])
    used = {f.row for videos in found.footage.values() for f in videos}
    said = "\n".join([*used, *found.refused, *found.notes])
    for index in range(len(rows)):
        assert f"talks.jsonl row {index + 1}" in said
    for avatar in found.footage:
        assert "/" not in avatar and avatar not in (".", "..")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(["avatar", "video", "motion", "consent", "scene", "camera"]),
    st.sampled_from(["{}", "{} ", "{}!"]),
    st.booleans(),
)
def test_a_name_that_is_there_twice_is_said_and_nothing_is_lost(tmp_path, name, form, upper):
    """As one object's names, whatever their case, and as a table's columns."""
    twin = form.format(name.upper() if upper else name)
    first = {"avatar": "ann", "video": "/a.mp4", "motion": "/a.npz", "consent": "C-1", "scene": "desk", "camera": "1"}
    pairs = ", ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in [*first.items(), (twin, "other")])
    (tmp_path / "m.jsonl").write_text(f"{{{pairs}}}\n" + json.dumps({"avatar": "bob", "video": "/b.mp4"}) + "\n")
    found = read_manifest(str(tmp_path / "m.jsonl"))
    if "!" not in twin and name != "camera":
        assert found.refused == [f"m.jsonl row 1: says {name} twice; leave one"] and list(found.footage) == ["bob"]
    else:
        assert not found.refused and found.footage["ann"][0].consent == "C-1"
    names = [*first, twin]
    pq.write_table(pa.table([[v] for v in (*first.values(), "other")], names=names), tmp_path / "m.parquet")
    if twin.strip().lower() in ("avatar", "video", "motion", "consent", "scene"):
        with pytest.raises(InputError, match=f"has 2 columns {name}"):
            read_manifest(str(tmp_path / "m.parquet"))
    else:
        found = read_manifest(str(tmp_path / "m.parquet"))
        assert found.footage["ann"][0].scene == "desk" and not found.refused
        assert "camera is not known" in "\n".join(found.notes)
