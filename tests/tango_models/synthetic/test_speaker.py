import av
import numpy as np
import pytest

from tango_models.body.motion_io import load_motion
from tango_models.errors import InputError
from tango_models.synthetic.speaker import SPEAKER_MOTION, SPEAKER_VIDEO, SPEECH, synthesize


def frames_of(path):
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def test_a_short_small_speaker_is_reproducible_with_its_motion_beside_it(tmp_path):
    pytest.importorskip("espeakng_loader")
    seen = []
    for name in ("a.mp4", "b.mp4"):
        synthesize("Small boats sail home.", tmp_path / name, seed=4, size=96, max_seconds=1.0,
                   progress=lambda done, total: seen.append((done, total)))  # fmt: skip
    first, second = frames_of(tmp_path / "a.mp4"), frames_of(tmp_path / "b.mp4")
    assert first.shape == (30, 96, 96, 3) and np.array_equal(first, second)
    assert seen[29] == (30, 30)
    motion = load_motion(tmp_path / "a.npz")
    assert motion.poses.shape == (30, 165) and np.abs(motion.betas).max() > 0


def test_bad_requests_are_explained(tmp_path):
    for change, message in (({"size": 97}, "even"), ({"identity": "nobody"}, "no synthetic speaker")):
        with pytest.raises(InputError, match=message):
            synthesize("hello", tmp_path / "x.mp4", **change)
    assert not list(tmp_path.iterdir())


def test_the_shipped_speaker_matches_its_motion():
    with av.open(str(SPEAKER_VIDEO)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, float(video.average_rate)) == (768, 768, 30.0)
        assert video.codec_context.name == "h264" and audio.codec_context.name == "aac"
        count = video.frames
    assert load_motion(SPEAKER_MOTION).poses.shape == (count, 165)
    assert 25 * 30 <= count <= 40 * 30
    assert SPEAKER_VIDEO.stat().st_size < 4_000_000


def test_the_shipped_speech_is_plain_16_khz_with_a_pause():
    import soundfile

    audio, rate = soundfile.read(SPEECH)
    assert rate == 16000 and audio.ndim == 1 and 7 <= len(audio) / rate <= 12
    level = np.sqrt((audio[: len(audio) // 1600 * 1600].reshape(-1, 1600) ** 2).mean(1))
    middle = level[10:-10] < 0.003
    assert max(len(run) for run in "".join("x" if q else " " for q in middle).split()) >= 7
