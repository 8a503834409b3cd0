"""A network of one's own is held to what was agreed."""

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.lips import plugs
from tango_models.lips.plugs import check_lips, plugged

FRAMES = [np.full((4, 6, 3), k, np.uint8) for k in range(5)]


def run(plug):
    return list(plugged(plug, "plug:x", iter(FRAMES), np.zeros(2667, np.float32), 30))


def test_frames_go_in_and_come_out():
    made = run(lambda frames, audio, fps: (255 - frame for frame in frames))
    assert [int(frame[0, 0, 0]) for frame in made] == [255, 254, 253, 252, 251]


@pytest.mark.parametrize(
    "plug",
    [
        lambda frames, audio, fps: (frame for frame in list(frames)[:3]),
        lambda frames, audio, fps: (next(frames) for _ in range(3)),
        lambda frames, audio, fps: (frame[:2] for frame in frames),
        lambda frames, audio, fps: (frame / 255 for frame in frames),
        lambda frames, audio, fps: (frame for given in frames for frame in (given, given)),
    ],
)
def test_anything_else_is_refused(plug):
    with pytest.raises(InputError, match="plug:x"):
        run(plug)


def test_unknown_names_are_refused(monkeypatch):
    assert [check_lips(name) for name in ("off", "match")] == ["off", "match"]
    for name in ("", "wav2lip", "plug:", "plug:nobody"):
        with pytest.raises(InputError, match="--lips"):
            check_lips(name)
    assert plugs.GROUP == "tango.lips"
