"""How visible the jumps of renders are, by what was measured when they were made."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from data_catalog import Catalog
from data_catalog.keys import equals
from tango_models.errors import InputError


@dataclass(frozen=True)
class SeamFigures:
    """Of one render; see `tango_models.metrics.seam_visibility`.

    Attributes:
        video: name of its file.
        seams_that_pop, elsewhere_pop: shares.
        worst_elsewhere, worst_background_elsewhere: of the footage itself, where there is no jump.
    """

    avatar: str
    video: str
    seams_per_minute: float
    seams_that_pop: float
    elsewhere_pop: float
    worst_seam: float
    worst_elsewhere: float
    worst_background: float
    worst_background_elsewhere: float

    def cells(self) -> dict[str, str]:
        """As text, for a table."""
        found = {"avatar": self.avatar, "video": self.video}
        for name in _MEASURED:
            value = getattr(self, name)
            found[name.replace("_", " ")] = f"{value:.0%}" if "pop" in name else f"{value:.1f}"
        return found


_MEASURED = [field.name for field in fields(SeamFigures)[2:]]


def seam_figures(row: dict[str, Any]) -> SeamFigures | None:
    """Of one row of `renders`; None when its seams were not measured."""
    figures = json.loads(row["metrics"])
    if not all(name in figures for name in _MEASURED):
        return None
    return SeamFigures(row["avatar"], Path(row["uri"]).name, **{name: figures[name] for name in _MEASURED})


def evaluate_seams(settings: Any, avatars: list[str]) -> list[SeamFigures]:
    """A line for each render of the catalog, or of some avatars.

    Raises:
        InputError: none was measured.
    """
    where = equals(avatar=avatars) if avatars else None
    table = Catalog(settings.catalog, settings.storage_options).table("renders")
    rows = table.read(["render_id", "avatar", "uri", "metrics"], where=where).to_pylist()
    found = [figures for row in rows if (figures := seam_figures(row)) is not None]
    if not found:
        raise InputError(settings.catalog, "has no render whose seams were measured", "run `tango reenact` first")
    return sorted(found, key=lambda row: (row.avatar, row.video))
