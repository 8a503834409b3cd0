import numpy as np

from tango_models.interpolation.acinterp.poses import Poses, blended_path, draw_poses
from tango_models.interpolation.seam import window_alpha


def moving(start: np.ndarray, speed: np.ndarray, count: int = 8) -> Poses:
    """Everything at one place that moves evenly."""
    place = (start + speed * np.arange(count)[:, None]).astype(np.float32)
    return Poses(
        points=np.repeat(place[:, None], 4, 1),
        arms=np.broadcast_to(place[:, None, None], (count, 2, 24, 2)).copy(),
        heads=np.column_stack([place, np.full(count, 9, np.float32)]),
    )


def test_a_path_starts_with_the_outgoing_pose_and_ends_with_the_incoming():
    old, new = moving(np.array([10, 10]), np.array([2, 0])), moving(np.array([60, 30]), np.array([0, 3]))
    made = blended_path(old, new, window_alpha(len(old)))
    np.testing.assert_allclose(made.arms[0], old.arms[0])
    np.testing.assert_allclose(made.arms[-1], new.arms[-1])
    assert len(made) == len(old)


def test_the_blended_path_keeps_both_velocities():
    count = 61
    old, new = moving(np.array([10, 10]), np.array([2, 0]), count), moving(np.array([9, 30]), np.array([0, 3]), count)
    made = blended_path(old, new, window_alpha(len(old))).heads[:, :2]
    np.testing.assert_allclose(made[1] - made[0], [2, 0], atol=0.25)
    np.testing.assert_allclose(made[-1] - made[-2], [0, 3], atol=0.25)


def test_what_one_run_alone_knows_is_taken_and_what_none_knows_is_not_drawn():
    old, new = moving(np.array([10, 10]), np.array([1, 1])), moving(np.array([30, 30]), np.array([0, 1]))
    old.arms[:, 0] = np.nan
    made = blended_path(old, new, window_alpha(len(old)))
    np.testing.assert_allclose(made.arms[:, 0], new.arms[:, 0])
    unknown = Poses(*(np.full_like(getattr(old, k), np.nan) for k in ("points", "arms", "heads")))
    assert not draw_poses(unknown, 40, 40).any()


def test_pictures_show_left_and_right_in_other_colours_and_survive_places_far_outside():
    poses = moving(np.array([20, 20]), np.array([0, 0]), 1)
    poses.arms[0, 0, :3] = [[10, 10], [10, 20], [10, 30]]
    poses.arms[0, 1, :3] = [[30, 10], [30, 20], [1e7, 30]]
    picture = draw_poses(poses, 40, 40)
    assert picture.shape == (1, 40, 40, 3) and picture.dtype == np.uint8
    assert (picture[0, 25, 10] != picture[0, 15, 30]).any() and picture[0, 15, 30].any()
