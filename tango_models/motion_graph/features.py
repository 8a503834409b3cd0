"""What a jump is judged by, of every frame: pose, velocity, place before the camera, silhouette, hands, head, looks."""

from dataclasses import dataclass, fields

import numpy as np

from tango_models.errors import InputError
from tango_models.motion_graph.pictures import FACE_SIDE, PICTURE_SIDE

CLIP_FRAMES = 4  # frames of a node, 133 1/3 ms
NO_HOLD = 99
FRAME_RATE = 30


@dataclass(frozen=True)
class FrameFeatures:
    """The frames of one video that became clips, in playing order; T = 4 x number of clips."""

    position: np.ndarray
    """(T, 55, 3) float32 metres: root-relative joints with the global orientation removed."""
    velocity: np.ndarray
    """(T, 55, 3) float32 m/s of `position`."""
    orientation: np.ndarray
    """(T, 3) float32: global orientation, axis-angle."""
    translation: np.ndarray
    """(T, 3) float32 metres. With |z| of 0.5 m or more it is read as camera coordinates (|z| is the distance), so that
    what counts is how far the person moves in the image; nearer, as a world position without a camera."""
    mask: np.ndarray
    """(T, 64, 64) bool: the person, the whole frame letterboxed."""
    hand_boxes: np.ndarray
    """(T, 2, 4) float32: left and right hand, x0 y0 x1 y1 in units of the image height; NaN when absent."""
    usable: np.ndarray
    """(T,) bool: the person was tracked. A clip with an unusable frame is no part of the graph."""
    run: np.ndarray | None = None
    """(clips,) int: clips of one number follow each other without a cut. None: the video has no cuts."""
    head: np.ndarray | None = None
    """(T, 3) float32: middle and side of the face in units of the image height; NaN when absent. None: never seen."""
    face: np.ndarray | None = None
    """(T, 24, 24) uint8 grey: the face at one place and size. None: not compared."""
    picture: np.ndarray | None = None
    """(T, 32, 32) uint8 grey: the whole frame letterboxed as the mask. None: not compared."""
    repeated: np.ndarray | None = None
    """(T,) bool: the frame shows the picture before once more. None: no frame does."""
    surprise: np.ndarray | None = None
    """(T,) float32 grey levels: what the frame shows beyond the one before it, moved (`pictures.SurpriseMeter`). None:
    not known, all frames are alike."""

    def __post_init__(self) -> None:
        frames = len(self.position)
        expected = {
            "position": (frames, 55, 3), "velocity": (frames, 55, 3), "orientation": (frames, 3),
            "translation": (frames, 3), "mask": (frames, 64, 64), "hand_boxes": (frames, 2, 4), "usable": (frames,),
        }  # fmt: skip
        optional = {
            "head": (frames, 3), "face": (frames, FACE_SIDE, FACE_SIDE),
            "picture": (frames, PICTURE_SIDE, PICTURE_SIDE), "repeated": (frames,), "surprise": (frames,),
        }  # fmt: skip
        expected |= {name: shape for name, shape in optional.items() if getattr(self, name) is not None}
        for name, shape in expected.items():
            if np.shape(getattr(self, name)) != shape:
                raise InputError("frame features", f"{name} has shape {np.shape(getattr(self, name))}", f"give {shape}")
        if frames % CLIP_FRAMES:
            raise InputError("frame features", f"{frames} frames", "give whole clips of 4 frames")
        if self.run is not None and np.shape(self.run) != (frames // CLIP_FRAMES,):
            raise InputError("frame features", f"run has shape {np.shape(self.run)}", "give one number per clip")
        used = np.asarray(self.usable, bool)
        for name in ("position", "velocity", "orientation", "translation"):
            if not np.isfinite(np.asarray(getattr(self, name))[used]).all():
                raise InputError("frame features", f"{name} of a usable frame is not a number", "mark it unusable")

    @property
    def clips(self) -> int:
        return len(self.position) // CLIP_FRAMES

    @property
    def usable_clips(self) -> np.ndarray:
        """(clips,) bool: all four frames are usable."""
        return np.all(np.asarray(self.usable, bool).reshape(-1, CLIP_FRAMES), axis=1)

    @property
    def successor(self) -> np.ndarray:
        """(clips,) int32: the clip that follows without a cut, -1 at the end of a run."""
        clip = np.arange(self.clips, dtype=np.int32)
        usable = self.usable_clips
        follows = np.zeros(self.clips, bool)
        follows[:-1] = usable[:-1] & usable[1:]
        if self.run is not None:
            follows[:-1] &= np.asarray(self.run)[:-1] == np.asarray(self.run)[1:]
        return np.where(follows, clip + 1, -1).astype(np.int32)

    @property
    def frame_run(self) -> np.ndarray:
        """(T,) int64: number of the uninterrupted run each frame belongs to; -1 for frames outside the graph."""
        cut = np.ones(self.clips, bool)
        cut[1:] = self.successor[:-1] < 0
        number = np.where(self.usable_clips, np.cumsum(cut), -1)
        return np.repeat(number, CLIP_FRAMES)


# Shares of the body parts in the pose and velocity distance. Chosen, not learned: the most visible pop is the head's,
# then what the eye follows in a gesture, the wrists; legs are mostly out of view and their estimates mostly noise.
_PARTS: dict[str, tuple[float, tuple[int, ...]]] = {
    "head (head, jaw, eyes)": (0.25, (15, 22, 23, 24)),
    "neck and shoulders": (0.13, (12, 13, 14, 16, 17)),
    "spine": (0.07, (3, 6, 9)),
    "elbows": (0.15, (18, 19)),
    "wrists": (0.20, (20, 21)),
    "finger joints": (0.18, tuple(range(25, 55))),
    "knees and ankles": (0.02, (4, 5, 7, 8)),
}
JOINTS = np.array(sorted(joint for _, joints in _PARTS.values() for joint in joints), np.int64)
"""(50,) joints that count; pelvis and hips stand still in root-relative coordinates, feet are noise."""
WEIGHTS = np.zeros(55, np.float32)
for _share, _joints in _PARTS.values():
    WEIGHTS[list(_joints)] = _share / len(_joints)
WEIGHTS = WEIGHTS[JOINTS]
"""(50,) float32, sum 1."""

# The person as a rigid body, in metres as they appear at a usual distance.
_REFERENCE_DISTANCE = 2.5  # m, a seated speaker; only scales the absolute floors, thresholds come from the video
_HALF_HEIGHT = 0.4  # m from the middle of an upper body to its edge: what a change of apparent scale moves it by
_HALF_WIDTH = 0.25  # m from the spine to the edge of the shoulders: what a turn moves it by
_NEAREST_CAMERA = 0.5  # m


def has_camera(features: FrameFeatures) -> bool:
    """Whether `translation` is a place before a camera (median distance of at least 0.5 m)."""
    depth = np.abs(features.translation[np.asarray(features.usable, bool), 2])
    return bool(depth.size) and float(np.median(depth)) >= _NEAREST_CAMERA


def rigid_embedding(orientation: np.ndarray, translation: np.ndarray, *, camera: bool) -> np.ndarray:
    """Place, apparent scale and turn of the body as one vector whose Euclidean distance is in apparent metres.

    Args:
        orientation: (T, 3) axis-angle.
        translation: (T, 3) metres.
        camera: translation is in camera coordinates: compare image positions and log distances, not metres.

    Returns:
        (T, 12) float32: 3 for the place and scale, 9 for the rotation (chordal, which is the angle for small turns).
    """
    from scipy.spatial.transform import Rotation

    translation = np.asarray(translation, np.float64)
    if camera:
        depth = np.maximum(np.abs(translation[:, 2]), 0.1)
        place = translation[:, :2] / depth[:, None] * _REFERENCE_DISTANCE
        place = np.concatenate([place, _HALF_HEIGHT * np.log(depth)[:, None]], axis=1)
    else:
        place = translation
    turn = Rotation.from_rotvec(np.asarray(orientation, np.float64)).as_matrix().reshape(-1, 9)
    return np.concatenate([place, turn * (_HALF_WIDTH / np.sqrt(2.0))], axis=1).astype(np.float32)


@dataclass(frozen=True)
class ClipEnds:
    """One frame per clip: its first one, or the one that would naturally follow its last. Rows of unusable clips are 0.

    position, velocity (N, 50, 3) float32; rigid (N, 12) float32; mask (N, 64) uint64: 4,096 packed bits;
    hand_boxes (N, 2, 4) float32; head (N, 3) float32 with NaN; face (N, 576) uint8; picture, person (N, 1024) uint8:
    the grey frame and, in its pixels, 1 where the mask has the person; hold (N,) int64: frames between this one and the
    nearest repeated frame on the side that is shown, `NO_HOLD` without one.
    """

    position: np.ndarray
    velocity: np.ndarray
    rigid: np.ndarray
    mask: np.ndarray
    hand_boxes: np.ndarray
    head: np.ndarray
    face: np.ndarray
    picture: np.ndarray
    person: np.ndarray
    hold: np.ndarray

    @classmethod
    def concatenate(cls, parts: "list[ClipEnds]") -> "ClipEnds":
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def first_frames(features: FrameFeatures, *, camera: bool) -> ClipEnds:
    """What one sees right after a jump to each clip."""
    first = np.arange(features.clips) * CLIP_FRAMES
    ends = frame_ends(features, first, features.usable_clips, camera=camera)
    if features.repeated is not None:  # the first frame repeats nothing that is shown
        later = np.asarray(features.repeated, bool).reshape(-1, CLIP_FRAMES)[:, 1:]
        ends.hold[:] = np.where(later.any(axis=1), later.argmax(axis=1) + 1, NO_HOLD)
    return ends


def following_frames(features: FrameFeatures, *, camera: bool) -> ClipEnds:
    """What one would see after each clip without a jump: its successor's first frame.

    At the end of a run nothing follows: the pose is carried on by its velocity for one frame, the rest stays.
    """
    successor = features.successor
    last = np.arange(features.clips) * CLIP_FRAMES + CLIP_FRAMES - 1
    ends = frame_ends(features, np.where(successor >= 0, last + 1, last), features.usable_clips, camera=camera)
    stop = successor < 0
    ends.position[stop] += ends.velocity[stop] / FRAME_RATE
    if features.repeated is not None:
        own = np.asarray(features.repeated, bool).reshape(-1, CLIP_FRAMES)[:, ::-1]
        ends.hold[:] = np.where(own.any(axis=1), own.argmax(axis=1) + 1, NO_HOLD)
        ends.hold[~stop & features.repeated[np.where(stop, last, last + 1)]] = 0
    return ends


def pack_masks(mask: np.ndarray) -> np.ndarray:
    """(T, 64, 64) bool -> (T, 64) uint64."""
    bits = np.packbits(np.asarray(mask, bool).reshape(len(mask), -1), axis=1)
    return np.ascontiguousarray(bits).view(np.uint64)


def frame_ends(features: FrameFeatures, frame: np.ndarray, usable: np.ndarray, *, camera: bool) -> ClipEnds:
    """The chosen frames (N,) as `ClipEnds`; rows that are not `usable` (N,) bool are 0 where they may be NaN."""
    position = features.position[frame][:, JOINTS].astype(np.float32)
    velocity = features.velocity[frame][:, JOINTS].astype(np.float32)
    orientation, translation = features.orientation[frame].copy(), features.translation[frame].copy()
    for array in (position, velocity, orientation, translation):
        array[~usable] = 0
    mask, count = features.mask[frame], len(frame)
    person = mask.reshape(count, PICTURE_SIDE, 2, PICTURE_SIDE, 2).any(axis=(2, 4))
    head = np.full((count, 3), np.nan, np.float32) if features.head is None else features.head[frame]
    return ClipEnds(
        position=position,
        velocity=velocity,
        rigid=rigid_embedding(orientation, translation, camera=camera),
        mask=pack_masks(mask),
        hand_boxes=features.hand_boxes[frame].astype(np.float32),
        head=head.astype(np.float32),
        face=_flat(features.face, frame, FACE_SIDE),
        picture=_flat(features.picture, frame, PICTURE_SIDE),
        person=person.reshape(count, -1).astype(np.uint8),
        hold=np.full(count, NO_HOLD, np.int64),
    )


def _flat(images: np.ndarray | None, frame: np.ndarray, side: int) -> np.ndarray:
    if images is None:
        return np.zeros((len(frame), side * side), np.uint8)
    return np.ascontiguousarray(images[frame].reshape(len(frame), -1))
