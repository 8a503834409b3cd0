"""Cloth as a shell around the body, and the pose in which it is made."""

import numpy as np
from scipy import sparse

from tango_models.body.skeleton import FINGERS, JOINT, JOINT_COUNT, PARENTS
from tango_models.synthetic.raster import vertex_normals

HANGING = np.deg2rad(52)  # how far below the T-pose the arms are where the clothes are made


class Shells:
    """Smoothing and offsetting parts of the body's surface."""

    def __init__(self, posed: np.ndarray, faces: np.ndarray, weights: np.ndarray) -> None:
        self.posed, self.faces, self.weights = posed, faces, weights
        self.normals = np.empty_like(posed)
        vertex_normals(posed, faces, self.normals)

    def averaging(self, inside: np.ndarray) -> sparse.csr_matrix:
        f = self.faces[inside[self.faces].all(1)]
        pairs = np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]])
        pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
        count = len(self.posed)
        graph = sparse.csr_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
        degree = np.asarray(graph.sum(1)).ravel()
        keep = sparse.diags((degree == 0).astype(float))
        return sparse.diags(1 / np.maximum(degree, 1)) @ graph + keep

    def cover(self, inside: np.ndarray, rounds: int, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (V,3) at least `offset` (V,) metres outside the skin, smooth; and equally smoothed weights (V,55)."""
        average = self.averaging(inside)
        points, weights = self.posed.copy(), self.weights.copy()
        for _ in range(rounds):
            points = 0.4 * points + 0.6 * (average @ points)
        for _ in range(6):
            weights = 0.5 * weights + 0.5 * (average @ weights)
        normals = np.empty_like(points)
        vertex_normals(points, self.faces, normals)
        # Only along the normal: a patch smoothed freely would shrink away from its own border.
        lift = np.maximum(((points - self.posed) * normals).sum(1), 0)
        for _ in range(2):
            lift = np.maximum(lift, average @ lift)
        for _ in range(8):
            lift = 0.5 * lift + 0.5 * (average @ lift)
        return self.posed + normals * (lift + offset)[:, None], weights / weights.sum(1, keepdims=True)


class HangingPose:
    """The body with hanging arms, in which clothes are made, and the way back to the T-pose."""

    def __init__(self, t_joints: np.ndarray) -> None:
        self.to_t = np.tile(np.eye(3), (JOINT_COUNT, 1, 1))  # world rotations hanging -> T-pose, as `unpose` takes them
        for side, sign in (("left", 1.0), ("right", -1.0)):
            s, co = np.sin(sign * HANGING), np.cos(HANGING)
            arm = ("shoulder", "elbow", "wrist", *(f"{finger}{k}" for finger in FINGERS for k in (1, 2, 3)))
            for name in arm:
                self.to_t[JOINT[f"{side}_{name}"]] = [[co, -s, 0], [s, co, 0], [0, 0, 1]]
        self.joints = t_joints.copy()
        for j in range(1, JOINT_COUNT):
            parent = PARENTS[j]
            self.joints[j] = self.joints[parent] + self.to_t[parent].T @ (t_joints[j] - t_joints[parent])
        self._back = self.to_t.transpose(0, 2, 1)
        self._shift = self.joints - np.einsum("jab,jb->ja", self._back, t_joints)

    def take(self, rest: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """T-pose points (V,3), skinning weights (V,55) to hanging points (V,3)."""
        return np.einsum("vj,jab,vb->va", weights, self._back, rest, optimize=True) + weights @ self._shift
