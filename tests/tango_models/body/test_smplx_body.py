import numpy as np
import pytest
import torch

from tango_models.body.skeleton import JAW, JOINT, JOINT_NAMES, PARENTS, slots
from tango_models.body.smplx_body import OPEN_BODY, Body
from tango_models.errors import InputError


def random_motion(count=5):
    generator = torch.Generator().manual_seed(1)
    poses = 0.5 * torch.randn(count, 165, generator=generator)
    return poses, torch.randn(count, 3, generator=generator), torch.randn(count, 10, generator=generator)


def test_joints_and_vertices_are_those_of_the_smplx_package(body):
    import smplx

    poses, trans, betas = random_motion()
    model = smplx.SMPLX(
        str(OPEN_BODY), ext="npz", use_pca=False, flat_hand_mean=True, num_betas=10, num_expression_coeffs=10,
        batch_size=len(poses),
    )  # fmt: skip
    expected = model(
        global_orient=poses[:, :3], body_pose=poses[:, 3:66], jaw_pose=poses[:, 66:69], leye_pose=poses[:, 69:72],
        reye_pose=poses[:, 72:75], left_hand_pose=poses[:, 75:120], right_hand_pose=poses[:, 120:], betas=betas,
        transl=trans, expression=torch.zeros(len(poses), 10),
    )  # fmt: skip
    assert torch.allclose(body.joints(poses, trans, betas), expected.joints[:, :55], atol=1e-4)
    assert torch.allclose(body.vertices(poses, trans, betas), expected.vertices, atol=1e-4)


def test_skeleton_order_is_the_files_own(body):
    with np.load(OPEN_BODY, allow_pickle=False) as file:
        assert tuple(file["joint_names"].tolist()) == JOINT_NAMES
        assert file["kintree_table"][0].astype(np.int32).tolist() == PARENTS.tolist()


def test_zero_pose_is_a_t_pose_with_flat_hands(body):
    joints = body.rest_joints().numpy()
    for side, sign in (("left", 1), ("right", -1)):
        arm = [joints[JOINT[f"{side}_{name}"]] for name in ("shoulder", "elbow", "wrist", "middle1", "middle3")]
        assert np.ptp([p[1] for p in arm]) < 0.02  # one height
        assert (np.diff([sign * p[0] for p in arm]) > 0).all()  # the speaker's left is +x
        assert sign * (joints[JOINT[f"{side}_index1"], 2] - joints[JOINT[f"{side}_pinky1"], 2]) * sign > 0  # palms down
    assert joints[JOINT["head"], 1] > joints[JOINT["neck"], 1] > joints[0, 1] > joints[JOINT["left_ankle"], 1]


def test_gradients_reach_pose_shape_and_translation_from_the_zero_pose(body):
    poses, trans, betas = torch.zeros(2, 165), torch.zeros(2, 3), torch.zeros(10)
    for tensor in (poses, trans, betas):
        tensor.requires_grad_()
    body.joints(poses, trans, betas)[:, JOINT["left_wrist"]].square().sum().backward()
    for tensor in (poses, trans, betas):
        assert torch.isfinite(tensor.grad).all() and tensor.grad.abs().max() > 0


def test_jaw_rotation_opens_the_mouth_and_nothing_above_it(body):
    open_pose = torch.zeros(1, 165)
    open_pose[0, 3 * JAW] = 0.25
    moved = (body.vertices(open_pose) - body.vertices(torch.zeros(1, 165)))[0].numpy()
    rest = body.arrays["v_template"]
    lips = body.arrays["mask_lips"] > 128
    middle = rest[lips, 1].mean()
    lower = lips & (rest[:, 1] < middle - 0.004)
    assert moved[lower, 1].mean() < -0.008
    eyes_and_up = rest[:, 1] > body.rest_joints()[JOINT["left_eye"], 1].item()
    assert np.abs(moved[eyes_and_up]).max() < 1e-3


def test_expressions_move_the_face_but_no_joint(body):
    regressor, directions = body.regressor.numpy(), body.expression_directions.numpy()
    assert np.abs(directions).max((0, 1)).min() > 0.003
    assert np.abs(np.einsum("jv,vck->jck", regressor, directions)).max() < 1e-3


def test_shape_changes_the_body(body):
    tall = body.arrays["phenotype_betas"][body.arrays["phenotype_names"].tolist().index("height=1")]
    height = np.ptp(body.vertices(torch.zeros(2, 165), betas=np.stack([tall, -tall]))[..., 1].numpy(), axis=1)
    assert height[0] - height[1] > 0.1


def test_slots_are_the_joints_numbers_in_the_pose_vector():
    assert slots((0, 22)).tolist() == [0, 1, 2, 66, 67, 68]


def test_bad_files_are_refused_with_their_name(tmp_path):
    wrong = tmp_path / "not_a_body.npz"
    np.savez(wrong, anything=np.zeros(3))
    text = tmp_path / "text.npz"
    text.write_text("no archive")
    for path in (wrong, text, tmp_path / "missing.npz"):
        with pytest.raises(InputError, match=path.name):
            Body.load(path)


def test_object_arrays_in_a_licensed_file_are_not_unpickled(tmp_path):
    with np.load(OPEN_BODY, allow_pickle=False) as file:
        arrays = dict(file)
    path = tmp_path / "SMPLX_NEUTRAL.npz"
    np.savez(path, **arrays, part2num=np.array({"pickled": 1}, dtype=object))
    assert torch.equal(Body.load(path).rest_joints(), Body.load().rest_joints())
