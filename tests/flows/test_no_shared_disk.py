"""A cluster whose workers see no disk of the machine that starts a run: the catalog is all that they share."""

import os
import shutil
import subprocess
import sys
import textwrap

import pytest

from data_catalog import Catalog
from tango_models.aumoclip import EMBEDDED
from tango_models.body.smplx_body import OPEN_BODY
from tango_models.media.pictures.frames import iter_frames
from tango_models.media.sound.audio import read_audio
from tango_models.synthetic.speaker import SPEECH
from tests.media_samples import write_sound
from tests.speaker import cut_speaker
from tests.two_nodes import two_nodes

pytestmark = [pytest.mark.integration, pytest.mark.end_to_end, pytest.mark.soak]

# All stages, of a video and then of a speech, by the same calls as a flow's; and what the catalog holds on the way.
_RUN = """
    import sys
    from pathlib import Path
    from data_catalog import Catalog
    from flows.configuration.settings import Settings
    from tango_models.media.probe import content_id
    from tasks.runtime.cluster.pools import Pools
    from tasks.runtime.registry import PER_TRACK
    from tasks.runtime.run_stage import Attempts, Progress, compute_stage
    from tasks.views.motion_graph import path_key

    folder, settings = Path(sys.argv[1]), Settings()
    catalog, video, speech = Catalog(settings.catalog), folder / "talk.mp4", folder / "speech.wav"
    track, speech_id = content_id(video), content_id(speech)
    given = {"track": track, "video_id": track, "uri": str(video), "motion_uri": ""}
    spoken = {"speech_id": speech_id, "speech_uri": str(speech)}
    path_id = path_key([track], speech_id, "aumoclip", 0)
    shown = {"avatar": "ann", "path_id": path_id, "interpolator": "flow", "out": str(folder / "ann.mp4"), **spoken}
    path = {"avatar": "ann", "tracks": [track], "speech_id": speech_id, "scorer": "aumoclip", "seed": 0}
    work = [(stage, given) for stage in PER_TRACK] + [("score_edges", {"tracks": [track]})]
    work += [("analyse_speech", spoken), ("embed_speech", spoken), ("retrieve_path", path)]
    work += [("interpolate_seams", shown), ("render_video", shown)]
    with Pools(catalog, "run", settings.stage_configs(), settings.cluster) as pools:
        for stage, scope in work:
            summary = compute_stage(stage, stage, scope, pools, Progress(), Attempts(1))
            assert summary.ok, (summary.blocked, summary.errors)
            rows = catalog.table("files").read(["holder"])["holder"].to_pylist()
            assert set(rows) <= {""}, f"{stage} left what was handed over for it"
"""


def test_everything_reaches_a_node_that_sees_only_the_catalog_and_comes_back(tmp_path):
    mine, catalog = tmp_path / "laptop", Catalog(tmp_path / "catalog")
    mine.mkdir()
    cut_speaker(mine / "talk.mp4", start=0.0, seconds=2.0, side=256)
    write_sound(mine / "speech.wav", read_audio(SPEECH)[:16000])
    settings = {"TANGO_CATALOG": catalog.uri, "TANGO_BODY": str(mine / "body.npz")}
    settings["TANGO_AUMOCLIP__CHECKPOINT"] = str(mine / "model.safetensors")
    shutil.copy(OPEN_BODY, settings["TANGO_BODY"])
    shutil.copy(EMBEDDED, settings["TANGO_AUMOCLIP__CHECKPOINT"])
    with two_nodes(mine) as environment:
        command = [sys.executable, "-c", textwrap.dedent(_RUN), str(mine)]
        ran = subprocess.run(command, env=environment | settings, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert len(list(iter_frames(mine / "ann.mp4"))) == 30
    assert sorted(name for name in os.listdir(mine) if name.startswith("ann")) == [
        "ann.motion.npz",
        "ann.mp4",
        "ann.report.html",
    ]
    assert "ann.mp4" in (mine / "ann.report.html").read_text()
    assert all(rows == keys for rows, keys in catalog.verify().values())
