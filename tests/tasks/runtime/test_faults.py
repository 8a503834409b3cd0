"""What a person is told of a fault that nobody foresaw."""

import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from flows.command_line.app import app
from tango_models.errors import InputError
from tasks.fit_smplx import FitSmplx
from tasks.runtime.cluster.workers import StageWorker
from tasks.runtime.faults import describe
from tests.stages import add_video, mark_done, plan


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    catalog = Catalog(tmp_path / "catalog")
    add_video(catalog, "ann", "v", uri="/footage/talk.mp4")
    catalog.table("videos").upsert([{"video_id": "v", "n_frames": 8, "unit": "v"}])
    mark_done(catalog, "extract_frames", "v")
    mark_done(catalog, "detect_landmarks", "v:0000", of={"extract_frames": ["v"]})
    return catalog


def test_it_says_the_stage_what_to_do_and_where_the_trace_is(catalog, monkeypatch):
    def break_down(self, source, unit, out):
        raise ValueError("Non-positive determinant")

    monkeypatch.setattr(FitSmplx, "process", break_down)
    monkeypatch.setattr(FitSmplx, "setup", lambda self: None)
    (unit,) = plan(catalog, "fit_smplx", track="v")
    outcome = StageWorker("fit_smplx", {}, catalog.uri, None, "run").process(unit)
    assert outcome.transient and "break_down" in outcome.trace
    for said in ("fit_smplx met a fault", "ValueError: Non-positive determinant", "run the command again", "--trace"):
        assert said in outcome.error
    shown = CliRunner().invoke(app, ["status", "ann", "--catalog", catalog.uri])
    assert "ValueError: Non-positive determinant" in shown.output and "break_down" not in shown.output
    traced = CliRunner().invoke(app, ["status", "ann", "--trace", "--catalog", catalog.uri])
    assert "in break_down" in traced.output


def test_a_fault_of_the_input_is_told_as_it_is():
    error = InputError("talk.mp4", "is empty", "copy it again")
    assert describe(error, "catalog", "extract_frames") == str(error)
