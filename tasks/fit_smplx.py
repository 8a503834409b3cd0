"""Stage: landmarks become SMPL-X parameters, or a motion file of the user's is imported in their place."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Source, Unit, video_of
from data_catalog.keys import is_imported, motion_of
from tango_models.body.fit.fit_config import FitConfig
from tango_models.errors import InputError
from tango_models.report.fit_watch import FitWatch
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage, unversioned
from tasks.views.columns import vectors
from tasks.views.file_content import body_hash
from tasks.views.footage.frame_source import FRAME_CACHE_MB, GopCache
from tasks.views.footage.stored_landmarks import StoredLandmarks
from tasks.views.footage.videos import cuts_of, video_frames
from tasks.views.motion import read_motion_frames
from tasks.views.track_units import track_units

if TYPE_CHECKING:
    from tango_models.body.fit.fitting import Fit

_ROWS_PER_WRITE = 3000


class FitSmplxSettings(BaseModel):
    """
    Attributes:
        fit: of the optimiser.
        frame_cache_mb: of decoded footage held at most.
    """

    fit: FitConfig = FitConfig()
    frame_cache_mb: float = Field(FRAME_CACHE_MB, **unversioned(gt=0))


class FitSmplxConfig(FitSmplxSettings):
    """
    Attributes:
        body: path of the licensed `SMPLX_NEUTRAL*.npz`; None takes the open body in the package.
    """

    body: str | None = None


class FitSmplx(Stage):
    name, code_version = "fit_smplx", "7"
    reads: ClassVar = {"extract_frames": ("pixels", "shape", "timing"), "detect_landmarks": ("landmarks",)}
    file_settings = ("body",)
    libraries = ("av", "cv2", "scipy.ndimage", "scipy.spatial.transform", "torch")
    Config = FitSmplxConfig
    config: FitSmplxConfig

    def version_parts(self) -> dict:
        return super().version_parts() | {"body": body_hash(self.config.body)}

    def plan(self, source: PlanSource, *, track: str, motion_uri: str = "", **_) -> list[Unit]:
        video_id = video_of(track)
        (video,) = source.need("extract_frames", video_id, subject=video_id)
        of = track_units(track, video_frames(source, video_id))["fit_smplx"].reads
        for stage, units in of.items():
            source.need(stage, *units, subject=video.subject)
        return [self.unit(track, subject=video.subject, of=of, track=track, motion_uri=motion_uri)]

    def setup(self) -> None:
        from tango_models.body.smplx_body import Body

        self._body = Body.load(self.config.body)

    def files(self, unit: Unit) -> dict[str, str]:
        motion = motion_of(unit.inputs["track"])
        return {motion: unit.inputs["motion_uri"]} if motion else {}

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        track, n_frames = unit.inputs["track"], video_frames(source, video_of(unit.inputs["track"]))
        if is_imported(track):
            again = "onboard the video with it again"
            with self.file_access.open(unit.inputs["motion_uri"], motion_of(track), remedy=again) as path:
                imported = _imported(path, n_frames, unit.subject)
            _write(track, [imported], n_frames, out)
            return
        landmarks = StoredLandmarks(source, track)
        watch = FitWatch(landmarks, self._body)
        try:
            _write(track, self._fitted(landmarks, watch, cuts_of(source, video_of(track))), n_frames, out)
        except InputError as error:
            raise InputError(unit.subject, error.fault, error.remedy) from error
        frames = GopCache(source, megabytes=self.config.frame_cache_mb)
        strip = watch.strip(lambda chosen: read_motion_frames(source, track, chosen), partial(frames.frame, track))
        out.write([{"track_id": track, **strip}], table="fits")

    def _fitted(self, landmarks: StoredLandmarks, watch: FitWatch, cuts: list[int]) -> "Iterator[Fit]":
        from tango_models.body.fit.fitting import fit_in_chunks
        from tango_models.body.fit.presence import OfSpeaker, speaker_present
        from tango_models.body.fit.subject import estimate_subject

        speaker = OfSpeaker(landmarks, speaker_present(landmarks.found, landmarks.evident, cuts))
        subject = estimate_subject(speaker, self._body, self.config.fit, cuts)
        for fit in fit_in_chunks(speaker, subject, self._body, config=self.config.fit, cuts=cuts):
            watch.see(fit)
            yield fit


def _write(track: str, parts: "Iterable[Fit]", n_frames: int, out: RowWriter) -> None:
    """Write parts of a motion, one after the other."""
    done = 0
    for fit in parts:
        for first in range(0, len(fit.motion), _ROWS_PER_WRITE):
            rows = slice(first, min(first + _ROWS_PER_WRITE, len(fit.motion)))
            out.write(_rows(track, done + first, fit, rows))
            out.progress(done + rows.stop, n_frames)
        done += len(fit.motion)


def _rows(track: str, first: int, fit: "Fit", part: slice) -> Iterator[dict[str, Any]]:
    """The rows of a part of a motion; its first frame is the video's frame `first`."""
    motion = fit.motion
    columns = {
        "pose": vectors(motion.poses[part]),
        "trans": vectors(motion.trans[part]),
        "expression": vectors(motion.expressions[part]),
        "confidence": np.asarray(fit.confidence[part], np.float32).tolist(),
        "parts": vectors(fit.parts[part]),
        "tracked": np.asarray(fit.tracked[part], bool).tolist(),
    }
    shared = {"track_id": track, "betas": np.asarray(motion.betas, np.float32).ravel()}
    for t in range(len(columns["pose"])):
        yield {**shared, "frame": first + t, **{name: columns[name][t] for name in columns}}


def _imported(path: Path, n_frames: int, subject: str) -> "Fit":
    from tango_models.body.fit.confidence import PARTS
    from tango_models.body.fit.fitting import Fit
    from tango_models.body.motion_io import Motion, load_motion

    motion = load_motion(path)
    found = len(motion.poses)
    if abs(found - n_frames) > max(3, 0.02 * n_frames):
        raise InputError(
            path.name, f"{found} frames at 30 fps but {subject} has {n_frames}", "give the motion file of this video"
        )
    index = np.minimum(np.arange(n_frames), found - 1)
    motion = Motion(
        poses=motion.poses[index],
        trans=motion.trans[index],
        betas=motion.betas,
        expressions=motion.expressions[index],
        fps=motion.fps,
    )
    sure = np.ones((n_frames, 1 + len(PARTS)), np.float32)
    return Fit(motion, sure[:, 0], sure[:, 1:], {}, np.ones(n_frames, bool))
