"""Stage: 4-frame clips, the nodes of the motion graph, with everything the graph and the search compare."""

from typing import ClassVar

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Source, Unit, clip_id, video_of
from data_catalog.keys import between, equals
from data_catalog.tables.sizes import CLIP_FRAMES
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage, unversioned
from tasks.views.columns import matrix, pack_masks, unpack_bits, unpack_masks, vectors
from tasks.views.file_content import body_hash
from tasks.views.footage.appearance import appearance, changed_looks
from tasks.views.footage.frame_source import FRAME_CACHE_MB, footage_audio, iter_frames
from tasks.views.footage.videos import video_frames
from tasks.views.track_units import track_units

_VIDEO_COLUMNS = ["video_id", "n_frames", "height", "cuts", "taken", "repeated"]
_POSE_COLUMNS = ["track_id", "frame", "pose", "trans", "confidence", "tracked"]
_LANDMARK_COLUMNS = ["video_id", "frame", "mask", "hand_boxes", "face_xy"]
_CLIPS_PER_CHUNK = 450
"""A minute: what a video's length does not change in memory."""
_CONTEXT_CLIPS = 38
"""5 s before and after: velocities, and how loud the sound around is, are those of the whole video."""


class CreateClipsSettings(BaseModel):
    """
    Attributes:
        min_confidence: a clip with a frame fitted less surely than this is not used.
        frame_cache_mb: of decoded footage held at most, but for 64 MB that are decoded ahead.
    """

    min_confidence: float = Field(0.2, ge=0, le=1)
    frame_cache_mb: float = Field(FRAME_CACHE_MB, **unversioned(gt=0))


class CreateClipsConfig(CreateClipsSettings):
    """
    Attributes:
        body: as for `fit_smplx`.
    """

    body: str | None = None


