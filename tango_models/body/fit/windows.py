"""The optimiser over a video: in windows, cross-faded, each chunk going on where the one before it ended."""

from __future__ import annotations

import numpy as np

from tango_models.body.fit.fit_config import FitConfig
from tango_models.body.fit.initial_pose import initial_pose
from tango_models.body.fit.joint_limits import joint_limits
from tango_models.body.fit.model_points import POINT_COUNT
from tango_models.body.fit.root_translation import root_translations
from tango_models.body.fit.subject import Subject
from tango_models.body.fit.targets import Targets
from tango_models.body.rotations import nearest_turn

_SHAPES = ((55, 3), (3,), (POINT_COUNT, 3))


class Windows:
    """Fits consecutive chunks of one video. Windows lie on one grid over the video, wherever chunks begin."""

    def __init__(self, subject: Subject, config: FitConfig) -> None:
        import torch

        self._subject, self._config = subject, config
        self._limits, self._rest = joint_limits(subject.rest[:55]), torch.as_tensor(subject.rest)
        self._tail = [np.zeros((0, *shape), np.float32) for shape in _SHAPES]  # of the last window, past its chunk

    def fit(
        self, targets: Targets, known: np.ndarray, context: int, count: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Poses (T, 55, 3), translations (T, 3) and model points (T, 85, 3) of the next ``count`` frames.

        Args:
            targets: aims of these frames, ``context`` frames before them and at least a window's overlap after, as far
                as the video goes.
            known: (T,) bool, in which of the targets' frames there is anything to aim at.
        """
        from tango_models.body.fit.optimiser import optimise

        subject, config = self._subject, self._config
        start_poses = initial_pose(targets, subject.rest, self._limits)
        start_trans = root_translations(start_poses, subject.rest, targets, subject.scale, subject.camera)
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
                targets.frames(at), start_poses[at], start_trans[at], self._rest, self._limits, subject.camera,
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
