"""What is known of a video as a whole."""

from data_catalog import Source
from data_catalog.keys import equals


def video_frames(source: Source, video_id: str) -> int:
    """A video's frames at 30 fps."""
    return source.table("videos").read(["video_id", "n_frames"], where=equals(video_id=video_id))["n_frames"][0].as_py()


def cuts_of(source: Source, video_id: str) -> list[int]:
    """The first frames behind a video's cuts, increasing."""
    return source.table("videos").read(["video_id", "cuts"], where=equals(video_id=video_id))["cuts"][0].as_py() or []
