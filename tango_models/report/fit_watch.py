"""What a fit looks like: how well each frame is fitted, and a picture of the skeleton over some of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tango_models.body.fit.fitting import Fit
    from tango_models.body.fit.landmark_source import LandmarkSource
    from tango_models.body.motion_io import Motion
    from tango_models.body.smplx_body import Body


class FitWatch:
    """Notes how well each frame of a video is fitted while the chunks of its fit pass, and then pictures some."""

    def __init__(self, source: LandmarkSource, body: Body) -> None:
        self._source, self._body = source, body
        self._errors: list[np.ndarray] = []
        self._parts: list[np.ndarray] = []
        self._seen = 0
        self._camera: dict[str, Any] = {}

    def see(self, fit: Fit) -> None:
        """The next chunk, in order."""
        from tango_models.body.fit.cleaning import clean
        from tango_models.body.fit.confidence import SEEN
        from tango_models.report.fit_strip import reprojection_error

        start, self._seen = self._seen, self._seen + len(fit.tracked)
        landmarks = clean(self._source.frames(start, self._seen))
        self._camera = fit.camera
        error = reprojection_error(landmarks, fit.motion, fit.camera, self._body)
        self._parts.append(fit.parts >= SEEN)
        self._errors.append(np.where(fit.tracked, error, np.nan))

    def strip(
        self, motion_of: Callable[[list[int]], Motion], picture_of: Callable[[int], np.ndarray]
    ) -> dict[str, Any]:
        """A picture of some frames, the worst among them, and the error over all; empty where nothing was tracked.

        Args:
            motion_of: the fitted motion at some frames, in their order.
            picture_of: a frame of the video, (H, W, 3) uint8 RGB.

        Returns:
            `picture` (JPEG), `reprojection` and `reprojection_p95` (share of the person's height), `worst_frame`,
            and `seen` (6,): the share of frames in which each of `confidence.PARTS` was seen.
        """
        from tango_models.report.fit_strip import FittedFrame, choose_frames, fit_strip, joints_in_picture

        error = np.concatenate(self._errors)
        known = error[np.isfinite(error)]
        if not len(known):
            return {}
        chosen = choose_frames(error)
        joints = joints_in_picture(motion_of(chosen), self._camera, self._body)
        worst = int(np.nanargmax(error))
        picture = fit_strip(
            [FittedFrame(t, float(error[t]), picture_of(t), joints[k], t == worst) for k, t in enumerate(chosen)]
        )
        median, most = (float(value) for value in np.percentile(known, (50, 95)))
        return {
            "picture": picture,
            "reprojection": median,
            "reprojection_p95": most,
            "worst_frame": worst,
            "seen": np.concatenate(self._parts).mean(0).astype(np.float32),
        }
