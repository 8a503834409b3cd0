"""Landmarks of a video to SMPL-X: shape once, pose per frame, smooth over time, with a confidence per frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tango_models.body.camera import make_camera, project
from tango_models.body.depth import resolve_depth
from tango_models.body.initial_pose import initial_pose
from tango_models.body.joint_limits import joint_limits
from tango_models.body.motion_io import Motion
from tango_models.body.smoothing import gaussian
from tango_models.body.targets import Targets, build_targets
from tango_models.errors import InputError
from tango_models.perception.landmarks import Landmarks

if TYPE_CHECKING:
    from tango_models.body.smplx_body import Body

_UPPER_POINTS = (15, 16, 17, 18, 19, 20, 21)  # head, shoulders, elbows, wrists: what confidence is judged by
_UPPER_LANDMARKS = (0, 11, 12, 13, 14, 15, 16)


@dataclass(frozen=True)
class FitConfig:
    """Settings of :func:`fit_smplx`."""

    min_person_share: float = 0.1
    """Least share of frames in which a person must be found."""
    iterations: int = 40
    """Gradient steps per window, from the analytic pose."""
    shape_iterations: int = 80
    shape_frames: int = 32
    """Frames spread over the video from which its one shape is estimated."""
    window: int = 192
    """Frames fitted at once; memory grows with this, not with the video."""
    overlap: int = 12
    """Frames shared by neighbouring windows and cross-faded."""
    focal: float | None = None
    """Focal length in longest sides of the picture; None: 2.2 (a portrait lens)."""


@dataclass(frozen=True)
class Fit:
    """The fitted motion of a video's ``T`` frames."""

    motion: Motion
    """In the camera's axes: camera at the origin looking along -z, so ``trans`` is about (0, 0, -3)."""
    confidence: np.ndarray
    """(T,) float32 in 0..1, from visibility and reprojection error; halved in bridged gaps, 0 where not tracked."""
    camera: dict[str, Any]
    """For ``camera.project(joints, camera)``."""
    tracked: np.ndarray
    """(T,) bool: False in gaps of more than 8 frames, through which the pose before the gap is held."""


def fit_smplx(landmarks: Landmarks, body: Body, *, config: FitConfig | None = None) -> Fit:
    """Fit SMPL-X to the landmarks of one video.

    The shape and the camera are shared by the video. Poses start from an analytic solution and are refined on joints
    only against the picture, the landmarks' depth, hands, face and joint limits, in overlapping windows. Deterministic.
    Expressions stay zero: the jaw carries the mouth.

    Args:
        landmarks: T frames at 30 fps.
        body: the open body or a licensed SMPL-X file.

    Raises:
        InputError: no frames, or a person in too few of them.
    """
    from tango_models.body.optimiser import one_thread

    config = config or FitConfig()
    _check_person(landmarks, config)
    targets, known = build_targets(landmarks)
    camera = make_camera(landmarks.image_size, config.focal)
    with one_thread():
        betas, rest = _fit_shape(targets, landmarks.found, body, camera, config)
        targets, scale = resolve_depth(targets, rest, landmarks.found, camera)
        poses, trans, points = _fit_windows(targets, rest, scale, camera, config)
    confidence = _confidence(landmarks, targets, points, camera)
    poses, trans = _hold(poses, known), _hold(trans, known)
    bridged = known & ~landmarks.found
    confidence = np.where(known, np.where(bridged, 0.5 * confidence, confidence), 0.0)
    motion = Motion(
        poses=poses.reshape(len(poses), -1).astype(np.float32),
        trans=trans.astype(np.float32),
        betas=betas,
        expressions=np.zeros((len(poses), min(10, body.num_expressions)), np.float32),
    )
    return Fit(motion, confidence.astype(np.float32), camera, known)


def _check_person(landmarks: Landmarks, config: FitConfig) -> None:
    total, found = len(landmarks), int(landmarks.found.sum())
    if total == 0:
        raise InputError("video", "has no frames", "give a video that can be decoded")
    if found < max(1, config.min_person_share * total):
        raise InputError(
            "video",
            f"no person in {total - found} of {total} frames (need a person in {config.min_person_share:.0%})",
            "give footage that shows one speaker from the waist up, or lower min_person_share",
        )


