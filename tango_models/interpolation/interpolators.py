"""Interpolators by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from tango_models.errors import InputError
from tango_models.interpolation.seam import Interpolator, Seam


class HardCut:
    """`none`: the cut as it is."""

    id = "none-1"

    def interpolate(self, seam: Seam) -> np.ndarray:
        """Outgoing frames up to the cut, incoming from it on."""
        return seam.cut_at(seam.half)


NAMES = ("auto", "flow", "rife", "acinterp", "none")


def create_interpolator(name: str, **settings: Any) -> Interpolator:
    """The interpolator of that name: auto, flow, rife, acinterp or none; `settings` are its constructor's.

    Raises InputError: unknown name; rife without its optional package, acinterp without weights.
    """
    if name == "auto":
        from tango_models.interpolation.auto import AutoInterpolator

        return AutoInterpolator(**settings)
    if name == "flow":
        from tango_models.interpolation.warping.flow import FlowInterpolator

        return FlowInterpolator(**settings)
    if name == "rife":
        from tango_models.interpolation.rife import RifeInterpolator

        return RifeInterpolator(**settings)
    if name == "acinterp":
        from tango_models.interpolation.acinterp.weights import acinterp_interpolator

        return acinterp_interpolator(**settings)
    if name == "none":
        return HardCut()
    raise InputError(f"interpolator {name!r}", "is not known", f"choose one of {', '.join(NAMES)}")
