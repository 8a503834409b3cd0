"""What `tango status --trace` lists of units that failed."""

import json

import pytest
from typer.testing import CliRunner

from data_catalog import Catalog, Unit
from data_catalog.refusals import refuse
from data_catalog.tables.schemas import SPEECH_STAGES
from flows.command_line.app import app
from tasks.rendering.output import render_key
from tasks.runtime.faults import describe, trace_of
from tasks.runtime.registry import STAGES
from tasks.views.motion_graph import pair_key, path_key
from tasks.views.paths.lips import lips_key
from tasks.views.paths.stand_ins import block_key
from tests.stages import add_video

ANN, BEA, SPEECH = "a" * 32, "b" * 32, "5" * 32
PATH = path_key([ANN], SPEECH, "aumoclip", 0)
CLIPS = {"create_clips": [ANN]}
UNITS: dict[str, tuple[str, dict[str, list[str]]]] = {
    "extract_frames": (ANN, {}),
    "detect_landmarks": (f"{ANN}:0001", {"extract_frames": [ANN]}),
    "detect_mouths": (f"{ANN}:0001", {"extract_frames": [ANN], "detect_landmarks": [f"{ANN}:0001"]}),
    "fit_smplx": (f"{ANN}~{'9' * 32}", {"extract_frames": [ANN]}),
    "create_clips": (ANN, {"fit_smplx": [ANN]}),
    "embed_clips": (f"{ANN}:model", CLIPS),
    "score_edges": (pair_key(ANN, "c" * 32), CLIPS),
    "analyse_speech": (SPEECH, {}),
    "embed_speech": (f"{SPEECH}:model", {"analyse_speech": [SPEECH]}),
    "retrieve_path": (PATH, {**CLIPS, "analyse_speech": [SPEECH]}),
    "match_lips": (lips_key(PATH), {**CLIPS, "retrieve_path": [PATH]}),
    "interpolate_seams": (f"{ANN}:000003>{ANN}:000009:flow", {}),
    "render_video": (render_key(PATH, "auto", "/out.mp4"), {**CLIPS, "retrieve_path": [PATH]}),
}
"""Of each stage a unit of ann's, and what it reads; its key and what it reads are as the stage plans them."""


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    catalog = Catalog(tmp_path / "catalog")
    add_video(catalog, "ann", ANN, uri="/ann.mp4")
    add_video(catalog, "bea", BEA, uri="/bea.mp4")
    return catalog


def _fail(catalog: Catalog, stage: str, key: str, upstream: dict[str, list[str]]) -> None:
    """As a worker writes down what nobody foresaw."""
    try:
        raise ZeroDivisionError("a fault in " + stage)
    except ZeroDivisionError as error:
        told = f"{describe(error, catalog.uri, stage)}\n{trace_of(error)}"
    catalog.fail(Unit(stage, key, f"{stage} of it", "1", "", upstream), told, run_id="r")


def _status(catalog: Catalog, *arguments: str) -> str:
    ran = CliRunner().invoke(app, ["status", *arguments, "--catalog", catalog.uri])
    assert ran.exit_code == 0, ran.output
    return ran.output


def _traced(stage: str) -> str:
    return f'raise ZeroDivisionError("a fault in " + stage)\nZeroDivisionError: a fault in {stage}\n'


@pytest.mark.parametrize("stage", STAGES)
def test_the_trace_of_a_unit_of_any_stage_is_where_its_message_says(catalog, stage):
    _fail(catalog, stage, *UNITS[stage])
    for arguments in (["--trace"], ["ann", "--trace"]):
        shown = _status(catalog, *arguments)
        assert f"{stage} {stage} of it: {stage} met a fault of its own" in shown and _traced(stage) in shown
    assert _traced(stage) not in _status(catalog) and _traced(stage) not in _status(catalog, "ann")
    assert (_traced(stage) in _status(catalog, "bea", "--trace")) == (stage in SPEECH_STAGES)
    (avatar,) = json.loads(_status(catalog, "ann", "--json"))
    for (unit,) in (avatar["failed_units"], json.loads(_status(catalog, "--trace", "--json"))):
        assert (unit["stage"], unit["unit"]) == (stage, UNITS[stage][0])
        assert unit["trace"].endswith(_traced(stage).strip())
    others = [other for other in STAGES if other != stage]
    assert _traced(stage) in _status(catalog, "--trace", "--stage", stage, "--stage", others[0])
    assert "Nothing failed" in _status(catalog, "--trace", "--stage", others[0])


def test_a_unit_of_repeated_frames_and_a_file_that_could_not_be_read_are_their_avatars(catalog):
    _fail(catalog, "interpolate_seams", block_key(ANN, 3), {"extract_frames": [ANN]})
    refuse(catalog, "ann", "/x.mp4", "x.mp4: is empty; copy it again", run_id="r")
    for arguments in (["--trace"], ["ann", "--trace"]):
        shown = _status(catalog, *arguments)
        assert _traced("interpolate_seams") in shown and "x.mp4: is empty; copy it again" in shown
    assert "x.mp4" not in _status(catalog, "bea", "--trace")


@pytest.mark.parametrize("other", ["--stale", "--units"])
def test_what_lists_something_else_is_refused_beside_it(catalog, other):
    ran = CliRunner().invoke(app, ["status", "--trace", other, "--catalog", catalog.uri])
    assert ran.exit_code == 2 and "leave out" in ran.output


def test_a_stage_that_is_none_is_refused(catalog):
    ran = CliRunner().invoke(app, ["status", "--trace", "--stage", "fly", "--catalog", catalog.uri])
    assert ran.exit_code == 1 and "--stage fly: is no stage; name extract_frames, " in ran.output
