"""Which of ACInterp's interpolators a file of weights is for."""

from __future__ import annotations

from pathlib import Path

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.weight_files import ACINTERP, REFINER, read_header, read_kind
from tango_models.interpolation.seam import Interpolator


def weights_kind(weights: Path) -> str:
    """What a file holds: `refiner`, or the size of its diffusion model. InputError as for `acinterp_interpolator`."""
    return "refiner" if read_kind(weights) == REFINER else str(read_header(weights, ACINTERP)["config"]["size"])


def acinterp_interpolator(
    weights: Path | None = None, *, content: str | None = None, device: str | None = None
) -> Interpolator:
    """The interpolator of a file: the refiner's, or the diffusion model's.

    Args:
        weights: of `tango train acinterp` or `tango import-weights acinterp`.
        content: what stands for the file in the interpolator's `id`.

    Raises:
        InputError: there are no weights, or the file is of another kind.
    """
    if weights is None:
        remedy = (
            "train them with `tango train acinterp`, or convert public ones with `tango import-weights acinterp`, and "
            "set TANGO_ACINTERP to the file"
        )
        raise InputError("interpolator 'acinterp'", "has no weights", remedy)
    if read_kind(weights) == REFINER:
        from tango_models.interpolation.acinterp.refine import RefinerInterpolator

        return RefinerInterpolator(weights, content=content, device=device)
    from tango_models.interpolation.acinterp.diffuse import DiffusionInterpolator

    return DiffusionInterpolator(weights, content=content, device=device)
