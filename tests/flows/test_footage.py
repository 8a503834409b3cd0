"""The whole product on real footage, through the command line."""

import subprocess
import sys
from pathlib import Path

import av
import pytest

from data_catalog import Catalog

pytestmark = [pytest.mark.footage, pytest.mark.end_to_end, pytest.mark.soak]
TANGO = Path(sys.executable).parent / "tango"


def test_a_real_speaker_speaks_a_real_speech(footage, tmp_path, monkeypatch):
    monkeypatch.delenv("TANGO_STAGES__FIT_SMPLX__FIT__FOCAL")
    clip = footage / "speakers" / "speaker9_b.mp4"
    catalog, out = tmp_path / "catalog", tmp_path / "out.mp4"
    subprocess.run([TANGO, "onboard", "speaker9", clip, "--catalog", catalog], check=True)
    speech = footage / "speech" / "female_9s.wav"
    subprocess.run([TANGO, "reenact", "speaker9", speech, "--out", out, "--catalog", catalog], check=True)
    with av.open(str(out)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.width, video.height, video.average_rate) == ("h264", 768, 768, 30)
        assert sum(1 for _ in container.decode(video)) == 284
    (render,) = Catalog(catalog).table("renders").read(["render_id", "source_frame", "source_video"]).to_pylist()
    assert len(render["source_frame"]) == 284
    assert out.with_suffix(".report.html").stat().st_size > 10_000
