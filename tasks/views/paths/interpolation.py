"""Interpolators with the weights that the settings name."""

from pathlib import Path

from tango_models.interpolation.interpolators import create_interpolator
from tango_models.interpolation.seam import Interpolator


def interpolator_settings(name: str, acinterp: str | None) -> dict:
    """What `create_interpolator` wants beside the name; a file of weights counts by its content. `auto` tries what they
    make beside the other ways.

    Args:
        acinterp: path of its weights.

    Raises:
        InputError: there is no such file.
    """
    if name not in ("acinterp", "auto") or acinterp is None:
        return {}
    from tasks.views.file_content import file_hash

    path = Path(acinterp).expanduser()
    return {"weights": path, "content": file_hash(path)}


def open_interpolator(name: str, acinterp: str | None) -> Interpolator:
    """The interpolator of that name. InputError: it is unknown, or what it needs is absent."""
    return create_interpolator(name, **interpolator_settings(name, acinterp))
