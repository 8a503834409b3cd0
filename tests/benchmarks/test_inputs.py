"""What the benchmarks feed and count: lengths of made footage and speech, and which process is which."""

import numpy as np
import pytest

from benchmarks import footage
from benchmarks.memory import process_kind
from tests.speaker import cut_speaker


def test_made_video_has_exactly_the_asked_length_and_begins_again(tmp_path):
    from tango_models.media.pictures.frames import iter_frames

    source = cut_speaker(tmp_path / "source.mp4", start=4.0, seconds=0.5, side=64)
    made = footage.make_video([source, source], tmp_path / "made.mp4", 1.2)
    frames = [frame.astype(float) for frame in iter_frames(made)]
    assert len(frames) == 36
    assert np.abs(frames[15] - frames[0]).mean() < np.abs(frames[8] - frames[0]).mean()


def test_cut_speech_goes_on_at_its_beginning(tmp_path):
    import soundfile

    source = tmp_path / "source.wav"
    soundfile.write(source, np.linspace(-0.5, 0.5, 16000, dtype=np.float32), 16000)
    samples, rate = soundfile.read(footage.cut_speech(source, tmp_path / "cut.wav", 1.5, start=0.25))
    assert (len(samples), rate) == (24000, 16000)
    assert samples[0] == pytest.approx(-0.25, abs=0.01)
    assert samples[12000] == pytest.approx(-0.5, abs=0.01)


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("ray::detect_landmarks.process", "worker: detect_landmarks"),
        ("ray::IDLE", ""),
        ("/venv/bin/python -m flows.command_line.app onboard ann a.mp4", "flow"),
        ("/venv/bin/python -m uvicorn --factory prefect.server.api.server:create_app", "Prefect server"),
        ("/venv/ray/core/src/ray/raylet/raylet --raylet_socket_name=x", "Ray itself"),
    ],
)
def test_processes_are_named_by_what_they_are_for(command, kind):
    assert process_kind(command) == kind
