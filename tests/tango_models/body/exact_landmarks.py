"""Landmarks as a perfect detector would see a known motion: what the fit must be able to undo."""

import numpy as np
import torch

from tango_models.body.camera import DEFAULT_FOCAL, make_camera, project
from tango_models.body.fit.fitting import Fit
from tango_models.body.fit.model_points import (
    BODY_PAIRS,
    POINT,
    hand_points,
    pose_points,
    rest_points,
    rotation_matrices,
)
from tango_models.body.skeleton import JOINT
from tango_models.body.smplx_body import Body
from tango_models.perception.face_points import FACE_POINTS, SYMMETRIC_PAIRS
from tango_models.perception.hands import hand_boxes, palm_length
from tango_models.perception.landmarks import Landmarks

SIZE = (768, 768)


def gesture(count: int) -> np.ndarray:
    """Somebody talking with both hands before the chest, (T, 55, 3)."""
    t = np.arange(count) / 30
    pose = np.zeros((count, 55, 3), np.float32)
    for side, sign in (("left", 1), ("right", -1)):
        beat = np.sin(2 * np.pi * 0.8 * t + (0.4 if sign > 0 else 0))
        pose[:, JOINT[f"{side}_shoulder"], 2] = sign * (-1.15 + 0.12 * beat)
        pose[:, JOINT[f"{side}_shoulder"], 1] = sign * -0.25
        pose[:, JOINT[f"{side}_elbow"], 1] = sign * (-1.2 - 0.3 * beat)
        pose[:, JOINT[f"{side}_wrist"], 2] = sign * -0.1
        for finger in ("index", "middle", "ring", "pinky"):
            for k, bend in ((1, 0.4), (2, 0.5), (3, 0.3)):
                pose[:, JOINT[f"{side}_{finger}{k}"], 2] = sign * -bend * (1 + 0.3 * beat)
    pose[:, JOINT["head"], 1] = 0.2 * np.sin(2 * np.pi * 0.5 * t)
    pose[:, JOINT["neck"], 0] = 0.1
    pose[:, 0, 1] = 0.15
    return pose


def see(
    pose: np.ndarray, body: Body, *, size: tuple[int, int] = SIZE, focal: float = DEFAULT_FOCAL,
    place: tuple[float, float, float] = (0.0, -0.35, -2.3),
) -> tuple:  # fmt: skip
    """Landmarks (T frames) of a motion in pictures of ``size``, and its true model points (T, 85, 3). ``focal`` is in
    longest sides of the picture."""
    count = len(pose)
    rest = rest_points(body, torch.zeros(10))
    points, world = pose_points(rest, rotation_matrices(torch.as_tensor(pose)))
    points, head = points.numpy() + np.asarray(place, np.float32), world[:, JOINT["head"]].numpy()
    camera = make_camera(size, focal)
    px = project(points, camera)
    nearest = {0: 0, 1: 2, 3: 2, 4: 5, 6: 5, 9: 0, 10: 0, 17: 15, 19: 15, 21: 15, 18: 16, 20: 16, 22: 16, 29: 27,
               31: 27, 30: 28, 32: 28}  # fmt: skip
    index = dict((landmark, point) for point, landmark in BODY_PAIRS)
    order = [index.get(k, index.get(nearest.get(k))) for k in range(33)]
    hips = points[:, [POINT["left_hip"], POINT["right_hip"]]].mean(1, keepdims=True)
    body_xy = px[:, order].astype(np.float32)
    visibility = np.full((count, 33), 0.98, np.float32)
    visibility[:, 25:] = 0.02
    hands_xy = np.stack([px[:, hand_points(side)] for side in (0, 1)], 1).astype(np.float32)
    local = np.stack([points[:, hand_points(s)] - points[:, hand_points(s)[:1]] for s in (0, 1)], 1)
    local *= 0.092 / np.array([[palm_length(hand) for hand in row] for row in local])[..., None, None]
    face = _face(head, points[:, POINT["nose"]] - head @ np.array([0, 0, 0.1]))
    face_px = project(face, camera)
    boxes = np.stack([hand_boxes(h, b, v, size) for h, b, v in zip(hands_xy, body_xy, visibility, strict=True)])
    landmarks = Landmarks(
        size, body_xy, visibility, (points[:, order] - hips).astype(np.float32), hands_xy, local.astype(np.float32),
        np.ones((count, 2), np.float32), face_px.astype(np.float32),
        (face[..., 2] * camera["focal"] / -place[2]).astype(np.float32), np.ones(count, np.float32),
        np.ones((count, 64, 64), np.uint8), boxes, np.tile(np.float32([180, 60, 600, 768]), (count, 1)),
    )  # fmt: skip
    return landmarks, points


def joints(fit: Fit, body: Body) -> np.ndarray:
    """The fitted joints (T, 55, 3)."""
    return body.joints(fit.motion.poses, fit.motion.trans, fit.motion.betas).numpy()


def _face(head: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """A symmetric face (T, F, 3) turned by ``head`` about ``centre``."""
    random = np.random.default_rng(5)
    shape = {i: np.array([0, random.uniform(-0.05, 0.05), random.uniform(0.03, 0.09)]) for i in FACE_POINTS}
    for right, left in SYMMETRIC_PAIRS:
        x, y, z = random.uniform(0.02, 0.07), random.uniform(-0.05, 0.05), random.uniform(0, 0.06)
        shape[right], shape[left] = np.array([-x, y, z]), np.array([x, y, z])
    shape[10], shape[152] = np.array([0, 0.09, 0.06]), np.array([0, -0.09, 0.06])
    shape[234], shape[454] = np.array([-0.07, 0, 0]), np.array([0.07, 0, 0])
    shape[13], shape[14] = np.array([0, -0.04, 0.08]), np.array([0, -0.0415, 0.08])
    return np.stack([shape[i] for i in FACE_POINTS]) @ head.swapaxes(1, 2) + centre[:, None]
