"""The optimiser over a video: in windows, cross-faded, each stretch going on where the one before it ended."""

from __future__ import annotations

import numpy as np

from tango_models.body.fit_config import FitConfig
from tango_models.body.initial_pose import initial_pose
from tango_models.body.joint_limits import joint_limits
from tango_models.body.model_points import POINT_COUNT
from tango_models.body.person import Person
from tango_models.body.placing import place
from tango_models.body.rotations import nearest_turn
from tango_models.body.targets import Targets

_SHAPES = ((55, 3), (3,), (POINT_COUNT, 3))


class Windows:
    """Fits consecutive stretches of one video. Windows lie on one grid over the video, wherever stretches begin."""

    def __init__(self, person: Person, config: FitConfig) -> None:
        import torch

        self._person, self._config = person, config
        self._limits, self._rest = joint_limits(person.rest[:55]), torch.as_tensor(person.rest)
        self._tail = [np.zeros((0, *shape), np.float32) for shape in _SHAPES]  # of the last window, past its stretch

    def fit(
        self, targets: Targets, known: np.ndarray, context: int, count: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Poses (T, 55, 3), translations (T, 3) and model points (T, 85, 3) of the next ``count`` frames.

        Args:
            targets: aims of these frames, ``context`` frames before them and at least a window's overlap after, as far
                as the video goes.
            known: (T,) bool, in which of the targets' frames there is anything to aim at.
        """
        from tango_models.body.optimiser import optimise

        person, config = self._person, self._config
        start_poses = initial_pose(targets, person.rest, self._limits)
        start_trans = place(start_poses, person.rest, targets, person.scale, person.camera)
        overlap = min(config.overlap, len(known) - context - count)
        out = [np.zeros((count + overlap, *shape), np.float32) for shape in _SHAPES]
        covered = len(self._tail[0])
        for whole, part in zip(out, self._tail, strict=True):
            whole[:covered] = part[: len(whole)]
        for first in range(0, count, config.window - config.overlap):
            stop = min(first + config.window, len(out[0]))
            if covered >= stop:
                break
            at = slice(context + first, context + stop)
            if not known[at].any():
                covered = 0
                continue
            solution = optimise(
                targets.frames(at), start_poses[at], start_trans[at], self._rest, self._limits, person.camera,
                iterations=config.iterations,
            )  # fmt: skip
            shared = max(0, covered - first)
            poses = solution.poses
            poses[:shared] = nearest_turn(poses[:shared], out[0][first : first + shared])
            fade = np.ones(stop - first, np.float32)
            fade[:shared] = np.linspace(0, 1, shared + 2)[1:-1]
            for whole, found in zip(out, (poses, solution.trans, solution.points), strict=True):
                share = fade.reshape(-1, *[1] * (found.ndim - 1))
                whole[first:stop] = (1 - share) * whole[first:stop] + share * found
            covered = stop
        self._tail = [whole[count:covered] if covered > count else whole[:0] for whole in out]
        return out[0][:count], out[1][:count], out[2][:count]
