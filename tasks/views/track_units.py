"""Which units a track has of each stage that is done to it, and which units those read: what the stages plan, told of
thousands of tracks at once."""

from typing import NamedTuple

from data_catalog import video_of
from data_catalog.keys import is_imported
from tasks.views.embeddings import embedding_key
from tasks.views.footage.segments import segment_keys


class StageUnits(NamedTuple):
    """Units of a stage, and by stage the units that each of them reads."""

    units: list[str]
    reads: dict[str, list[str]]


def track_units(track: str, n_frames: int, model: str = "") -> dict[str, StageUnits]:
    """By stage, in their order.

    Args:
        n_frames: of the track's video, at 30 fps.
        model: id of the embedding.
    """
    video = video_of(track)
    extracted = {"extract_frames": [video]}
    detected = {"detect_landmarks": segment_keys(video, n_frames)}
    return {
        "extract_frames": StageUnits([video], {}),
        "detect_landmarks": StageUnits(detected["detect_landmarks"], extracted),
        "fit_smplx": StageUnits([track], extracted if is_imported(track) else extracted | detected),
        "create_clips": StageUnits([track], extracted | {"fit_smplx": [track]} | detected),
        "embed_clips": StageUnits([embedding_key(track, model)], {"create_clips": [track]}),
    }
