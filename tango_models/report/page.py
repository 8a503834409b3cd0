"""From ReportData to one HTML page that needs nothing else but the video beside it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from urllib.parse import quote

from tango_models.report.data import ReportData
from tango_models.report.plots import DARK, LEFT, LIGHT, RIGHT, energy_plot, path_plot


def build_report(data: ReportData) -> Iterator[str]:
    """The page in pieces, a picture at a time. Every text of `data` is escaped; pictures are inside as data URIs."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tango_models.report", "templates"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["number"] = number
    environment.filters["jpeg"] = lambda image: _uri(image, "image/jpeg")
    seams = sorted(data.seams, key=lambda seam: seam.output_frame)
    return environment.get_template("report.html").generate(
        data=data,
        video_href=quote(PurePath(data.video_file).name),
        seams=seams,
        pictured=[seam for seam in seams if seam.strip],
        path={"light": _png(path_plot(data, LIGHT)), "dark": _png(path_plot(data, DARK))},
        energy={"light": _png(energy_plot(data, LIGHT)), "dark": _png(energy_plot(data, DARK))},
        left=LEFT,
        right=RIGHT,
        settings=_flat(data.settings),
        versions=_flat(data.versions),
    )


def number(value: object) -> str:
    """Numbers with four significant digits, anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _flat(values: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Nested settings as dotted names."""
    rows: list[tuple[str, object]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", value))
    return rows


def _png(image: bytes) -> str:
    return _uri(image, "image/png")


def _uri(image: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(image).decode()}"
