"""What a video's frames share: the speaker's shape, the camera and the scale, from a sample of the video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from tango_models.body.fit.joint_limits import joint_limits
from tango_models.body.fit.landmark_source import LandmarkSource, sample
from tango_models.body.fit.root_translation import root_translations
from tango_models.body.fit.targets import Targets, build_targets
from tango_models.errors import InputError
from tango_models.perception.landmarks import Landmarks

if TYPE_CHECKING:
    from tango_models.body.smplx_body import Body


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


def estimate_subject(source: LandmarkSource, body: Body, config: FitConfig) -> Subject:
    """The speaker from at most ``config.sample_frames`` frames, however long the video is.

    Raises:
        InputError: no frames, or a person in too few of them.
    """
    _check_person(source, config)
    excerpts = [clean(excerpt) for excerpt in sample(source, config.sample_frames)]
    together = Landmarks.concatenate(excerpts)
    if not together.found.any():
        raise _nobody(len(together), len(together), config)
    framing = frame_person(together)
    targets, found = _sample_targets(excerpts, framing)
    speaker = _Sample(targets, found, body, config)
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

    def __init__(self, targets: Targets, found: np.ndarray, body: Body, config: FitConfig) -> None:
        import torch

        from tango_models.body.fit.model_points import rest_points

        self.targets, self.config = targets, config
        self._found, self._body = found, body
        seen = np.flatnonzero(found)
        self._chosen = seen[np.linspace(0, len(seen) - 1, min(config.shape_frames, len(seen))).round().astype(int)]
        size = min(10, body.num_betas)
        self._template = rest_points(body, torch.zeros(size))
        rows = [rest_points(body, row) - self._template for row in torch.eye(size)]
        self._directions = torch.stack(rows, -1)
        self._limits = joint_limits(self._template[:55].numpy())

    def fit(self, camera: Mapping[str, Any], iterations: int) -> tuple[np.ndarray, np.ndarray, float]:
        """Shape (S,), model points of its T-pose (85, 3), and pixels per metre at the speaker."""
        from tango_models.body.fit.model_points import POINT, rest_points
        from tango_models.body.fit.optimiser import ShapeTerm, one_thread, optimise

        shape, mean = ShapeTerm(self._template, self._directions), self._template.numpy()
        scale = pixels_per_metre(self.targets, mean, self._found)
        aims = resolve_depth(self.targets, mean, scale, camera)
        poses = initial_pose(aims, mean, self._limits)
        trans = root_translations(poses, mean, aims, scale, camera)[self._chosen]
        with one_thread():
            solution = optimise(
                aims.frames(self._chosen), poses[self._chosen], trans, self._template, self._limits, camera,
                iterations=iterations, smooth=False, shape=shape,
            )  # fmt: skip
        betas = shape.betas.detach()
        marks = [POINT["left_mark"], POINT["right_mark"]]
        scale = float(np.median(camera["focal"] / -solution.points[:, marks, 2]))
        return betas.numpy().copy(), rest_points(self._body, betas).numpy(), scale


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
