"""Gradient descent on pose, place and shape, many frames at once, on joints only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tango_models.body.fit.joint_limits import HINGES, JointLimits
from tango_models.body.fit.model_points import POINT, hand_points, pose_points, rotation_matrices
from tango_models.body.fit.palm_pose import PALM
from tango_models.body.fit.targets import BONES, Targets
from tango_models.body.skeleton import HEAD, JAW, JOINT_COUNT, LEFT_EYE, LEGS, RIGHT_EYE

if TYPE_CHECKING:
    import torch

_LIMIT_SIGMA = 0.05  # radians beyond a limit
_HINGE_SIGMA = 0.1  # sine of the angle by which a hinge's bone leaves its plane
_PRIOR_WEIGHT = 0.5
# Acceleration per frame^2. A full gesture (1 rad at 2 Hz) has 0.17 rad; what is left of the tremor a tenth of that.
_POSE_ACCELERATION, _PLACE_ACCELERATION = 0.15, 0.01
# Change per frame of what is hardly seen: legs out of the picture, and the place of the pelvis.
_STILL_POSE, _STILL_PLACE = 0.01, 0.01
# Metres by which the shoulders come nearer than they start. A centimetre changes the picture by half a pixel: without
# this the depth follows the hands, and over rendered trunks that hardly move it wandered by 3 cm; with it by 1.
_DEPTH_SIGMA = 0.03
_SHOULDERS = [POINT["left_mark"], POINT["right_mark"]]
# How far a hand's points may lie from where the palm's mean puts them, metres. Fingers, which blur, count half.
_SHAPE_SIGMA, _FINGER_SHARE = 0.03, 0.5
_ROBUST = 3.0  # residuals beyond this many sigmas pull no harder (Charbonnier)


@dataclass(frozen=True)
class Solution:
    """Result of :func:`optimise` for B frames."""

    poses: np.ndarray
    """(B, 55, 3) float32."""
    trans: np.ndarray
    """(B, 3) float32 metres."""
    points: np.ndarray
    """(B, 85, 3) float32 metres in the camera's axes."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Small batched 3x3 products gain nothing from threads and lose 50-fold where cores are shared: 14 ms against
    770 ms an iteration of 128 frames, measured on two busy cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def optimise(
    targets: Targets,
    poses: np.ndarray,
    trans: np.ndarray,
    rest: torch.Tensor,
    limits: JointLimits,
    camera: Mapping[str, Any],
    *,
    iterations: int,
    smooth: bool = True,
    shape: ShapeTerm | None = None,
) -> Solution:
    """Fit the poses of B frames to their targets.

    Args:
        targets: aims of the B frames.
        poses: (B, 55, 3) to start from.
        trans: (B, 3) to start from.
        rest: (85, 3) model points of the T-pose; with ``shape``, those of the mean shape.
        smooth: the frames follow each other, so acceleration counts.
        shape: also fit the shape; its ``betas`` hold the result.
    """
    import torch

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(array), dtype=torch.float32)

    pose, place = tensor(poses).clone().requires_grad_(), tensor(trans).clone().requires_grad_()
    start, start_distance = pose.detach().clone(), None
    free = torch.ones(1, JOINT_COUNT, 1)
    frozen = [LEFT_EYE, RIGHT_EYE, JAW] + ([] if bool(targets.legs_seen[0]) else list(LEGS))
    free[:, frozen] = 0
    axes, low, high, usual, sigma = (
        tensor(a) for a in (limits.axes, limits.low, limits.high, limits.rest, limits.sigma)
    )
    pixels, point_weights = tensor(targets.points), tensor(targets.point_weights)
    bones, bone_weights = tensor(targets.bones), tensor(targets.bone_weights)
    head, head_weights = tensor(targets.head), tensor(targets.head_weights)
    hinge_joints = [joint for joint, _ in HINGES]
    # Columns flex, the direction the bone's end moves to, bone.
    hinge_axes = axes[hinge_joints].transpose(-1, -2) * torch.tensor([1.0, -1.0, 1.0])
    hinge_twist = torch.tensor([usual for _, usual in HINGES])
    bone_from, bone_to = (torch.tensor([bone[k] for bone in BONES]) for k in (0, 1))
    centre, focal = torch.tensor(camera["center"], dtype=torch.float32), float(camera["focal"])
    flip = torch.tensor([1.0, -1.0])
    groups = [{"params": [pose], "lr": 0.03}, {"params": [place], "lr": 0.01}]
    if shape is not None:
        groups.append({"params": [shape.betas], "lr": 0.05})
    optimiser = torch.optim.Adam(groups, betas=(0.8, 0.95))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: 0.5 * (1.05 + np.cos(np.pi * step / iterations))
    )
    legs_seen = bool(targets.legs_seen[0])
    hand_index, hand_pixels = torch.tensor([hand_points(side) for side in (0, 1)]), tensor(targets.hand_pixels)
    hand_weights = tensor(targets.hand_weights)[..., None] / _SHAPE_SIGMA**2 * torch.full((21,), _FINGER_SHARE)
    hand_weights[..., PALM] /= _FINGER_SHARE
    for _ in range(iterations):
        optimiser.zero_grad(set_to_none=True)
        current = start + (pose - start) * free
        points_at = rest if shape is None else shape.rest()
        local = rotation_matrices(current)
        points, world = pose_points(points_at, local)
        points = points + place[:, None]
        depth = (-points[..., 2:]).clamp_min(0.1)
        seen = points[..., :2] * flip * (focal / depth) + centre
        off = (seen - pixels) * (depth.detach() / focal)  # metres at the point's depth
        loss = _robust((off**2).sum(-1) * point_weights).sum()
        # A hand's points err together, so each hand is also compared as if it lay where its palm does.
        apart = (seen[:, hand_index] - hand_pixels) * (depth.detach()[:, hand_index] / focal)
        apart = apart - apart[:, :, PALM].mean(2, keepdim=True)
        loss = loss + _robust((apart**2).sum(-1) * hand_weights).sum()
        vectors = points[:, bone_to] - points[:, bone_from]
        lengths = vectors.detach().norm(dim=-1, keepdim=True)
        loss = loss + _robust(((vectors - lengths * bones) ** 2).sum(-1) * bone_weights).sum()
        loss = loss + 0.5 * _robust(((world[:, HEAD[-1]] - head) ** 2).sum((-1, -2)) * head_weights).sum()
        angles = torch.einsum("jab,tjb->tja", axes, current)
        beyond = (angles - high).clamp_min(0) + (low - angles).clamp_min(0)
        loss = loss + (beyond**2).sum() / _LIMIT_SIGMA**2
        loss = loss + _PRIOR_WEIGHT * (((angles - usual) / sigma) ** 2).sum()
        # A hinge's bone stays in the plane across its flex axis, on the bending side; twist is what tilts that axis.
        tilted = local[:, hinge_joints] @ hinge_axes  # (B, H, 3, 3): flex, side and bone turned
        bone, flexed = tilted[..., 2], tilted[..., 0]
        sideways = (bone * hinge_axes[..., 0]).sum(-1) / _HINGE_SIGMA
        backward = (bone * hinge_axes[..., 1]).sum(-1).clamp_max(0) / _LIMIT_SIGMA
        twist = 2 * (1 - (flexed * hinge_axes[..., 0]).sum(-1)) / hinge_twist**2
        loss = loss + (sideways**2 + backward**2 + _PRIOR_WEIGHT * twist).sum()
        if smooth and len(pose) > 2:
            loss = loss + ((current[2:] - 2 * current[1:-1] + current[:-2]) ** 2).sum() / _POSE_ACCELERATION**2
            loss = loss + ((place[2:] - 2 * place[1:-1] + place[:-2]) ** 2).sum() / _PLACE_ACCELERATION**2
            if not legs_seen:
                loss = loss + ((current[1:, 0] - current[:-1, 0]) ** 2).sum() / _STILL_POSE**2
            loss = loss + ((place[1:] - place[:-1]) ** 2).sum() / _STILL_PLACE**2
            distance = points[:, _SHOULDERS, 2].mean(1)
            start_distance = distance.detach() if start_distance is None else start_distance
            loss = loss + ((distance - start_distance) ** 2).sum() / _DEPTH_SIGMA**2
        if shape is not None:
            loss = loss + shape.penalty(len(pose))
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        current = start + (pose - start) * free
        points, _ = pose_points(rest if shape is None else shape.rest(), rotation_matrices(current))
        points = points + place[:, None]
    return Solution(current.detach().numpy(), place.detach().numpy(), points.numpy())


class ShapeTerm:
    """The shape shared by a video, fitted together with the poses of some of its frames.

    Args:
        template: (85, 3) model points of the mean shape.
        directions: (85, 3, S) how the model points move with each shape coefficient.
    """

    def __init__(self, template: torch.Tensor, directions: torch.Tensor) -> None:
        import torch

        self.betas = torch.zeros(directions.shape[-1], requires_grad=True)
        self._template, self._directions = template, directions

    def rest(self) -> torch.Tensor:
        """Model points (85, 3) of the present shape."""
        return self._template + self._directions @ self.betas

    def penalty(self, frames: int) -> torch.Tensor:
        """Distance from the mean shape, weighted as ``frames``: coefficients have standard deviation 1, but the
        landmarks of all frames err the same way, so it counts less than they do together."""
        return 0.1 * frames * (self.betas**2).sum()


def _robust(squared: torch.Tensor) -> torch.Tensor:
    """Charbonnier loss of squared residuals in sigmas: quadratic near zero, linear beyond ``_ROBUST``."""
    return 2 * _ROBUST**2 * ((1 + squared / _ROBUST**2).sqrt() - 1)
