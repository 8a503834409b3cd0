import numpy as np
import pytest

from tango_models.body.motion_io import Motion
from tango_models.synthetic.degrade import add_noise, blurred_frames


class Dot:
    """A renderer of one white dot whose column is the pelvis' turn about z in degrees."""

    size = 64

    def frame(self, pose, trans, expression):
        picture = np.zeros((64, 64, 3), np.uint8)
        picture[32, round(np.degrees(pose[2]))] = 255
        return picture, picture[..., 0] / 255


def turning(degrees):
    poses = np.zeros((len(degrees), 165), np.float32)
    poses[:, 2] = np.radians(degrees)
    return Motion(poses, np.zeros((len(degrees), 3)), np.zeros(10), np.zeros((len(degrees), 10)))


def test_what_moves_is_smeared_over_the_way_it_goes_while_the_shutter_is_open():
    pictures = list(blurred_frames(Dot(), turning([20, 20, 20, 32]), shutter=0.5, samples=4))
    assert len(pictures) == 4
    np.testing.assert_array_equal(np.flatnonzero(pictures[1][32, :, 0]), [20])
    assert pictures[1].max() == 255
    smeared = np.flatnonzero(pictures[2][32, :, 0])
    assert smeared.min() == 20 and 21 < smeared.max() < 24 and len(smeared) > 1


def test_light_is_averaged_not_code_values():
    (_, picture, _) = blurred_frames(Dot(), turning([10, 30, 50]), shutter=0.5, samples=2)
    assert picture.max() == pytest.approx(255 * 0.5 ** (1 / 2.2), abs=1)


def test_noise_grows_with_light_keeps_the_mean_and_follows_its_seed():
    dark, bright = (np.full((64, 64, 3), level, np.uint8) for level in (40, 160))
    noisy = [add_noise(picture, np.random.default_rng(1)) for picture in (dark, bright)]
    assert 0.5 < noisy[0].std() < noisy[1].std() < 8
    assert abs(noisy[1].mean() - 160) < 0.5
    np.testing.assert_array_equal(noisy[1], add_noise(bright, np.random.default_rng(1)))
