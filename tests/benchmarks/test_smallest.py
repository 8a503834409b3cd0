"""Every benchmark runs: each once, as small as it gets. What it finds then is of no interest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.commands import workplace
from benchmarks.results import NAMES, faults_of
from tests.speaker import cut_speaker

SMALLEST = {
    "onboarding": "--runs 1 --seconds 2",
    "memory": "--seconds 2 3",
    "noop": "--runs 1 --seconds 2",
    "hopeless": "missing",
    "fleet": "--avatars 1 --videos 1 --seconds 2 --side 256",
    "machinery": "--videos 1 2",
    "made_clips": "--clips 60 --clips-a-video 30",
    "nodes": "--videos 2 --cpus 2 --unit-seconds 0.1",
    "submit": "--runs 1",
    "status": "--avatars 20 --clips 10 --runs 1",
    "reenact": "--runs 1 --speech-seconds 2 --avatar-seconds 4",
    "hour": "--minutes 0.1 --seconds 4 --side 256",
    "ledger": "--units 40",
    "search": "--runs 1 --avatars 1 --long 60 --large-limited 60",
    "real_search": "--catalog {catalog}",
    "edges": "--clips 60 --runs 1",
    "cuts": "--rounds 1 --clips {video}",
    "calibration": "--catalog {catalog} --seams 2",
    "seams": "--catalog {catalog}",
    "lips": "--frames 120",
    "real_lips": "--catalog {catalog} --speech {speech}",
    "fit": "--videos bruno --rendered 20 --frames 60 --cache {folder}",
    "embedding": "--runs 1 --seconds 5",
    "retrieval": "--hours 0.01 --processes 1 --catalog {catalog}",
    "comparison": "--catalog {catalog} --avatars ann --speech {speech} --scorers prosody random --seeds 1",
    "interpolators": "--seconds 4 --side 128 --steps 2 --small 0.1 --gaps 1 --interpolators cut",
    "acinterp_gpu": "--device cpu --size small --frames 4 --side 64 --steps 1",
    "chaos": "--rounds 1",
}


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> dict[str, Path]:
    """A short video, and a catalog in which it is the avatar `ann`."""
    from tango_models.synthetic.speaker import SPEECH

    folder = tmp_path_factory.mktemp("smallest")
    video = cut_speaker(folder / "video.mp4", start=0.0, seconds=8.0, side=256)
    with workplace() as place:
        place.tango("onboard", "ann", video, catalog=folder / "catalog")
    return {"folder": folder, "video": video, "speech": SPEECH, "catalog": folder / "catalog"}


def test_every_benchmark_has_a_smallest_size():
    assert sorted(SMALLEST) == sorted(NAMES)


@pytest.mark.soak
@pytest.mark.integration
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_prints_a_section(name, given, tmp_path):
    arguments = SMALLEST[name].format(**given).split()
    environment = os.environ | {"TANGO_FOOTAGE": str(tmp_path)}  # none: the synthetic speaker
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *arguments], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert faults_of(name, done.stdout.strip() + "\n") == []
