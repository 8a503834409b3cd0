"""Mouths painted into frames of the synthetic speaker, whose mesh is found by the network."""

from itertools import islice

import cv2
import numpy as np
import pytest

from tango_models.lips.compositing import MouthPainter, MouthPicture
from tango_models.lips.head_pose import reference_face
from tango_models.lips.library import mouth_shapes
from tango_models.lips.mouths import covered, describe_mouths, mouth_box, no_mesh
from tango_models.lips.shapes import with_gap
from tango_models.media.pictures.frames import iter_frames
from tango_models.perception.face_mesh import FaceMeshDetector
from tango_models.synthetic.speaker import SPEAKER_VIDEO

HEAD = (slice(60, 360), slice(230, 540))


@pytest.fixture(scope="module")
def seen():
    """Every sixth frame of two seconds: pictures, and meshes in them."""
    frames = [frame[HEAD] for frame in islice(iter_frames(SPEAKER_VIDEO), 0, 90, 6)]
    detector = FaceMeshDetector()
    meshes = [mesh for frame in frames if (mesh := detector.find(frame)) is not None]
    detector.close()
    assert len(meshes) == len(frames)
    return [np.ascontiguousarray(frame) for frame in frames], np.stack(meshes)


@pytest.fixture(scope="module")
def reference(seen):
    return reference_face(seen[1])


def shape_of(mesh, reference):
    return mouth_shapes(mesh[None], reference)[0]


def test_a_frame_s_own_mouth_leaves_it_as_it_is(seen, reference):
    frames, meshes = seen
    made = MouthPainter(reference).paint(
        frames[3], meshes[3], [MouthPicture(frames[3], meshes[3])], shape_of(meshes[3], reference)
    )
    change = np.abs(made.astype(int) - frames[3])
    assert np.percentile(change, 99.9) <= 2 and change.mean() < 0.05


def test_strength_0_changes_nothing_and_another_mouth_only_the_lower_face(seen, reference):
    frames, meshes = seen
    openings = describe_mouths(zip(frames, meshes, strict=True), np.full((len(frames), 2, 21, 2), np.nan)).opening
    shut, wide = int(np.argmin(openings)), int(np.argmax(openings))
    painter, other = MouthPainter(reference), [MouthPicture(frames[wide], meshes[wide])]
    shape = shape_of(meshes[wide], reference)
    still = painter.paint(frames[shut], meshes[shut], other, shape, 0.0)
    assert np.percentile(np.abs(still.astype(int) - frames[shut]), 99.9) <= 1
    before = frames[shut].copy()
    made = painter.paint(frames[shut], meshes[shut], other, shape)
    np.testing.assert_array_equal(frames[shut], before)
    changed = np.abs(made.astype(int) - before).max(2) > 2
    rows = np.flatnonzero(changed.any(1))
    assert rows[0] >= meshes[shut][1, 1] - 4, "nothing above the tip of the nose"
    left, top, right, bottom = mouth_box(meshes[shut], (before.shape[1], before.shape[0]))
    assert changed[top:bottom, left:right].mean() > 0.2
    detector = FaceMeshDetector(tracks=False)
    found = detector.find(made)
    assert found is not None
    got = describe_mouths([(made, found)], np.full((1, 2, 21, 2), np.nan)).opening[0]
    assert abs(got - openings[wide]) < 0.4 * (openings[wide] - openings[shut]), "and the mouth is open as the other one"


def test_a_painted_mouth_is_as_sharp_as_the_footage_and_has_no_rim(seen, reference):
    frames, meshes = seen
    made = MouthPainter(reference).paint(
        frames[2], meshes[2], [MouthPicture(frames[9], meshes[9])], shape_of(meshes[9], reference)
    )
    left, top, right, bottom = mouth_box(meshes[2], (made.shape[1], made.shape[0]), room=0.6)

    def detail(frame):
        return np.abs(cv2.Laplacian(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.CV_32F))[top:bottom, left:right]

    assert 0.85 < detail(made).mean() / detail(frames[2]).mean() < 1.25


@pytest.mark.parametrize(("first", "second"), [(9, 4), (9, 12), (6, 11)])
def test_two_mouths_that_fade_into_each_other_are_as_sharp_as_one(seen, reference, first, second):
    frames, meshes = seen
    shape = shape_of(meshes[first], reference)
    box = mouth_box(meshes[2], (frames[2].shape[1], frames[2].shape[0]), room=0.1)

    def painted(*mouths):
        made = MouthPainter(reference).paint(frames[2], meshes[2], mouths, shape)
        left, top, right, bottom = box
        return cv2.cvtColor(made, cv2.COLOR_RGB2GRAY)[top:bottom, left:right]

    def detail(picture):
        return np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean()

    heavy, light = (MouthPicture(frames[k], meshes[k], w) for k, w in ((first, 2 / 3), (second, 1 / 3)))
    one, two = painted(MouthPicture(frames[first], meshes[first])), painted(heavy, light)
    assert 0.96 < detail(two) / detail(one) < 1.04
    assert np.abs(two.astype(int) - one).mean() > 0.1, "and it is on its way to the other"


def test_lips_that_are_shut_show_no_stray_pixels(seen, reference):
    frames, meshes = seen
    shape = with_gap(mouth_shapes(meshes[5:6], reference).astype(float), np.zeros(1))[0]
    made = MouthPainter(reference).paint(frames[5], meshes[5], [MouthPicture(frames[5], meshes[5])], shape)
    smooth = cv2.medianBlur(made, 5)
    assert (
        np.abs(made.astype(int) - smooth).max()
        <= np.abs(frames[5].astype(int) - cv2.medianBlur(frames[5], 5)).max() + 30
    )


def test_colours_follow_the_frame(seen, reference):
    frames, meshes = seen
    dark = np.clip(frames[9] * 0.8, 0, 255).astype(np.uint8)
    painter = MouthPainter(reference)
    made = painter.paint(frames[2], meshes[2], [MouthPicture(dark, meshes[9])], shape_of(meshes[9], reference))
    left, top, right, bottom = mouth_box(meshes[2], (made.shape[1], made.shape[0]))
    assert abs(made[top:bottom, left:right].mean() / frames[2][top:bottom, left:right].mean() - 1) < 0.08


def test_a_hand_over_the_lips_covers_them(seen):
    mesh = seen[1][0]
    hand = np.random.default_rng(0).uniform(-30, 30, (21, 2)) + mesh[13, :2]
    nowhere = np.full((21, 2), np.nan)
    assert covered(mesh, np.stack([nowhere, hand]))
    assert not covered(mesh, np.stack([nowhere, hand + np.array([0, 250])]))
    assert not covered(no_mesh(), np.stack([hand, hand])) and not covered(mesh, np.stack([nowhere, nowhere]))


def test_a_face_at_the_border_of_the_picture_is_painted_as_far_as_it_is_there(seen, reference):
    frames, meshes = seen
    for move in ([-150, 0, 0], [0, 170, 0], [140, 60, 0], [0, 400, 0]):
        shifted = meshes[2] + np.array(move, np.float32)
        made = MouthPainter(reference).paint(
            frames[2], shifted, [MouthPicture(frames[9], meshes[9])], shape_of(meshes[9], reference)
        )
        assert made.shape == frames[2].shape
