"""Stage: landmarks become SMPL-X parameters, or a motion file of the user's is imported in their place."""

from pathlib import Path

import numpy as np
from pydantic import BaseModel

from data_catalog import Catalog, Unit, digest
from data_catalog.keys import equals
from tango_models.body.fitting import FitConfig
from tango_models.errors import InputError
from tasks.columns import matrix, vectors
from tasks.detect_landmarks import landmark_records, read_landmarks
from tasks.stage import RowWriter, Stage, upstream

_ROWS_PER_WRITE = 3000


class FitSmplxConfig(BaseModel):
    """
    Attributes:
        body: path of the licensed `SMPLX_NEUTRAL*.npz`; None takes the open body in the package.
        fit: of the optimiser.
    """

    body: str | None = None
    fit: FitConfig = FitConfig()


class FitSmplx(Stage):
    name, table, code_version = "fit_smplx", "poses", "2"
    libraries = ("scipy.ndimage", "scipy.spatial.transform", "torch")
    Config = FitSmplxConfig
    config: FitSmplxConfig

    def version_parts(self) -> dict:
        return {**self.config.model_dump(mode="json"), "body": body_hash(self.config.body)}

    def plan(self, catalog: Catalog, *, video_id: str, motion_uri: str = "", motion_hash: str = "", **_) -> list[Unit]:
        source = upstream(catalog, "extract_frames", video_id, video_id)
        video = catalog.table("videos").read(where=equals(video_id=video_id)).to_pylist()[0]
        records = landmark_records(catalog, video_id, video["n_frames"], source.subject)
        found = [record.field_hash("landmarks") for record in records]
        return [
            self.unit(
                video_id,
                subject=source.subject,
                reads=[found, motion_hash],
                video_id=video_id,
                motion_uri=motion_uri,
                n_frames=video["n_frames"],
                image_size=[video["width"], video["height"]],
            )
        ]

    def setup(self) -> None:
        from tango_models.body.smplx_body import Body

        self._body = Body.load(self.config.body)

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        video_id, n_frames = unit.inputs["video_id"], unit.inputs["n_frames"]
        if unit.inputs["motion_uri"]:
            motion, confidence, tracked = _imported(Path(unit.inputs["motion_uri"]), n_frames, unit.subject)
        else:
            from tango_models.body.fitting import fit_smplx

            landmarks = read_landmarks(catalog, video_id, tuple(unit.inputs["image_size"]))
            try:
                fit = fit_smplx(landmarks, self._body, config=self.config.fit)
            except InputError as error:
                raise InputError(unit.subject, error.fault, error.remedy) from error
            motion, confidence, tracked = fit.motion, fit.confidence, fit.tracked
        betas = np.asarray(motion.betas, np.float32).ravel()
        columns = {
            "pose": vectors(motion.poses),
            "trans": vectors(motion.trans),
            "expression": vectors(motion.expressions),
            "confidence": np.asarray(confidence, np.float32).tolist(),
            "tracked": np.asarray(tracked, bool).tolist(),
        }
        for first in range(0, n_frames, _ROWS_PER_WRITE):
            frames = range(first, min(first + _ROWS_PER_WRITE, n_frames))
            out.write(
                {"video_id": video_id, "frame": t, "betas": betas, **{name: columns[name][t] for name in columns}}
                for t in frames
            )
            out.progress(frames.stop, n_frames)
        arrays = (motion.poses, motion.trans, betas, np.asarray(tracked, bool))
        return {"motion": digest(*(np.ascontiguousarray(array).tobytes() for array in arrays))}


def _imported(path: Path, n_frames: int, subject: str):
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
    return motion, np.ones(n_frames, np.float32), np.ones(n_frames, bool)


def body_hash(path: str | None) -> str:
    """Content hash of the body file in use, so that another file refits and the same file elsewhere does not."""
    from tango_models.body.smplx_body import OPEN_BODY
    from tango_models.media.probe import content_id

    return content_id(Path(path) if path else OPEN_BODY)


def read_motion(catalog: Catalog, video_id: str) -> dict[str, np.ndarray]:
    """A video's poses (T, 165), trans (T, 3), betas (B,), expression (T, E), confidence (T,), tracked (T,)."""
    table = catalog.table("poses").read(where=equals(video_id=video_id))
    return {
        "poses": matrix(table["pose"]),
        "trans": matrix(table["trans"]),
        "betas": np.asarray(table["betas"][0].as_py(), np.float32),
        "expressions": matrix(table["expression"]),
        "confidence": table["confidence"].to_numpy(),
        "tracked": table["tracked"].to_numpy(zero_copy_only=False),
    }
