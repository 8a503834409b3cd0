"""On the real clips, where they are."""

import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tango_models.media.gop import encode_gop, iter_gop
from tango_models.media.pictures.frames import FrameReader, iter_frames
from tango_models.media.probe import probe_video

FOOTAGE = Path(os.environ.get("TANGO_FOOTAGE", Path(__file__).parents[4] / "shared" / "data")) / "speakers"
CLIPS = sorted(FOOTAGE.glob("*_a.mp4")) if FOOTAGE.is_dir() else []
pytestmark = [pytest.mark.footage, pytest.mark.skipif(not CLIPS, reason="no real footage here")]


def test_every_frame_is_read_once():
    clip = CLIPS[-1]
    reader = FrameReader(clip)
    count = sum(1 for _ in reader)
    assert count == round(probe_video(clip).seconds * 30) and not reader.truncated


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.stem)
def test_stored_clips_are_nearly_lossless(clip):
    frames = np.stack(list(islice(iter_frames(clip), 4)))
    data = encode_gop(frames)
    error = (np.stack(list(iter_gop(data))).astype(np.float32) - frames) ** 2
    assert (10 * np.log10(255**2 / error.mean(axis=(1, 2, 3)))).min() >= 42
    assert len(data) / 4 < 110_000
