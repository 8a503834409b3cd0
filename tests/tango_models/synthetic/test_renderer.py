import numpy as np
import pytest

from tango_models.body.skeleton import JAW, JOINT
from tango_models.body.smplx_body import Body
from tango_models.synthetic.arms import solve_arm
from tango_models.synthetic.identity import IDENTITIES, find_identity
from tango_models.synthetic.renderer import Renderer
from tango_models.synthetic.vocabulary import _OPEN_WIDE, REST


@pytest.fixture(scope="module")
def renderer():
    return Renderer(find_identity("ada"), size=192)


def pose_of(renderer, state):
    pose = np.zeros((55, 3))
    for side in ("left", "right"):
        for name, rotation in solve_arm(state.vector(), renderer.figure.joints, side).items():
            pose[JOINT[name]] = rotation
    return pose.ravel()


def test_person_stands_in_the_middle_with_head_room(renderer):
    picture, person = renderer.frame(pose_of(renderer, REST))
    assert picture.shape == (192, 192, 3) and picture.dtype == np.uint8
    inside = person > 0.5
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    assert 10 < rows[0] < 40 and rows[-1] == 191
    assert abs((columns[0] + columns[-1]) / 2 - 96) < 6
    head, chest = inside[45].sum(), inside[110].sum()
    assert 25 < head < chest < 150
    assert person.max() <= 1.0 and person.min() >= 0.0


def test_hands_are_drawn_where_the_skeleton_says(renderer):
    pose = pose_of(renderer, _OPEN_WIDE)
    _, person = renderer.frame(pose)
    joints = Body.load().joints(pose[None], None, renderer.figure.betas)[0].numpy()
    for side, sign in (("left", 1), ("right", -1)):
        x, y, _ = renderer.camera.project(joints[JOINT[f"{side}_middle1"]])
        assert sign * (x - 96) > 40  # the speaker's left is at the picture's right
        assert person[int(y), int(x)] > 0.9


def test_the_mouth_is_dark_inside_when_open(renderer):
    pose = pose_of(renderer, REST)
    closed, _ = renderer.frame(pose)
    pose[3 * JAW] = 0.22
    opened, _ = renderer.frame(pose)
    change = opened.astype(int) - closed
    assert (change.sum(2) < -150).sum() >= 6
    assert np.abs(change[100:]).max() == 0  # nothing but the face changed


def test_frames_are_the_same_every_time(renderer):
    pose = pose_of(renderer, REST)
    again = Renderer(find_identity("ada"), size=192)
    assert np.array_equal(renderer.frame(pose)[0], again.frame(pose)[0])


def test_expression_changes_the_face_only_while_given(renderer):
    pose, blink = pose_of(renderer, REST), np.eye(10)[5]
    before = renderer.frame(pose)[0]
    assert (renderer.frame(pose, expression=blink)[0] != before).any()
    assert np.array_equal(renderer.frame(pose)[0], before)


def test_identities_differ_in_body_and_camera():
    assert len(IDENTITIES) >= 6
    built = [Renderer(identity, size=64) for identity in list(IDENTITIES.values())[:3]]
    pictures = [r.frame(pose_of(r, REST))[0] for r in built]
    for i in range(3):
        assert (pictures[i].std(axis=(0, 1)) > 10).all()  # a picture, not a flat card
        for j in range(i):
            assert np.abs(built[i].figure.betas - built[j].figure.betas).max() > 0.3
            assert np.abs(pictures[i].astype(int) - pictures[j]).mean() > 10
