"""What the deployments that judge leave to be seen in the UI."""

import json
from uuid import UUID

import pytest
import soundfile

from data_catalog import Catalog
from flows.deployed import judging
from flows.reenact import reenact
from tango_models.media.sound.audio import read_audio
from tango_models.synthetic.speaker import SPEAKER_VIDEO

SEAMS = {
    "seams_per_minute": 12.5,
    "seams_that_pop": 0.25,
    "elsewhere_pop": 0,
    "worst_seam": 3.14,
    "worst_elsewhere": 2.5,
    "worst_background": 2,
    "worst_background_elsewhere": 3,
}


def _table(flow, **parameters) -> list[dict]:
    """Of the artifact that a run of a flow made last."""
    state = flow(**parameters, return_state=True)
    assert state.is_completed(), state.message
    run = state.state_details.flow_run_id
    first, *_ = _artifacts(run)
    return json.loads(first["data"])


def _artifacts(run: UUID) -> list[dict]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        wanted = {"artifacts": {"flow_run_id": {"any_": [str(run)]}}, "sort": "KEY_ASC"}
        return client.request("POST", "/artifacts/filter", json=wanted).json()


def _render(catalog: Catalog, avatar: str, name: str, **metrics: float) -> None:
    row = {"render_id": name, "avatar": avatar, "uri": f"/out/{name}.mp4", "metrics": json.dumps(metrics), "unit": name}
    catalog.table("renders").upsert([row])


def test_seams_stand_in_a_table_a_line_for_each_render_that_was_measured(tmp_path, monkeypatch, prefect_server):
    catalog = Catalog(tmp_path / "catalog")
    monkeypatch.setenv("TANGO_CATALOG", catalog.uri)
    _render(catalog, "bea", "b", **SEAMS)
    _render(catalog, "ann", "a", **SEAMS)
    _render(catalog, "ann", "still", seams_per_minute=0)
    rows = _table(judging.evaluate_seams)
    assert [(row["avatar"], row["video"]) for row in rows] == [("ann", "a.mp4"), ("bea", "b.mp4")]
    assert (rows[0]["seams that pop"], rows[0]["worst seam"]) == ("25%", "3.1")
    assert [row["avatar"] for row in _table(judging.evaluate_seams, avatars=["bea"])] == ["bea"]
    ended = judging.evaluate_seams(avatars=["cleo"], return_state=True)
    assert ended.is_failed() and "has no render whose seams were measured" in (ended.message or "")


@pytest.mark.integration
def test_interpolators_and_lips_of_an_avatar_stand_in_tables(onboarded, monkeypatch, tmp_path):
    monkeypatch.setenv("TANGO_CATALOG", onboarded.catalog)
    given = {"avatars": ["ann"], "interpolators": ["cut", "fade"], "lengths": [3], "gaps": 1}
    rows = _table(judging.evaluate_interpolators, **given)
    assert {row["made by"] for row in rows} >= {"cut", "fade"} and {row["frames"] for row in rows} == {3}

    speech = tmp_path / "speech.wav"
    soundfile.write(speech, read_audio(SPEAKER_VIDEO)[: 3 * 16000], 16000)
    reenact("ann", str(speech), str(tmp_path / "judged.mp4"), settings=onboarded)
    rows = _table(judging.evaluate_lips, avatars=["ann"])
    assert {"footage", "match", "random"} <= {row["lips"] for row in rows}
    assert "judged.mp4" in {row["name"] for row in rows}
