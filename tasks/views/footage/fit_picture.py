"""The picture of a track's fit out of the catalog."""

from data_catalog import Source
from data_catalog.keys import equals


def read_fit_picture(source: Source, track: str) -> bytes | None:
    """The JPEG of a track's fit, about 1200 pixels wide; None where its poses were imported or not yet fitted."""
    rows = source.table("fits").read(columns=["track_id", "picture"], where=equals(track_id=track)).to_pylist()
    return rows[0]["picture"] if rows else None
