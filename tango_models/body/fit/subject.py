"""What a video's frames share: the speaker's shape, the camera and the scale, from a sample of the video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tango_models.body.camera import make_camera
from tango_models.body.fit.cleaning import clean
from tango_models.body.fit.depth import pixels_per_metre, resolve_depth
from tango_models.body.fit.fit_config import FitConfig
from tango_models.body.fit.focal import likely_focal, mean_misfit
from tango_models.body.fit.framing import Framing, frame_person
from tango_models.body.fit.initial_pose import initial_pose
from tango_models.body.fit.joint_limits import JointLimits, joint_limits
from tango_models.body.fit.landmark_source import LandmarkSource, sample
from tango_models.body.fit.root_translation import root_translations
from tango_models.body.fit.targets import Targets, build_targets
from tango_models.errors import InputError
from tango_models.perception.landmarks import Landmarks

if TYPE_CHECKING:
    from tango_models.body.fit.optimiser import ShapeTerm, Solution
    from tango_models.body.smplx_body import Body


_LEAST_SHOT = 15  # frames


@dataclass(frozen=True)
class Subject:
    """The speaker of a video."""

    framing: Framing
    camera: dict[str, Any]
    """For ``camera.project(joints, camera)``."""
    betas: np.ndarray
    """(S,) float32 shape coefficients."""
    rest: np.ndarray
    """(85, 3) model points of the T-pose."""
    scale: float
    """Pixels per metre at the speaker."""

    def in_shot(self, shot: LandmarkSource, config: FitConfig) -> Subject:
        """The same speaker as one shot of several frames him: nearer or further, with or without the legs. A shot that
        shows less than half a second of him is taken to be framed as the others."""
        if shot.found.sum() < _LEAST_SHOT:
            return self
        excerpts = [clean(excerpt) for excerpt in sample(shot, config.sample_frames // 4)]
        framing = replace(frame_person(Landmarks.concatenate(excerpts)), face_shape=self.framing.face_shape)
        targets, found = _sample_targets(excerpts, framing)
        chosen = _evenly(found, config.shape_frames // 2)
        iterations, limits = max(1, config.shape_iterations // 3), joint_limits(self.rest[:55])
        scale = pixels_per_metre(targets, self.rest, found, framing.pixels_per_metre)
        solution = _pose(targets, chosen, self.rest, limits, scale, self.camera, iterations)
        return replace(self, framing=framing, scale=_scale(solution, self.camera))


def estimate_subject(source: LandmarkSource, body: Body, config: FitConfig, cuts: Sequence[int] = ()) -> Subject:
    """The speaker from at most ``config.sample_frames`` frames, however long the video is.

    Raises:
        InputError: no frames, or a person in too few of them.
    """
    _check_person(source, config)
    excerpts = [clean(excerpt) for excerpt in sample(source, config.sample_frames, cuts)]
    together = Landmarks.concatenate(excerpts)
    if not together.found.any():
        raise _nobody(len(together), len(together), config)
    framing = frame_person(together)
    targets, found = _sample_targets(excerpts, framing)
    speaker = _Sample(targets, found, framing.pixels_per_metre, body, config)
    focal = config.focal or likely_focal(partial(_palm_misfit, speaker, together.image_size))
    camera = make_camera(together.image_size, focal)
    betas, rest, scale = speaker.fit(camera, config.shape_iterations)
    return Subject(framing, camera, betas, rest, scale)


def _palm_misfit(speaker: _Sample, image_size: tuple[int, int], focal: float) -> float:
    camera = make_camera(image_size, focal)
    _, rest, scale = speaker.fit(camera, max(1, speaker.config.shape_iterations // 3))
    return mean_misfit(resolve_depth(speaker.targets, rest, scale, camera).palm_misfit)


class _Sample:
    """Some frames of the speaker, to which a shape is fitted with any camera."""

    def __init__(
        self, targets: Targets, found: np.ndarray, pixels_per_metre: float, body: Body, config: FitConfig
    ) -> None:
        import torch

        from tango_models.body.fit.model_points import rest_points

        self.targets, self.config = targets, config
        self._found, self._otherwise, self._body = found, pixels_per_metre, body
        self._chosen = _evenly(found, config.shape_frames)
        size = min(10, body.num_betas)
        self._template = rest_points(body, torch.zeros(size))
        rows = [rest_points(body, row) - self._template for row in torch.eye(size)]
        self._directions = torch.stack(rows, -1)
        self._limits = joint_limits(self._template[:55].numpy())

    def fit(self, camera: Mapping[str, Any], iterations: int) -> tuple[np.ndarray, np.ndarray, float]:
        """Shape (S,), model points of its T-pose (85, 3), and pixels per metre at the speaker."""
        from tango_models.body.fit.model_points import rest_points
        from tango_models.body.fit.optimiser import ShapeTerm

        shape, mean = ShapeTerm(self._template, self._directions), self._template.numpy()
        scale = pixels_per_metre(self.targets, mean, self._found, self._otherwise)
        solution = _pose(self.targets, self._chosen, mean, self._limits, scale, camera, iterations, shape)
        betas = shape.betas.detach()
        return betas.numpy().copy(), rest_points(self._body, betas).numpy(), _scale(solution, camera)


def _evenly(found: np.ndarray, count: int) -> np.ndarray:
    """At most ``count`` of the frames (T,) in which somebody was found, spread evenly."""
    seen = np.flatnonzero(found)
    return seen[np.linspace(0, len(seen) - 1, min(count, len(seen))).round().astype(int)]


def _pose(
    targets: Targets, chosen: np.ndarray, rest: np.ndarray, limits: JointLimits, scale: float,
    camera: Mapping[str, Any], iterations: int, shape: ShapeTerm | None = None,
) -> Solution:  # fmt: skip
    """The ``chosen`` frames posed one by one, from ``scale`` pixels per metre at the speaker."""
    import torch

    from tango_models.body.fit.optimiser import one_thread, optimise

    aims = resolve_depth(targets, rest, scale, camera)
    poses = initial_pose(aims, rest, limits)
    trans = root_translations(poses, rest, aims, scale, camera)[chosen]
    with one_thread():
        return optimise(
            aims.frames(chosen), poses[chosen], trans, torch.as_tensor(rest), limits, camera, iterations=iterations,
            smooth=False, shape=shape,
        )  # fmt: skip


def _scale(solution: Solution, camera: Mapping[str, Any]) -> float:
    """Pixels per metre at the speaker, where the shoulders are."""
    from tango_models.body.fit.model_points import POINT

    marks = [POINT["left_mark"], POINT["right_mark"]]
    return float(np.median(camera["focal"] / -solution.points[:, marks, 2]))


def _sample_targets(excerpts: Sequence[Landmarks], framing: Framing) -> tuple[Targets, np.ndarray]:
    """Aims of all excerpts with somebody in them, and (T,) bool in which of their frames somebody was found."""
    seen = [excerpt for excerpt in excerpts if excerpt.found.any()]
    targets = Targets.concatenate([build_targets(excerpt, framing)[0] for excerpt in seen])
    return targets, np.concatenate([excerpt.found for excerpt in seen])


def _check_person(source: LandmarkSource, config: FitConfig) -> None:
    total, found = len(source), int(source.found.sum())
    if total == 0:
        raise InputError("video", "has no frames", "give a video that can be decoded")
    if found < max(1, config.min_person_share * total):
        raise _nobody(total - found, total, config)


def _nobody(without: int, total: int, config: FitConfig) -> InputError:
    return InputError(
        "video",
        f"no person in {without} of {total} frames (need a person in {config.min_person_share:.0%})",
        "give footage that shows one speaker from the waist up, or lower min_person_share",
    )
