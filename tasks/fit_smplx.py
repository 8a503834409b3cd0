"""Stage: landmarks become SMPL-X parameters, or a motion file of the user's is imported in their place."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from data_catalog import Catalog, Unit, digest
from data_catalog.keys import equals
from data_catalog.schemas import MASK_SIDE
from tango_models.body.fit.fit_config import FitConfig
from tango_models.errors import InputError
from tasks.detect_landmarks import landmark_records
from tasks.runtime.stage import RowWriter, Stage, upstream
from tasks.views.columns import matrix, vectors
from tasks.views.fit_picture import FitWatch

if TYPE_CHECKING:
    import pyarrow as pa

    from tango_models.body.motion_io import Motion
    from tango_models.perception.landmarks import Landmarks

    _Part = tuple[Motion, np.ndarray, np.ndarray]  # with confidence and tracked, each of so many frames

_ROWS_PER_WRITE = 3000
_SHAPES = {
    "body_xy": (33, 2), "body_visibility": (33,), "body_world": (33, 3), "hands_xy": (2, 21, 2),
    "hands_local": (2, 21, 3), "hands_score": (2,), "face_xy": (-1, 2), "face_z": (-1,), "hand_boxes": (2, 4),
    "person_box": (4,),
}  # fmt: skip


class FitSmplxConfig(BaseModel):
    """
    Attributes:
        body: path of the licensed `SMPLX_NEUTRAL*.npz`; None takes the open body in the package.
        fit: of the optimiser.
    """

    body: str | None = None
    fit: FitConfig = FitConfig()


class FitSmplx(Stage):
    name, table, code_version = "fit_smplx", "poses", "5"
    libraries = ("av", "cv2", "scipy.ndimage", "scipy.spatial.transform", "torch")
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
        source = _StoredLandmarks(catalog, video_id, n_frames, tuple(unit.inputs["image_size"]))
        watch = FitWatch(source, self._body)
        if unit.inputs["motion_uri"]:
            parts = iter([_imported(Path(unit.inputs["motion_uri"]), n_frames, unit.subject)])
        else:
            parts = self._fitted(source, watch)
        done, state = 0, []
        try:
            for motion, confidence, tracked in parts:
                for first in range(0, len(motion), _ROWS_PER_WRITE):
                    rows = slice(first, first + _ROWS_PER_WRITE)
                    out.write(_rows(video_id, done + first, motion, confidence, tracked, rows))
                    out.progress(min(done + rows.stop, done + len(motion)), n_frames)
                done += len(motion)
                arrays = (motion.poses, motion.trans, motion.betas, np.asarray(tracked, bool))
                state.append(digest(*(np.ascontiguousarray(array).tobytes() for array in arrays)))
        except InputError as error:
            if unit.inputs["motion_uri"]:
                raise
            raise InputError(unit.subject, error.fault, error.remedy) from error
        if unit.inputs["motion_uri"]:
            catalog.table("fits").delete(equals(video_id=video_id))
        else:
            out.write([watch.row(catalog, video_id)], table="fits")
        return {"motion": digest(state)}

    def _fitted(self, source: "_StoredLandmarks", watch: FitWatch) -> "Iterator[_Part]":
        from tango_models.body.fit.fitting import fit_in_chunks
        from tango_models.body.fit.subject import estimate_subject

        subject = estimate_subject(source, self._body, self.config.fit)
        for fit in fit_in_chunks(source, subject, self._body, config=self.config.fit):
            watch.see(fit)
            yield fit.motion, fit.confidence, fit.tracked


class _StoredLandmarks:
    """A video's landmarks in the catalog, read a chunk at a time; without the masks, which the fit has no use for."""

    def __init__(self, catalog: Catalog, video_id: str, n_frames: int, image_size: tuple[int, int]) -> None:
        self._catalog, self._video_id, self._n_frames, self._image_size = catalog, video_id, n_frames, image_size

    def __len__(self) -> int:
        return self._n_frames

    @cached_property
    def found(self) -> np.ndarray:
        """(T,) bool: frames in which a body was found."""
        starts = range(0, self._n_frames, _ROWS_PER_WRITE)
        seen = [matrix(self._read(t, t + _ROWS_PER_WRITE, ["body_xy"])["body_xy"])[:, 0] for t in starts]
        return np.isfinite(np.concatenate(seen)) if seen else np.zeros(0, bool)

    def frames(self, start: int, stop: int) -> "Landmarks":
        """The landmarks of frames `start` to `stop` (exclusive)."""
        from tango_models.perception.landmarks import Landmarks

        table = self._read(start, stop, [*_SHAPES, "face_score"])
        count = table.num_rows
        columns = {name: matrix(table[name]).reshape(count, *shape) for name, shape in _SHAPES.items()}
        columns["face_score"] = table["face_score"].to_numpy()
        columns["mask"] = np.broadcast_to(np.uint8(0), (count, MASK_SIDE, MASK_SIDE))
        columns["image_size"] = np.tile(np.asarray(self._image_size, np.int32), (count, 1))
        return Landmarks.from_columns(columns)

    def _read(self, start: int, stop: int, columns: list[str]) -> "pa.Table":
        where = f"{equals(video_id=self._video_id)} AND frame >= {start} AND frame < {stop}"
        return self._catalog.table("landmarks").read(columns=["video_id", "frame", *columns], where=where)


def _rows(
    video_id: str, first: int, motion: "Motion", confidence: np.ndarray, tracked: np.ndarray, part: slice
) -> Iterator[dict[str, Any]]:
    """The rows of a part of a motion that begins at the video's frame `first`."""
    columns = {
        "pose": vectors(motion.poses[part]),
        "trans": vectors(motion.trans[part]),
        "expression": vectors(motion.expressions[part]),
        "confidence": np.asarray(confidence[part], np.float32).tolist(),
        "tracked": np.asarray(tracked[part], bool).tolist(),
    }
    shared = {"video_id": video_id, "betas": np.asarray(motion.betas, np.float32).ravel()}
    for t in range(len(columns["pose"])):
        yield {**shared, "frame": first + part.start + t, **{name: columns[name][t] for name in columns}}


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
