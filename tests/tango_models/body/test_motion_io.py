import numpy as np
import pytest

from tango_models.body.motion_io import Motion, load_motion, save_motion
from tango_models.errors import InputError


def motion(count: int = 9, fps: float = 30.0) -> Motion:
    random = np.random.default_rng(0)
    return Motion(
        poses=random.normal(0, 0.3, (count, 165)).astype(np.float32),
        trans=random.normal(size=(count, 3)).astype(np.float32),
        betas=random.normal(size=10).astype(np.float32),
        expressions=random.normal(size=(count, 10)).astype(np.float32),
        fps=fps,
    )


def test_a_saved_motion_comes_back_and_has_the_common_form(tmp_path):
    save_motion(tmp_path / "m.npz", motion())
    back = load_motion(tmp_path / "m.npz")
    for name in ("poses", "trans", "betas", "expressions"):
        np.testing.assert_allclose(getattr(back, name), getattr(motion(), name), atol=1e-6)
    with np.load(tmp_path / "m.npz", allow_pickle=False) as file:
        assert file["betas"].shape == (300,) and file["expressions"].shape == (9, 100)
        assert file["mocap_frame_rate"] == 30 and file["model"] == "smplx2020"
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def test_the_same_motion_gives_the_same_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        save_motion(tmp_path / name, motion())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("fps, count, expected", [(60, 61, 30), (24, 24, 30), (25, 1, 1), (120, 100, 25)])
def test_other_frame_rates_are_brought_to_30(tmp_path, fps, count, expected):
    save_motion(tmp_path / "m.npz", motion(count, fps))
    back = load_motion(tmp_path / "m.npz")
    assert back.fps == 30 and abs(len(back) - expected) <= 1


def test_resampling_turns_at_constant_speed_past_half_a_turn(tmp_path):
    angles = np.linspace(2.8, 3.6, 11)  # passes pi, where the shortest axis-angle changes sign
    poses = np.zeros((11, 165), np.float32)
    poses[:, 3] = np.where(angles > np.pi, angles - 2 * np.pi, angles)
    save_motion(tmp_path / "m.npz", Motion(poses, np.zeros((11, 3)), np.zeros(10), np.zeros((11, 10)), fps=60))
    got = load_motion(tmp_path / "m.npz").poses[:, 3] % (2 * np.pi)
    np.testing.assert_allclose(np.diff(got)[:-1], 0.16, atol=1e-3)


def write(path, **changes):
    arrays = {"poses": np.zeros((4, 165)), "trans": np.zeros((4, 3)), "mocap_frame_rate": np.array(30)} | changes
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"poses": np.array([{}, {}], object)}, "pickled"),
        ({"poses": np.zeros((4, 72))}, "poses has shape"),
        ({"poses": None}, "no poses"),
        ({"trans": np.zeros((3, 3))}, "trans has shape"),
        ({"poses": np.full((4, 165), np.nan)}, "not finite"),
        ({"mocap_frame_rate": np.array(0)}, "mocap_frame_rate"),
        ({"poses": np.zeros((0, 165)), "trans": np.zeros((0, 3))}, "poses has shape"),
        ({"poses": np.full((4, 165), "x")}, "not a number"),
    ],
)
def test_what_is_no_motion_is_refused_with_its_name(tmp_path, changes, fault):
    write(tmp_path / "bad.npz", **changes)
    with pytest.raises(InputError, match=rf"bad\.npz.*{fault}"):
        load_motion(tmp_path / "bad.npz")


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such"):
        load_motion(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="text"):
        load_motion(tmp_path / "text.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(InputError, match="single array"):
        load_motion(tmp_path / "one.npy")


def test_nothing_is_left_behind_where_nothing_can_be_written(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        save_motion(tmp_path / "missing" / "m.npz", motion())
    assert not list(tmp_path.iterdir())
