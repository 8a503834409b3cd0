"""What many renders leave in the catalog."""

import shutil
from pathlib import Path

import pytest
import soundfile

from data_catalog import Catalog, Unit
from data_catalog.leases import kept
from flows import reenact as flow
from flows.configuration.settings import Settings
from flows.reenact import reenact
from tango_models.media.probe import content_id
from tango_models.media.sound.audio import read_audio
from tango_models.synthetic.speaker import SPEECH

pytestmark = [pytest.mark.integration, pytest.mark.soak]
RENDERS = 4


@pytest.fixture
def settings(onboarded, tmp_path) -> Settings:
    """Of a copy of the catalog: nobody else writes to it."""
    shutil.copytree(onboarded.catalog, tmp_path / "catalog")
    return onboarded.model_copy(update={"catalog": str(tmp_path / "catalog")})


def _speak(folder: Path, settings: Settings, seed: int, *, seconds: float = 2.5):
    """A render to a speech of its own."""
    path = folder / f"speech{seed}.wav"
    soundfile.write(path, read_audio(SPEECH)[seed * 8000 :][: round(seconds * 16000)], 16000)
    return reenact("ann", str(path), str(folder / f"{seed}.mp4"), scorer="prosody", seed=seed, settings=settings)


def test_a_render_adds_few_files_to_the_catalog_however_many_came_before(settings, tmp_path):
    def files() -> int:
        return sum(path.is_file() for path in Path(settings.catalog).rglob("*"))

    _speak(tmp_path, settings, 0)
    before = files()
    for seed in range(1, RENDERS + 1):
        _speak(tmp_path, settings, seed)
    assert Catalog(settings.catalog).table("renders").count() >= RENDERS + 1
    assert files() - before <= 5 * RENDERS


def test_seams_that_only_other_renders_use_are_dropped_when_they_take_too_much(settings, tmp_path):
    catalog = Catalog(settings.catalog)
    old = Unit("interpolate_seams", "x:000001>x:000009:flow", "an old seam", "1", "c", input_hash="i")
    seam = {"src": "x:000001", "dst": "x:000009", "interpolator_id": "flow", "pixels": bytes(100_000)}
    catalog.table("transitions").upsert([seam | old.provenance("r").columns()])
    catalog.finish(old, n_rows=1, run_id="r", seconds=0)
    tight = settings.model_copy(update={"transitions_mb": 0})
    made = _speak(tmp_path, tight, 3, seconds=11.0)  # longer than the footage: there are seams
    (note,) = made.report.notes
    assert "3.mp4" in note and "transitions_mb" in note
    kept = set(catalog.table("transitions").read(["unit"])["unit"].to_pylist())
    (record,) = [r for r in catalog.records("render_video").values() if r.subject == "3.mp4"]
    assert kept and kept <= set(record.upstream["interpolate_seams"])
    assert catalog.record("interpolate_seams", old.key) is None


def test_a_speech_that_only_other_renders_use_is_dropped_and_made_again_when_it_is_wanted(
    settings, tmp_path, monkeypatch
):
    catalog, during = Catalog(settings.catalog), list[set[str]]()
    update = flow.bring_up_to_date

    def watched(*given):
        during.append(kept(catalog, "analyse_speech", {content_id(path) for path in tmp_path.glob("*.wav")}))
        return update(*given)

    monkeypatch.setattr(flow, "bring_up_to_date", watched)
    tight = settings.model_copy(update={"speech_mb": 0})
    first = _speak(tmp_path, tight, 0)
    assert any("speech_mb = 0" in note for note in first.report.notes)
    _speak(tmp_path, tight, 1)
    ids = [content_id(tmp_path / f"speech{seed}.wav") for seed in range(2)]
    done = {key for key, record in catalog.records("analyse_speech").items() if record.status == "ok"}
    assert done == {ids[1]}  # other tests' speeches that cannot be used are failed, and told
    assert set(catalog.table("speech").read(["speech_id"])["speech_id"].to_pylist()) == {ids[1]}
    made = Path(first.video).stat().st_mtime_ns
    again = _speak(tmp_path, tight, 0)
    done = {stage.stage: stage.computed for stage in again.report.stages}
    assert done["analyse_speech"] == done["match_lips"] == 1 and done["retrieve_path"] == done["render_video"] == 0
    assert Path(first.video).stat().st_mtime_ns == made
    assert during == [{ids[0]}, {ids[1]}, {ids[0]}], "the speech of a render at work is not kept"
