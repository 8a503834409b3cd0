"""The parts of the speaker that are no copy of the body's surface: hanging hair and teeth."""

import numpy as np

from tango_models.body.skeleton import JOINT, JOINT_COUNT
from tango_models.synthetic import cuts as c


def _grid_faces(rows: int, columns: int) -> np.ndarray:
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    quads = [corner, corner + 1, corner + columns, corner + columns + 1]
    return np.concatenate([np.stack([quads[0], quads[2], quads[1]], 1), np.stack([quads[1], quads[2], quads[3]], 1)])


def hair_locks(shell: np.ndarray, values: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hair that hangs from under the shell (N,3) around the sides and the back: vertices, weights (V,55), faces."""
    columns, rows = 72, 16
    top_y = values[c.EYE_Y] + 0.068 * values[c.HAIR_SCALE]
    middle = values[c.HAIR_Z] - 0.005
    angle = np.linspace(np.deg2rad(52), np.deg2rad(308), columns)  # 0 is the face's direction
    ring = shell[np.abs(shell[:, 1] - top_y) < 0.016]
    around = np.arctan2(ring[:, 0], ring[:, 2] - middle) % (2 * np.pi)
    radius = np.hypot(ring[:, 0], ring[:, 2] - middle)
    near = np.exp(-(((angle[:, None] - around) / 0.12) ** 2)) + 1e-9
    start = (near * radius).sum(1) / near.sum(1) - 0.003
    fall = np.linspace(0, 1, rows)[:, None]
    side = np.sin(angle) ** 2  # over the ears it stands off more than at the back
    out = start + (0.012 + 0.016 * side) * np.sin(np.pi * np.clip(fall * 0.8, 0, 1)) ** 0.9 - 0.006 * fall**2
    waves = 0.0025 * np.sin(angle * 31 + 3 * fall) * fall
    points = np.stack([np.sin(angle) * (out + waves),
                       np.broadcast_to(top_y - fall * (length + 0.082), out.shape),
                       middle + np.cos(angle) * (out + waves)], -1).reshape(-1, 3)  # fmt: skip
    weights = np.zeros((len(points), JOINT_COUNT))
    share = np.repeat(0.3 * fall.ravel() ** 2, columns)
    weights[:, JOINT["head"]], weights[:, JOINT["neck"]] = 1 - share, share
    return points, weights, _grid_faces(rows, columns)


def teeth(values: np.ndarray, joint: int, low: float, high: float, behind: float):
    """One row of teeth as a bent strip: vertices, weights (V,55), faces. Heights from the lips' middle, metres."""
    x = np.linspace(-0.021, 0.021, 15)
    z = values[c.LIP_Z] - behind - 28 * x**2
    points = np.concatenate([np.stack([x, np.full(15, values[c.LIP_Y] + h), z], 1) for h in (high, low)])
    weights = np.zeros((len(points), JOINT_COUNT))
    weights[:, joint] = 1
    return points, weights, _grid_faces(2, 15)
