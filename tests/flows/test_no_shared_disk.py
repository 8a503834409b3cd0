"""A cluster whose workers see no disk of the machine that starts a run: the catalog is all that they share."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data_catalog import Catalog
from tango_models.aumoclip import EMBEDDED
from tango_models.body.smplx_body import OPEN_BODY
from tango_models.media.pictures.frames import iter_frames
from tango_models.synthetic.speaker import SPEECH
from tests.media_samples import write_sound
from tests.speaker import cut_speaker
from tests.two_nodes import two_nodes

pytestmark = [pytest.mark.integration, pytest.mark.end_to_end]
TANGO = str(Path(sys.executable).parent / "tango")


def _run(environment: dict[str, str], *command: str) -> str:
    ran = subprocess.run([TANGO, *command], env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_everything_reaches_a_node_that_sees_only_the_catalog_and_comes_back(tmp_path):
    mine, catalog = tmp_path / "laptop", Catalog(tmp_path / "catalog")
    mine.mkdir()
    video = cut_speaker(mine / "talk.mp4", start=0.0, seconds=2.0, side=256)
    speech = write_sound(mine / "speech.wav", _words(1.0))
    body, model = mine / "body.npz", mine / "model.safetensors"
    shutil.copy(OPEN_BODY, body)
    shutil.copy(EMBEDDED, model)
    with two_nodes(mine) as environment:
        environment |= {"TANGO_CATALOG": catalog.uri, "TANGO_BODY": str(body), "TANGO_AUMOCLIP__CHECKPOINT": str(model)}
        _run(environment, "onboard", "ann", str(video))
        out = mine / "ann.mp4"
        _run(environment, "reenact", "ann", str(speech), "--out", str(out), "--lips", "off")
        again = _run(environment, "onboard", "ann", str(video))
    assert "0 units computed" in again
    assert len(list(iter_frames(out))) == 30
    assert (mine / "ann.motion.npz").is_file() and "ann.mp4" in (mine / "ann.report.html").read_text()
    left = catalog.table("files").read(["holder"])["holder"].to_pylist()
    assert set(left) == {""}, "what was handed over for a unit is dropped when it is done"
    assert all(rows == keys for rows, keys in catalog.verify().values())
    (row,) = catalog.table("renders").read(["uri"]).to_pylist()
    assert row["uri"] == str(out)


def _words(seconds: float):
    from tango_models.media.sound.audio import read_audio

    return read_audio(SPEECH)[: int(seconds * 16000)]
