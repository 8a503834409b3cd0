"""Landmarks of a video to SMPL-X: shape once, pose per frame, smooth over time, with a confidence per frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tango_models.body.fit.cleaning import clean
from tango_models.body.fit.confidence import PARTS, confidence_of, parts_of
from tango_models.body.fit.depth import resolve_depth
from tango_models.body.fit.fit_config import FitConfig
from tango_models.body.fit.landmark_source import LandmarkSource, Shot, spans
from tango_models.body.fit.subject import Subject, estimate_subject
from tango_models.body.fit.targets import build_targets
from tango_models.body.fit.windows import Windows
from tango_models.body.motion_io import Motion
from tango_models.body.rotations import continuous
from tango_models.perception.landmarks import Landmarks

if TYPE_CHECKING:
    from tango_models.body.smplx_body import Body

__all__ = ["Fit", "FitConfig", "fit_in_chunks", "fit_smplx"]

_CONTEXT = 90  # frames on either side of a chunk: more than any smoothing reaches


@dataclass(frozen=True)
class Fit:
    """The fitted motion of ``T`` consecutive frames."""

    motion: Motion
    """In the camera's axes: camera at the origin looking along -z, so ``trans`` is about (0, 0, -3)."""
    confidence: np.ndarray
    """(T,) float32 in 0..1, from visibility and reprojection error; below 0.3 in bridged gaps, 0 where not tracked."""
    parts: np.ndarray
    """(T, 6) float32 in 0..1: how surely each of ``confidence.PARTS`` was seen; what was not is held, or rests."""
    camera: dict[str, Any]
    """For ``camera.project(joints, camera)``."""
    tracked: np.ndarray
    """(T,) bool: False in gaps of more than 8 frames, through which the pose before the gap is held."""


def fit_smplx(landmarks: Landmarks, body: Body, *, config: FitConfig | None = None, cuts: Sequence[int] = ()) -> Fit:
    """Fit SMPL-X to the landmarks of one video.

    The shape and the camera are shared by the video. Poses start from an analytic solution and are refined on joints
    only against the picture, the landmarks' depth, hands, face and joint limits, in overlapping windows. Deterministic.
    Expressions stay zero: the jaw carries the mouth.

    Args:
        landmarks: T frames at 30 fps.
        body: the open body or a licensed SMPL-X file.
        cuts: first frames behind the cuts; nothing is smoothed or bridged across one.

    Raises:
        InputError: no frames, or a person in too few of them.
    """
    config = config or FitConfig()
    subject = estimate_subject(landmarks, body, config, cuts)
    parts = list(fit_in_chunks(landmarks, subject, body, config=config, cuts=cuts))
    motion = Motion(
        poses=np.concatenate([part.motion.poses for part in parts]),
        trans=np.concatenate([part.motion.trans for part in parts]),
        betas=subject.betas,
        expressions=np.concatenate([part.motion.expressions for part in parts]),
    )
    confidence = np.concatenate([part.confidence for part in parts])
    seen, tracked = (np.concatenate([getattr(part, name) for part in parts]) for name in ("parts", "tracked"))
    return Fit(motion, confidence, seen, subject.camera, tracked)


def fit_in_chunks(
    source: LandmarkSource,
    subject: Subject,
    body: Body,
    *,
    config: FitConfig | None = None,
    cuts: Sequence[int] = (),
) -> Iterator[Fit]:
    """:func:`fit_smplx` for a video of any length: its frames in order, at most ``config.chunk`` at a time.

    Neither the landmarks nor the motion of the whole video are ever held. Chunks of a shot join as if fitted at once.

    Args:
        source: landmarks, read a chunk at a time.
        subject: of :func:`~tango_models.body.fit.subject.estimate_subject` for the same source, configuration and cuts.
        cuts: first frames behind the cuts.
    """
    config, hold = config or FitConfig(), _Hold()
    unseen: list[int] = []  # lengths of the chunks before anybody was seen
    shots = spans(len(source), cuts)
    for start, stop in shots:
        shot = Shot(source, start, stop)
        framed = subject if len(shots) == 1 else subject.in_shot(shot, config)
        for poses, trans, confidence, parts, tracked in _fit_shot(shot, framed, config):
            if not tracked.any() and not hold.ready:
                unseen.append(len(poses))
                continue
            poses, trans = hold(poses, trans, tracked)
            for rows in unseen:
                nothing = np.zeros(rows, bool), np.zeros((rows, len(PARTS)))
                yield _fit(poses[:1].repeat(rows, 0), trans[:1].repeat(rows, 0), *nothing, nothing[0], subject, body)
            unseen = []
            yield _fit(poses, trans, confidence, parts, tracked, subject, body)


def _fit_shot(
    source: LandmarkSource, subject: Subject, config: FitConfig
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Poses (T, 55, 3), translations (T, 3), confidence (T,), parts (T, 6) and tracked (T,) of the chunks of one shot;
    where not tracked, the first two mean nothing."""
    from tango_models.body.fit.optimiser import one_thread

    step = config.window - config.overlap
    length = max(1, config.chunk // step) * step
    total, windows = len(source), Windows(subject, config)
    for first in range(0, total, length):
        count = min(length, total - first)
        low, high = max(0, first - _CONTEXT), min(total, first + count + config.overlap + _CONTEXT)
        landmarks = clean(source.frames(low, high))
        inside = slice(first - low, first - low + count)
        known = np.zeros(len(landmarks), bool)
        poses, trans, confidence = np.zeros((count, 55, 3)), np.zeros((count, 3)), np.zeros(count)
        here = landmarks.frames(inside.start, inside.stop)
        if landmarks.found.any():
            targets, known = build_targets(landmarks, subject.framing)
            targets = resolve_depth(targets, subject.rest, subject.scale, subject.camera)
            with one_thread():
                poses, trans, points = windows.fit(targets, known, first - low, count)
            confidence = confidence_of(here, known[inside], targets.frames(inside), points, subject)
        yield poses, trans, confidence, parts_of(here), known[inside]


def _fit(poses: np.ndarray, trans: np.ndarray, confidence: np.ndarray, parts: np.ndarray, tracked: np.ndarray,
         subject: Subject, body: Body) -> Fit:  # fmt: skip
    motion = Motion(
        poses=poses.reshape(len(poses), -1).astype(np.float32),
        trans=trans.astype(np.float32),
        betas=subject.betas,
        expressions=np.zeros((len(poses), min(10, body.num_expressions)), np.float32),
    )
    return Fit(motion, confidence.astype(np.float32), parts.astype(np.float32), subject.camera, tracked)


class _Hold:
    """Unknown frames take the last known frame's pose, also one of a chunk before; those before the first, the
    first's. Of the axis-angles that mean one rotation the nearest to the frame before is taken."""

    def __init__(self) -> None:
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def ready(self) -> bool:
        """Whether anybody was seen yet."""
        return self._last is not None

    def __call__(self, poses: np.ndarray, trans: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = [poses, trans]
        last = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
        before = self._last or (poses[np.argmax(known)], trans[np.argmax(known)])
        for k, (value, earlier) in enumerate(zip((poses, trans), before, strict=True)):
            kept = (last >= 0).reshape(-1, *[1] * (value.ndim - 1))
            values[k] = np.where(kept, value[np.maximum(last, 0)], earlier)
        values[0] = continuous(values[0], before[0])
        self._last = values[0][-1], values[1][-1]
        return values[0], values[1]
