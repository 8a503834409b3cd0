"""Stage: 4-frame clips, the nodes of the motion graph, with everything the graph and the search compare."""

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit, clip_id, digest
from data_catalog.keys import between, equals
from data_catalog.schemas import CLIP_FRAMES
from tasks.runtime.stage import RowWriter, Stage, upstream
from tasks.views.columns import matrix, pack_masks, unpack_bits, unpack_masks, vectors
from tasks.views.frame_source import iter_frames, read_audio

TORSO = (11, 12, 23, 24)
"""MediaPipe's left and right shoulder, left and right hip."""
_MOTION_COLUMNS = (
    "index", "shot", "representation", "orientation", "translation", "mask", "hand_boxes", "head", "face", "picture",
    "repeated", "usable",
)  # fmt: skip
_POSE_COLUMNS = ["video_id", "frame", "pose", "trans", "confidence", "tracked"]
_LANDMARK_COLUMNS = ["video_id", "frame", "mask", "hand_boxes", "body_xy", "face_xy"]
_CLIPS_PER_CHUNK = 450
"""A minute: what a video's length does not change in memory."""
_CONTEXT_CLIPS = 38
"""5 s before and after: velocities, and how loud the sound around is, are those of the whole video."""
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
        video_id = unit.inputs["video_id"]
        video = catalog.table("videos").read(where=equals(video_id=video_id)).to_pylist()[0]
        clips = clips_between_cuts(video["n_frames"], np.asarray(video["cuts"], np.int64))
        state: dict[str, list[str]] = {"motion": [], "prosody": []}
        for first in range(0, len(clips), _CLIPS_PER_CHUNK):
            part = clips[first : first + _CLIPS_PER_CHUNK]
            columns = self._columns(catalog, video, part)
            out.write(
                {"clip_id": clip_id(video_id, k), "video_id": video_id, **{n: columns[n][row] for n in columns}}
                for row, k in enumerate(part.tolist())
            )
            out.progress((int(part[-1]) + 1) * CLIP_FRAMES, video["n_frames"])
            state["motion"].append(digest(*(_bytes(columns[name]) for name in _MOTION_COLUMNS)))
            state["prosody"].append(digest(*(_bytes(columns[name]) for name in _PROSODY_COLUMNS)))
        return {name: digest(parts) for name, parts in state.items()}

    def _columns(self, catalog: Catalog, video: dict, clips: np.ndarray) -> dict[str, list]:
        """The columns of consecutive clips, by number, from the frames under them and some around."""
        from tango_models.body.motion_features import motion_energy
        from tango_models.body.true_motion import representation_of_shots
        from tango_models.motion_graph.pictures import head_place
        from tango_models.speech.prosody import analyse_speech

        start, stop = int(clips[0]) * CLIP_FRAMES, (int(clips[-1]) + 1) * CLIP_FRAMES
        before = max(0, start // CLIP_FRAMES - _CONTEXT_CLIPS) * CLIP_FRAMES
        after = min(video["n_frames"], stop + _CONTEXT_CLIPS * CLIP_FRAMES)
        here = between(before, after, video_id=video["video_id"])
        motion = catalog.table("poses").read(_POSE_COLUMNS, where=here)
        seen = catalog.table("landmarks").read(_LANDMARK_COLUMNS, where=here)
        cuts = np.asarray(video["cuts"], np.int64)
        taken = np.frombuffer(video["taken"], "<f4")[before:after]
        poses = matrix(motion["pose"])
        representation = representation_of_shots(poses, taken - before, cuts - before, self._body)
        sound = analyse_speech(read_audio(catalog, video["video_id"], before // CLIP_FRAMES, -(-after // CLIP_FRAMES)))
        head = head_place(matrix(seen["face_xy"]).reshape(after - before, -1, 2), video["height"])
        values = {
            "representation": representation,
            "orientation": poses[:, :3],
            "translation": matrix(motion["trans"]),
            "hand_boxes": matrix(seen["hand_boxes"]) / video["height"],
            "head": head,
            "torso_xy": matrix(seen["body_xy"]).reshape(-1, 33, 2)[:, TORSO],
            "motion_energy": motion_energy(representation),
            "voice": sound.voice,
            "onset": sound.onset,
            "loudness": sound.energy,
        }
        shown = (clips[:, None] * CLIP_FRAMES + np.arange(CLIP_FRAMES)).ravel() - before  # the frames of all clips
        columns: dict[str, list] = {name: vectors(_by_clip(array, shown)) for name, array in values.items()}
        columns["mask"] = [b"".join(pack_masks(clip)) for clip in _by_clip(unpack_masks(seen["mask"]), shown)]
        confidence = motion["confidence"].to_numpy()
        sure = motion["tracked"].to_numpy(zero_copy_only=False) & (confidence >= self.config.min_confidence)
        columns["usable"] = [bool(clip.all()) for clip in _by_clip(sure, shown)]
        columns["repeated"] = _by_clip(unpack_bits(video["repeated"], video["n_frames"])[before:], shown).tolist()
        columns["shot"] = np.searchsorted(cuts, clips * CLIP_FRAMES, side="right").tolist()
        columns["index"] = clips.tolist()
        return columns | _pictures(catalog, video["video_id"], head[start - before :], clips)


def _pictures(catalog: Catalog, video_id: str, head: np.ndarray, clips: np.ndarray) -> dict[str, list[bytes]]:
    """The faces and small pictures of each clip's frames, decoded one after the other.

    Args:
        head: (T, 3) of `head_place`, from the first clip's first frame on.
    """
    import cv2

    from tango_models.motion_graph.pictures import face_patch, small_picture

    start, stop = int(clips[0]) * CLIP_FRAMES, (int(clips[-1]) + 1) * CLIP_FRAMES
    faces: dict[int, list[bytes]] = {clip: [] for clip in clips.tolist()}
    pictures: dict[int, list[bytes]] = {clip: [] for clip in clips.tolist()}
    for t, frame in enumerate(iter_frames(catalog, video_id, start, stop)):
        clip = (start + t) // CLIP_FRAMES
        if clip in faces:
            grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
            faces[clip].append(face_patch(grey, head[t]).tobytes())
            pictures[clip].append(small_picture(grey).tobytes())
    return {"face": [b"".join(faces[k]) for k in faces], "picture": [b"".join(pictures[k]) for k in pictures]}


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
