"""Stage: 4-frame clips, the nodes of the motion graph, with everything the graph and the search compare."""

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit, clip_id, digest
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES
from tasks.columns import matrix, pack_masks, unpack_masks, vectors
from tasks.fit_smplx import read_motion
from tasks.frame_source import read_audio
from tasks.stage import RowWriter, Stage, upstream

TORSO = (11, 12, 23, 24)
"""MediaPipe's left and right shoulder, left and right hip."""
_MOTION_COLUMNS = ("representation", "orientation", "translation", "mask", "hand_boxes", "usable")
_PROSODY_COLUMNS = ("motion_energy", "voice", "onset", "loudness")


class CreateClipsConfig(BaseModel):
    """
    Attributes:
        body: as for `fit_smplx`.
        min_confidence: a clip with a frame fitted less surely than this is not used.
    """

    body: str | None = None
    min_confidence: float = Field(0.3, ge=0, le=1)


class CreateClips(Stage):
    name, table, code_version = "create_clips", "clips", "1"
    libraries = ("scipy.ndimage", "scipy.spatial.transform", "torch")
    Config = CreateClipsConfig
    config: CreateClipsConfig

    def version_parts(self) -> dict:
        from tasks.fit_smplx import body_hash

        return {**self.config.model_dump(mode="json"), "body": body_hash(self.config.body)}

    def plan(self, catalog: Catalog, *, video_id: str, **_) -> list[Unit]:
        poses = upstream(catalog, "fit_smplx", video_id, video_id)
        source = upstream(catalog, "extract_frames", video_id, poses.subject)
        reads = [poses.field_hash("motion"), source.field_hash("audio"), source.field_hash("pixels")]
        return [self.unit(video_id, subject=poses.subject, reads=reads, video_id=video_id)]

    def setup(self) -> None:
        from tango_models.body.smplx_body import Body

        self._body = Body.load(self.config.body)

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.body.motion_features import motion_energy, motion_representation
        from tango_models.speech.prosody import analyse_speech

        video_id = unit.inputs["video_id"]
        video = catalog.table("videos").read(where=equals(video_id=video_id)).to_pylist()[0]
        motion = read_motion(catalog, video_id)
        seen = catalog.table("landmarks").read(
            columns=["video_id", "frame", "mask", "hand_boxes", "body_xy"], where=equals(video_id=video_id)
        )
        clips = len(motion["poses"]) // CLIP_FRAMES  # a last clip of fewer frames is no node
        frames = clips * CLIP_FRAMES
        representation = motion_representation(motion["poses"], self._body)
        energy = motion_energy(representation)
        sound = analyse_speech(read_audio(catalog, video_id))
        body_xy = matrix(seen["body_xy"]).reshape(-1, 33, 2)
        values = {
            "representation": representation,
            "orientation": motion["poses"][:, :3],
            "translation": motion["trans"],
            "hand_boxes": matrix(seen["hand_boxes"]) / video["height"],
            "torso_xy": body_xy[:, TORSO],
            "motion_energy": energy,
            "voice": sound.voice,
            "onset": sound.onset,
            "loudness": sound.energy,
        }
        columns: dict[str, list] = {name: vectors(_whole_clips(array, clips)) for name, array in values.items()}
        masks = unpack_masks(seen["mask"])[:frames]
        columns["mask"] = [b"".join(pack_masks(clip)) for clip in masks.reshape(clips, CLIP_FRAMES, *masks.shape[1:])]
        sure = motion["tracked"] & (motion["confidence"] >= self.config.min_confidence)
        columns["usable"] = [bool(clip.all()) for clip in _whole_clips(sure, clips)]
        out.write(
            {"clip_id": clip_id(video_id, k), "video_id": video_id, "index": k, **{n: columns[n][k] for n in columns}}
            for k in range(clips)
        )
        return {
            "motion": digest(*(_bytes(columns[name]) for name in _MOTION_COLUMNS)),
            "prosody": digest(*(_bytes(columns[name]) for name in _PROSODY_COLUMNS)),
        }


def _whole_clips(array: np.ndarray, clips: int) -> np.ndarray:
    """(T, …) → (clips, 4, …); an array a frame short (audio) is extended by its last value."""
    frames = clips * CLIP_FRAMES
    index = np.minimum(np.arange(frames), len(array) - 1)
    return np.asarray(array)[index].reshape(clips, CLIP_FRAMES, *np.shape(array)[1:])


def _bytes(column: list) -> bytes:
    return b"".join(bytes(value) if isinstance(value, bytes | np.ndarray) else str(value).encode() for value in column)
