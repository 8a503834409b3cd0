"""What is held of speeches stays within bounds, and what a running render needs stays."""

import os
from datetime import timedelta

import pytest

from data_catalog import Catalog, Unit
from data_catalog.keys import equals
from data_catalog.leases import Leases
from data_catalog.upkeep.speeches import drop_speeches, evict_speeches, known_speeches

FRAMES = 300
EACH = FRAMES * (1024 + 660) + FRAMES * 16000 * 2 // 30
MADE = {"analyse_speech": "{}", "embed_speech": "{}:model", "match_lips": "to {}:lips"}


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    return Catalog(tmp_path)


def _unit(catalog: Catalog, stage: str, key: str, said: str, **tables: dict) -> None:
    upstream = {} if stage == "analyse_speech" else {"analyse_speech": [said]}
    unit = Unit(stage, key, f"{said}.wav", "1", "c", upstream, input_hash="i")
    for table, row in tables.items():
        catalog.table(table).upsert([row | unit.provenance("r").columns()])
    catalog.finish(unit, n_rows=1, run_id="r", seconds=0)


def _speak(catalog: Catalog, speech: str, *, rendered: bool = True, frames: int = FRAMES) -> dict[str, bytes]:
    """What a render to a speech of 10 s leaves."""
    sizes = {"sound": frames * 16000 * 2 // 30, "low": frames * 512, "high": frames * 512, "lips": frames * 660}
    said = {name: os.urandom(size) for name, size in sizes.items()}
    row = {"speech_id": speech, "n_frames": frames, "audio": said["sound"], "file_name": f"{speech}.wav"}
    _unit(catalog, "analyse_speech", speech, speech, speech=row)
    row = {"speech_id": speech, "model_id": "model", "part": 0, "audio_low": said["low"], "audio_high": said["high"]}
    _unit(catalog, "embed_speech", f"{speech}:model", speech, speech_embeddings=row)
    _unit(catalog, "retrieve_path", f"to {speech}", speech, paths={"path_id": f"to {speech}", "speech_id": speech})
    row = {"path_id": f"to {speech}", "part": 0, "shape": said["lips"], "note": ""}
    _unit(catalog, "match_lips", f"to {speech}:lips", speech, lips=row)
    if rendered:
        _render(catalog, speech)
    return said


def _render(catalog: Catalog, speech: str) -> None:
    row = {"render_id": f"r {speech}", "speech_id": speech, "path_id": f"to {speech}"}
    _unit(catalog, "render_video", f"r {speech}", speech, renders=row)


def _left(catalog: Catalog) -> set[str]:
    """The speeches of which all is there; those of which a part is there are at fault."""
    by_stage = [{s for s in "abcdef" if key.format(s) in catalog.records(stage)} for stage, key in MADE.items()]
    for table, column in (("speech", "speech_id"), ("speech_embeddings", "speech_id"), ("lips", "path_id")):
        ids = catalog.table(table).read([column])[column].to_pylist()
        by_stage.append({value.removeprefix("to ") for value in ids})
    assert all(found == by_stage[0] for found in by_stage), by_stage
    return by_stage[0]


def test_speeches_longest_out_of_use_are_dropped_from_tables_ledger_and_disk(catalog, tmp_path):
    said = {speech: _speak(catalog, speech) for speech in "abcdef"}
    _render(catalog, "a")  # the oldest one was used last
    with Leases(catalog, "elsewhere") as run:
        run.keep("analyse_speech", "b")
        done = evict_speeches(catalog, limit=int(4.5 * EACH), keep=["c"])
    assert (done.units, done.bytes, done.left) == (2, 2 * EACH, 4 * EACH)
    assert _left(catalog) == set("abcf")
    assert {n: catalog.table(n).count() for n in ("paths", "renders")} == {"paths": 6, "renders": 6}
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for speech, secrets in said.items():
        there = {name for name, secret in secrets.items() if secret[:64] in on_disk}
        assert there == (set(secrets) if speech in "abcf" else set()), speech


def test_what_is_said_to_be_held_is_what_lies_on_the_disk(catalog):
    _speak(catalog, "a", frames=1800)
    there = sum(catalog.table(name).size_on_disk() for name in ("speech", "speech_embeddings", "lips"))
    assert evict_speeches(catalog, limit=10**9).left == pytest.approx(there, rel=0.1)


def test_below_the_limit_only_what_no_render_shows_and_is_old_goes_and_a_dry_run_drops_nothing(catalog):
    for speech in "ab":
        _speak(catalog, speech, rendered=speech == "a")
    assert evict_speeches(catalog, limit=2 * EACH).units == 0
    assert evict_speeches(catalog, limit=2 * EACH, unused_for=timedelta(days=1)).units == 0
    said = evict_speeches(catalog, limit=2 * EACH, unused_for=timedelta(0), dry_run=True)
    assert (said.units, said.bytes) == (1, EACH) and _left(catalog) == set("ab")
    assert evict_speeches(catalog, limit=2 * EACH, unused_for=timedelta(0)).units == 1
    assert _left(catalog) == {"a"}
    assert evict_speeches(catalog, limit=0, keep="a").left == EACH and _left(catalog) == {"a"}


@pytest.mark.parametrize("stage", MADE)
def test_one_that_a_crash_left_without_a_ledger_is_counted_and_goes_first(catalog, stage):
    for speech in "ab":
        _speak(catalog, speech)
    _render(catalog, "a")
    catalog.table("units").delete(equals(stage=[*MADE, "retrieve_path", "render_video"], subject="a.wav"))
    assert evict_speeches(catalog, limit=int(1.5 * EACH)).left == EACH
    assert _left(catalog) == {"b"}
    catalog.table("units").delete(equals(stage=stage))
    drop_speeches(catalog, "b")
    assert _left(catalog) == set()


def test_speeches_are_known_by_what_is_left_of_them(catalog):
    for speech in "abc":
        _speak(catalog, speech)
    drop_speeches(catalog, "b")
    catalog.table("units").delete(equals(unit="c"))
    assert known_speeches(catalog) == {"a": "a.wav", "b": "", "c": "c.wav"}