class CreateClips(Stage):
    name, code_version = "create_clips", "6"
    reads: ClassVar = {
        "extract_frames": ("pixels", "audio", "timing", "shape"),
        "detect_landmarks": ("landmarks",),
        "fit_smplx": ("motion",),
    }
    file_settings = ("body",)
    libraries = ("av", "cv2", "scipy.ndimage", "scipy.spatial.transform", "torch")
    Config = CreateClipsConfig
    config: CreateClipsConfig

    def version_parts(self) -> dict:
        return super().version_parts() | {"body": body_hash(self.config.body)}

    def plan(self, source: PlanSource, *, track: str, **_) -> list[Unit]:
        video_id = video_of(track)
        (video,) = source.need("extract_frames", video_id, subject=video_id)
        of = track_units(track, video_frames(source, video_id))["create_clips"].reads
        for stage, units in of.items():
            source.need(stage, *units, subject=video.subject)
        return [self.unit(track, subject=video.subject, of=of, track=track)]

    def setup(self) -> None:
        from tango_models.body.smplx_body import Body

        self._body = Body.load(self.config.body)

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        track = unit.inputs["track"]
        video = source.table("videos").read(_VIDEO_COLUMNS, where=equals(video_id=video_of(track))).to_pylist()[0]
        clips = clips_between_cuts(video["n_frames"], np.asarray(video["cuts"], np.int64))
        for first in range(0, len(clips), _CLIPS_PER_CHUNK):
            part = clips[first : first + _CLIPS_PER_CHUNK]
            columns = self._columns(source, track, video, part)
            out.write(
                {"clip_id": clip_id(track, k), "track_id": track, **{n: columns[n][row] for n in columns}}
                for row, k in enumerate(part.tolist())
            )
            out.progress((int(part[-1]) + 1) * CLIP_FRAMES, video["n_frames"])
        cache, n_frames = self.config.frame_cache_mb, video["n_frames"]
        looks = appearance(source, video["video_id"], n_frames, cache_mb=cache)
        row: dict = {"track_id": track, **{name: value.ravel() for name, value in vars(looks).items()}}
        cuts = np.asarray(video["cuts"], np.int64)
        row["note"] = changed_looks(source, video["video_id"], n_frames, cuts, cache_mb=cache)
        out.write([row], table="looks")

    def _columns(self, source: Source, track: str, video: dict, clips: np.ndarray) -> dict[str, list]:
        """The columns of consecutive clips, by number, from the frames under them and some around."""
        from tango_models.body.motion_features import motion_energy
        from tango_models.body.true_motion import representation_of_shots
        from tango_models.media.pictures.stillness import long_runs
        from tango_models.motion_graph.pictures import head_place
        from tango_models.speech.activity import voice_activity

        start, stop = int(clips[0]) * CLIP_FRAMES, (int(clips[-1]) + 1) * CLIP_FRAMES
        before = max(0, start // CLIP_FRAMES - _CONTEXT_CLIPS) * CLIP_FRAMES
        after = min(video["n_frames"], stop + _CONTEXT_CLIPS * CLIP_FRAMES)
        motion = source.table("poses").read(_POSE_COLUMNS, where=between(before, after, track_id=track))
        here = between(before, after, video_id=video["video_id"])
        seen = source.table("landmarks").read(_LANDMARK_COLUMNS, where=here)
        cuts = np.asarray(video["cuts"], np.int64)
        taken = np.frombuffer(video["taken"], "<f4")[before:after]
        poses = matrix(motion["pose"])
        representation = representation_of_shots(poses, taken - before, cuts - before, self._body)
        sound = footage_audio(source, video["video_id"], before // CLIP_FRAMES, -(-after // CLIP_FRAMES))
        head = head_place(matrix(seen["face_xy"]).reshape(after - before, -1, 2), video["height"])
        values = {
            "representation": representation,
            "orientation": poses[:, :3],
            "translation": matrix(motion["trans"]),
            "hand_boxes": matrix(seen["hand_boxes"]) / video["height"],
            "head": head,
            "motion_energy": motion_energy(representation),
            "voice": voice_activity(sound),
        }
        shown = (clips[:, None] * CLIP_FRAMES + np.arange(CLIP_FRAMES)).ravel() - before  # the frames of all clips
        columns: dict[str, list] = {name: vectors(_by_clip(array, shown)) for name, array in values.items()}
        columns["mask"] = [b"".join(pack_masks(clip)) for clip in _by_clip(unpack_masks(seen["mask"]), shown)]
        confidence = motion["confidence"].to_numpy()
        sure = motion["tracked"].to_numpy(zero_copy_only=False) & (confidence >= self.config.min_confidence)
        repeated = unpack_bits(video["repeated"], video["n_frames"])
        sure &= ~long_runs(repeated)[before:after]  # a picture that stands still is no rest
        columns["usable"] = [bool(clip.all()) for clip in _by_clip(sure, shown)]
        columns["repeated"] = _by_clip(repeated[before:], shown).tolist()
        columns["shot"] = np.searchsorted(cuts, clips * CLIP_FRAMES, side="right").tolist()
        columns["index"] = clips.tolist()
        return columns | _pictures(source, video["video_id"], head[start - before :], clips)


def _pictures(source: Source, video_id: str, head: np.ndarray, clips: np.ndarray) -> dict[str, list]:
    """The faces, small pictures and surprise of each clip's frames, decoded one after the other.

    Args:
        head: (T, 3) of `head_place`, from the first clip's first frame on.
    """
    import cv2

    from tango_models.motion_graph.pictures import SurpriseMeter, face_patch, small_picture

    start, stop = int(clips[0]) * CLIP_FRAMES, (int(clips[-1]) + 1) * CLIP_FRAMES
    faces: dict[int, list[bytes]] = {clip: [] for clip in clips.tolist()}
    pictures: dict[int, list[bytes]] = {clip: [] for clip in clips.tolist()}
    surprise: dict[int, list[float]] = {clip: [] for clip in clips.tolist()}
    meter, before = SurpriseMeter(), max(start - 1, 0)
    for t, frame in enumerate(iter_frames(source, video_id, before, stop), before):
        clip = t // CLIP_FRAMES
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        beyond = meter.see(grey)
        if clip in faces:
            faces[clip].append(face_patch(grey, head[t - start]).tobytes())
            pictures[clip].append(small_picture(grey).tobytes())
            surprise[clip].append(beyond)
    return {
        "face": [b"".join(faces[k]) for k in faces],
        "picture": [b"".join(pictures[k]) for k in pictures],
        "surprise": list(surprise.values()),
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
