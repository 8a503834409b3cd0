"""The motion of a recording as the model of a configuration reads it."""

import numpy as np
import pytest
import soundfile

from tango_models.aumoclip.backbones import EmbeddedBackbones
from tango_models.aumoclip.learning.pairs import PairData
from tango_models.aumoclip.learning.recordings import find_pairs
from tango_models.body.motion_io import Motion, save_motion
from tango_models.body.smplx_body import OPEN_BODY
from tango_models.errors import InputError
from tests.tango_models.aumoclip import tiny


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    poses, nothing = tiny.poses(160, size=0.9), np.zeros((160, 10))
    save_motion(folder / "ann.npz", Motion(poses, nothing[:, :3], nothing[0], nothing))
    soundfile.write(folder / "ann.wav", tiny.speech(160 / 30), 16000)
    return folder


@pytest.fixture
def licensed(tmp_path):
    """The file of `tiny.licensed_body`."""
    with np.load(OPEN_BODY, allow_pickle=False) as file:
        arrays = {**file, "v_template": tiny.licensed_body().arrays["v_template"]}
    np.savez(tmp_path / "SMPLX_NEUTRAL_2020.npz", **arrays)
    return tmp_path / "SMPLX_NEUTRAL_2020.npz"


def window(folder, cache, body=None, **inputs) -> np.ndarray:
    backbones = EmbeddedBackbones(tiny.embedded(**inputs))
    data = PairData.open(find_pairs(folder, body), backbones, cache)
    return data.batch(np.array([0])).motion[0].numpy().reshape(128, 55, 15)


def test_a_model_is_trained_on_the_angular_velocity_it_will_be_fed_with(folder, tmp_path):
    turn = window(folder, tmp_path / "cache")
    found = window(folder, tmp_path / "cache", angular_velocity="axis_angle")
    expected = np.gradient(tiny.poses(160, size=0.9).astype(np.float64), 1 / 30, axis=0)[:128].reshape(128, 55, 3)
    np.testing.assert_allclose(found[..., 12:], expected, rtol=1e-3, atol=2e-3)  # kept as float16
    np.testing.assert_array_equal(found[..., :12], turn[..., :12])
    assert np.abs(found - turn).max() > 0.5


def test_motion_of_the_open_body_does_not_train_a_model_of_smplx_joints(folder, tmp_path, licensed):
    with pytest.raises(InputError, match="ann: was not made with the licensed"):
        window(folder, tmp_path / "cache", joint_frame="smplx")
    motion = window(folder, tmp_path / "cache", licensed, joint_frame="smplx")
    np.testing.assert_allclose(motion[:, 0, :3], np.broadcast_to([0.002, -0.351, 0.012], (128, 3)), atol=1e-3)
    assert np.abs(window(folder, tmp_path / "cache")[:, 0, 1]).max() < 0.01  # the caches of two bodies do not mix
