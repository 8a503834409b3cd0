"""What a fit looks like: one row of `fits` per video, with a picture of the skeleton over some of its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from data_catalog import Catalog
from data_catalog.keys import equals
from tasks.views.columns import matrix
from tasks.views.frame_source import GopCache

if TYPE_CHECKING:
    from tango_models.body.fit.fitting import Fit
    from tango_models.body.fit.landmark_source import LandmarkSource
    from tango_models.body.smplx_body import Body


class FitWatch:
    """Notes how well each frame of a video is fitted while the chunks of its fit pass, and then pictures some."""

    def __init__(self, source: LandmarkSource, body: Body) -> None:
        self._source, self._body = source, body
        self._errors: list[np.ndarray] = []
        self._seen = 0
        self._camera: dict[str, Any] = {}

    def see(self, fit: Fit) -> None:
        """The next chunk, in order."""
        from tango_models.body.fit.cleaning import clean
        from tango_models.report.fit_strip import reprojection_error

        start, self._seen = self._seen, self._seen + len(fit.tracked)
        landmarks = clean(self._source.frames(start, self._seen))
        self._camera = fit.camera
        error = reprojection_error(landmarks, fit.motion, fit.camera, self._body)
        self._errors.append(np.where(fit.tracked, error, np.nan))

    def row(self, catalog: Catalog, video_id: str) -> dict[str, Any]:
        """The video's row of `fits`, once all its poses are written."""
        from tango_models.body.motion_io import Motion
        from tango_models.report.fit_strip import FittedFrame, choose_frames, fit_strip, joints_in_picture

        error = np.concatenate(self._errors)
        known = error[np.isfinite(error)]
        row: dict[str, Any] = {"video_id": video_id}
        if not len(known):
            return row
        chosen = choose_frames(error)
        where = equals(video_id=video_id, frame=chosen)
        columns = ["video_id", "frame", "pose", "trans", "betas", "expression"]
        table = catalog.table("poses").read(columns=columns, where=where)
        betas = np.asarray(table["betas"][0].as_py(), np.float32)
        poses, trans, expressions = (matrix(table[name]).copy() for name in ("pose", "trans", "expression"))
        motion = Motion(poses, trans, betas, expressions)
        joints, frames = joints_in_picture(motion, self._camera, self._body), GopCache(catalog)
        worst = int(np.nanargmax(error))
        picture = fit_strip(
            [
                FittedFrame(t, float(error[t]), frames.frame(video_id, t), joints[k], t == worst)
                for k, t in enumerate(chosen)
            ]
        )
        median, most = (float(value) for value in np.percentile(known, (50, 95)))
        return row | {"picture": picture, "reprojection": median, "reprojection_p95": most, "worst_frame": worst}


def read_fit_picture(catalog: Catalog, video_id: str) -> bytes | None:
    """The JPEG of a video's fit, about 1200 pixels wide; None where its poses were imported or not yet fitted."""
    rows = catalog.table("fits").read(columns=["video_id", "picture"], where=equals(video_id=video_id)).to_pylist()
    return rows[0]["picture"] if rows else None
