"""The pose of a head is taken out of its mesh and put back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tango_models.lips.head_pose import head_pose, reference_face, yaw_and_pitch
from tango_models.lips.library import mouth_shapes
from tango_models.lips.mouths import lip_measures
from tests.tango_models.lips.faces import face

angles = st.floats(-35, 35)


@settings(max_examples=25, deadline=None)
@given(angles, angles, angles, st.floats(20, 400), st.floats(0.0, 0.3))
def test_a_mouth_is_the_same_whatever_the_head_does(yaw, pitch, roll, scale, opening):
    turned = Rotation.from_euler("yxz", [yaw, pitch, roll], degrees=True).as_matrix()
    seen = (face(opening) @ turned.T * scale + [300, 200, 5]).astype(np.float32)[None]
    pose = head_pose(seen, face())
    np.testing.assert_allclose(pose.to_picture(pose.to_face(seen)), seen, atol=1e-2)
    np.testing.assert_allclose(mouth_shapes(seen, face()), mouth_shapes(face(opening)[None], face()), atol=1e-3)
    np.testing.assert_allclose(lip_measures(seen)[0], lip_measures(face(opening)[None])[0], atol=1e-3)


def test_the_sign_of_a_turned_head():
    yaws = [-20, 0, 20]
    seen = np.stack([face() @ Rotation.from_euler("y", -yaw, degrees=True).as_matrix().T for yaw in yaws])
    found = yaw_and_pitch(seen)[:, 0]
    assert found[0] < -10 < 10 < found[2] and abs(found[1]) < 5


def test_the_sign_of_a_head_that_looks_down():
    """The nose of a face that looks down goes down in the picture, towards greater y."""
    seen = np.stack([face() @ Rotation.from_euler("x", angle, degrees=True).as_matrix().T for angle in (-20, 0, 20)])
    assert seen[0, 1, 1] < seen[1, 1, 1] < seen[2, 1, 1]
    assert np.allclose(np.diff(yaw_and_pitch(seen)[:, 1]), 20, atol=2)
    assert "above 0 when it looks down" in " ".join((yaw_and_pitch.__doc__ or "").split())


def test_a_frame_without_a_face_has_no_pose_and_spoils_no_other():
    seen = np.stack([face() * 100, np.full((478, 3), np.nan), face(0.2) * 50])
    found = head_pose(seen, face())
    assert np.isfinite(found.scale).tolist() == [True, False, True]
    assert reference_face(seen).shape == (478, 3)
    with pytest.raises(ValueError, match="no face"):
        reference_face(seen[1:2])
