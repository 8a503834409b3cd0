"""Small pictures of videos, for the page of a run."""

import base64
import logging
from collections.abc import Iterable

from data_catalog import Catalog
from data_catalog.keys import equals

_LOG = logging.getLogger(__name__)
_SIDE = 160  # pixels, of the longer one
_QUALITIES = (70, 40)
_MOST_BYTES = 8000
"""Of a picture: Prefect's database keeps it, and the page of a run loads all of them."""
MOST = 20
"""Pictures of a run."""


def thumbnails(catalog: Catalog, videos: Iterable[str]) -> dict[str, str]:
    """The frame in the middle of videos, as small JPEGs.

    Args:
        videos: their ids; of the first `MOST` a picture is made.

    Returns:
        by video, a data URI; none of a video of which the catalog has no frames, or that cannot be shown.
    """
    wanted = list(dict.fromkeys(videos))[:MOST]
    found = {}
    try:
        rows = catalog.table("videos").read(["video_id", "n_frames"], where=equals(video_id=wanted)).to_pylist()
        for row in rows if wanted else ():
            if picture := _picture(catalog, row["video_id"], row["n_frames"] // 2):
                found[row["video_id"]] = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    except Exception as error:  # a picture is no matter of the run: what failed is said without it
        _LOG.warning("no pictures of the videos that failed: %s: %s", type(error).__name__, error)
    return found


def _picture(catalog: Catalog, video: str, frame: int) -> bytes:
    import cv2

    from tasks.views.footage.frame_source import iter_frames

    for pixels in iter_frames(catalog, video, frame, frame + 1):
        scale = _SIDE / max(pixels.shape[:2])
        size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
        small = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
        for quality in _QUALITIES:
            data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
            if len(data) <= _MOST_BYTES:
                return data
    return b""
