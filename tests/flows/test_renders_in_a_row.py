"""What many renders leave in the catalog."""

import shutil
from pathlib import Path

import pytest
import soundfile

from data_catalog import Catalog
from flows.reenact import reenact
from flows.settings import Settings
from tango_models.media.audio import read_audio
from tango_models.synthetic.speaker import SPEECH

pytestmark = pytest.mark.integration
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
    seconds = 11.0  # longer than the footage: there are seams
    first = _speak(tmp_path, settings, 0, seconds=seconds)
    assert first.report.notes == []
    tight = settings.model_copy(update={"transitions_mb": 0})
    second = _speak(tmp_path, tight, 3, seconds=seconds)
    (note,) = second.report.notes
    assert "3.mp4" in note and "transitions_mb" in note
    kept = set(catalog.table("transitions").read(["unit"])["unit"].to_pylist())
    (last,) = [r for r in catalog.records("render_video").values() if r.subject == "3.mp4"]
    assert kept and kept <= set(last.upstream["interpolate_seams"])
    assert kept <= set(catalog.records("interpolate_seams"))
    Path(first.video).unlink()
    again = _speak(tmp_path, settings, 0, seconds=seconds)
    computed = {stage.stage for stage in again.report.stages if stage.computed}
    assert computed == {"interpolate_seams", "render_video"}