def _fit_shape(
    targets: Targets, found: np.ndarray, body: Body, camera: dict[str, Any], config: FitConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Shape coefficients (S,) and the model points of its T-pose (80, 3)."""
    import torch

    from tango_models.body.model_points import rest_points
    from tango_models.body.optimiser import ShapeTerm, optimise

    seen = np.flatnonzero(found)
    chosen = seen[np.linspace(0, len(seen) - 1, min(config.shape_frames, len(seen))).round().astype(int)]
    size = min(10, body.num_betas)
    template = rest_points(body, torch.zeros(size))
    directions = torch.stack([rest_points(body, row) - template for row in torch.eye(size)], -1)
    shape, limits = ShapeTerm(template, directions), joint_limits(template[:55].numpy())
    targets, scale = resolve_depth(targets, template.numpy(), found, camera)
    poses = initial_pose(targets, template.numpy(), limits)
    trans = _place(poses, template.numpy(), targets, scale, camera)[chosen]
    optimise(
        targets.frames(chosen), poses[chosen], trans, template, limits, camera,
        iterations=config.shape_iterations, smooth=False, shape=shape,
    )  # fmt: skip
    betas = shape.betas.detach()
    return betas.numpy().copy(), rest_points(body, betas).numpy()


def _fit_windows(
    targets: Targets, rest: np.ndarray, scale: float, camera: dict[str, Any], config: FitConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Poses (T, 55, 3), translations (T, 3) and model points (T, 80, 3), window by window with cross-faded overlaps."""
    import torch

    from tango_models.body.optimiser import optimise

    limits = joint_limits(rest[:55])
    start_poses = initial_pose(targets, rest, limits)
    start_trans = _place(start_poses, rest, targets, scale, camera)
    total, step = len(start_poses), config.window - config.overlap
    out = [np.zeros((total, *tail), np.float32) for tail in ((55, 3), (3,), (80, 3))]
    for first in range(0, max(1, total - config.overlap), step):
        window = slice(first, min(first + config.window, total))
        solution = optimise(
            targets.frames(window), start_poses[window], start_trans[window], torch.as_tensor(rest), limits, camera,
            iterations=config.iterations,
        )  # fmt: skip
        fade = np.ones(window.stop - first, np.float32)
        if first:
            fade[: config.overlap] = np.linspace(0, 1, config.overlap + 2)[1:-1]
        for kept, found in zip(out, (solution.poses, solution.trans, solution.points), strict=True):
            share = fade.reshape(-1, *[1] * (found.ndim - 1))
            kept[window] = (1 - share) * kept[window] + share * found
    return out[0], out[1], out[2]


def _place(poses: np.ndarray, rest: np.ndarray, targets: Targets, scale: float, camera: dict[str, Any]) -> np.ndarray:
    """Translations (T, 3) that lay the shoulders of posed bodies over their landmarks, at the distance that ``scale``
    (pixels per metre) stands for."""
    import torch

    from tango_models.body.model_points import POINT, pose_points, rotation_matrices

    marks = [POINT["left_mark"], POINT["right_mark"]]
    with torch.no_grad():
        rotations = rotation_matrices(torch.as_tensor(poses, dtype=torch.float32))
        points = pose_points(torch.as_tensor(rest, dtype=torch.float32), rotations)[0].numpy()
    middle, pixels = points[:, marks].mean(1), targets.points[:, marks].mean(1)
    flat = (pixels - np.asarray(camera["center"])) * [1, -1] / scale
    wanted = np.concatenate([flat, np.full((len(flat), 1), -camera["focal"] / scale)], 1)
    return gaussian(wanted - middle, 3.0)


def _confidence(landmarks: Landmarks, targets: Targets, points: np.ndarray, camera: dict[str, Any]) -> np.ndarray:
    """(T,) in 0..1: mean visibility of the upper body times how well the model lies over it."""
    visibility = landmarks.body_visibility[:, _UPPER_LANDMARKS].mean(1)
    seen = project(points[:, _UPPER_POINTS[1:]], camera)
    weights = (targets.point_weights[:, _UPPER_POINTS[1:]] > 0).astype(np.float64)
    off = np.linalg.norm(seen - targets.points[:, _UPPER_POINTS[1:]], axis=-1)
    height = np.nanmedian(landmarks.person_box[:, 3] - landmarks.person_box[:, 1])
    error = (np.nan_to_num(off) * weights).sum(1) / np.maximum(weights.sum(1), 1) / max(float(height), 1.0)
    fitted = np.exp(-((error / 0.06) ** 2))
    found = landmarks.found
    return np.where(found, visibility, np.median(visibility[found])) * np.where(weights.sum(1) > 0, fitted, 0.0)


def _hold(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Unknown frames take the last known frame's value; those before the first, the first's."""
    frames = np.arange(len(values))
    last = np.maximum.accumulate(np.where(known, frames, -1))
    return values[np.where(last < 0, np.flatnonzero(known)[0], last)]
