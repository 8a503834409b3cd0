"""Stage: 4-frame clips, the nodes of the motion graph, with everything the graph and the search compare."""

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit, clip_id, digest
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES
from tasks.columns import matrix, pack_masks, unpack_bits, unpack_masks, vectors
from tasks.fit_smplx import read_motion
from tasks.frame_source import iter_frames, read_audio
from tasks.stage import RowWriter, Stage, upstream

TORSO = (11, 12, 23, 24)
"""MediaPipe's left and right shoulder, left and right hip."""
_MOTION_COLUMNS = (
    "index", "shot", "representation", "orientation", "translation", "mask", "hand_boxes", "head", "face", "picture",
    "repeated", "usable",
)  # fmt: skip
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
    name, table, code_version = "create_clips", "clips", "2"
    libraries = ("av", "cv2", "scipy.ndimage", "scipy.spatial.transform", "torch")
    Config = CreateClipsConfig
    config: CreateClipsConfig

    def version_parts(self) -> dict:
        from tasks.fit_smplx import body_hash

        return {**self.config.model_dump(mode="json"), "body": body_hash(self.config.body)}

    def plan(self, catalog: Catalog, *, video_id: str, **_) -> list[Unit]:
        poses = upstream(catalog, "fit_smplx", video_id, video_id)
        source = upstream(catalog, "extract_frames", video_id, poses.subject)
        reads = [poses.field_hash("motion"), *(source.field_hash(name) for name in ("audio", "pixels", "timing"))]
        return [self.unit(video_id, subject=poses.subject, reads=reads, video_id=video_id)]

    def setup(self) -> None:
        from tango_models.body.smplx_body import Body

        self._body = Body.load(self.config.body)

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.body.motion_features import motion_energy
        from tango_models.motion_graph.pictures import head_place
        from tango_models.motion_graph.true_motion import representation_of_shots
        from tango_models.speech.prosody import analyse_speech

        video_id = unit.inputs["video_id"]
        video = catalog.table("videos").read(where=equals(video_id=video_id)).to_pylist()[0]
        motion = read_motion(catalog, video_id)
        seen = catalog.table("landmarks").read(
            columns=["video_id", "frame", "mask", "hand_boxes", "body_xy", "face_xy"], where=equals(video_id=video_id)
        )
        count = len(motion["poses"])
        cuts = np.asarray(video["cuts"], np.int64)
        clips = clips_between_cuts(count, cuts)
        shown = (clips[:, None] * CLIP_FRAMES + np.arange(CLIP_FRAMES)).ravel()  # the frames of all clips
        representation = representation_of_shots(
            motion["poses"], np.frombuffer(video["taken"], "<f4"), cuts, self._body
        )
        sound = analyse_speech(read_audio(catalog, video_id))
        head = head_place(matrix(seen["face_xy"]).reshape(count, -1, 2), video["height"])
        values = {
            "representation": representation,
            "orientation": motion["poses"][:, :3],
            "translation": motion["trans"],
            "hand_boxes": matrix(seen["hand_boxes"]) / video["height"],
            "head": head,
            "torso_xy": matrix(seen["body_xy"]).reshape(-1, 33, 2)[:, TORSO],
            "motion_energy": motion_energy(representation),
            "voice": sound.voice,
            "onset": sound.onset,
            "loudness": sound.energy,
        }
        columns: dict[str, list] = {name: vectors(_by_clip(array, shown)) for name, array in values.items()}
        columns["mask"] = [b"".join(pack_masks(clip)) for clip in _by_clip(unpack_masks(seen["mask"]), shown)]
        sure = motion["tracked"] & (motion["confidence"] >= self.config.min_confidence)
        columns["usable"] = [bool(clip.all()) for clip in _by_clip(sure, shown)]
        columns["repeated"] = _by_clip(unpack_bits(video["repeated"], video["n_frames"]), shown).tolist()
        columns["shot"] = np.searchsorted(cuts, clips * CLIP_FRAMES, side="right").tolist()
        columns["index"] = clips.tolist()
        columns |= self._pictures(catalog, video_id, head, clips, out)
        out.write(
            {"clip_id": clip_id(video_id, int(clips[k])), "video_id": video_id, **{n: columns[n][k] for n in columns}}
            for k in range(len(clips))
        )
        return {
            "motion": digest(*(_bytes(columns[name]) for name in _MOTION_COLUMNS)),
            "prosody": digest(*(_bytes(columns[name]) for name in _PROSODY_COLUMNS)),
        }

    def _pictures(
        self, catalog: Catalog, video_id: str, head: np.ndarray, clips: np.ndarray, out: RowWriter
    ) -> dict[str, list[bytes]]:
        """The faces and small pictures of each clip's frames, decoded one after the other."""
        import cv2

        from tango_models.motion_graph.pictures import face_patch, small_picture

        faces: dict[int, list[bytes]] = {int(clip): [] for clip in clips}
        pictures: dict[int, list[bytes]] = {int(clip): [] for clip in clips}
        last = (int(clips[-1]) + 1) * CLIP_FRAMES if len(clips) else 0
        frames = iter_frames(catalog, video_id, 0, last) if last else iter(())
        for t, frame in enumerate(frames):
            clip = t // CLIP_FRAMES
            if clip in faces:
                grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
                faces[clip].append(face_patch(grey, head[t]).tobytes())
                pictures[clip].append(small_picture(grey).tobytes())
            if t % 120 == 0:
                out.progress(t, last)
        return {
            "face": [b"".join(faces[int(clip)]) for clip in clips],
            "picture": [b"".join(pictures[int(clip)]) for clip in clips],
        }


def clips_between_cuts(n_frames: int, cuts: np.ndarray) -> np.ndarray:
    """(N,) int64 numbers of the clips that exist: whole ones with no cut inside. Clip k holds frames 4k to 4k + 3.

    Args:
        cuts: (K,) first frames behind the cuts; one at a clip's first frame lies between two clips.
    """
    clips = np.arange(n_frames // CLIP_FRAMES)  # a last clip of fewer frames is no node
    inside = np.asarray(cuts, np.int64)
    return clips[~np.isin(clips, inside[inside % CLIP_FRAMES > 0] // CLIP_FRAMES)]


def _by_clip(array: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """(T, …) → (clips, 4, …) of the frames `shown`; an array a frame short (audio) is extended by its last value."""
    index = np.minimum(shown, len(array) - 1)
    return np.asarray(array)[index].reshape(-1, CLIP_FRAMES, *np.shape(array)[1:])


def _bytes(column: list) -> bytes:
    return b"".join(bytes(value) if isinstance(value, bytes | np.ndarray) else f"{value},".encode() for value in column)
