"""What the tables hold. One table belongs to one stage; `units` is the ledger of all of them."""

from dataclasses import dataclass

import pyarrow as pa
from lance import blob_field

CLIP_FRAMES = 4
"""Frames in a node (TANGO, section 3: non-overlapping 4-frame clips), and in a GOP of the `frames` table."""
JOINTS = 55
REPRESENTATION = 825
"""Numbers per frame of the motion representation: 55 joints x 15."""
MASK_SIDE = 64
MASK_BYTES = MASK_SIDE * MASK_SIDE // 8
FACE_SIDE = 24
PICTURE_SIDE = 32

_PRIMARY = {b"lance-schema:unenforced-primary-key": b"true"}


@dataclass(frozen=True)
class TableSpec:
    """A table's name, Arrow schema and primary key (in order)."""

    name: str
    schema: pa.Schema
    primary_key: tuple[str, ...]
    blobs: tuple[str, ...] = ()


def _vector(size: int) -> pa.DataType:
    return pa.list_(pa.float32(), size)


def _bytes(size: int) -> pa.DataType:
    return pa.binary(size)


_PROVENANCE = {
    "unit": pa.string(),  # the unit of work that wrote the row; its status stands in `units`
    "input_hash": pa.string(),
    "code_version": pa.string(),
    "config_hash": pa.string(),
    "run_id": pa.string(),
    "produced_at": pa.timestamp("us", tz="UTC"),
}


def _table(name: str, primary_key: dict, columns: dict, *, provenance: bool = True) -> TableSpec:
    fields = [pa.field(key, kind, nullable=False, metadata=_PRIMARY) for key, kind in primary_key.items()]
    fields += [blob_field(key) if kind == "blob" else pa.field(key, kind) for key, kind in columns.items()]
    if provenance:
        fields += [pa.field(key, kind) for key, kind in _PROVENANCE.items()]
    blobs = tuple(key for key, kind in columns.items() if isinstance(kind, str) and kind == "blob")
    return TableSpec(name, pa.schema(fields), tuple(primary_key), blobs)


_SPECS = [
    _table(
        "avatars",  # which videos show which avatar; a video may serve two avatars and is computed once
        {"avatar": pa.string(), "video_id": pa.string()},
        {
            "uri": pa.string(),
            "file_name": pa.string(),
            "motion_uri": pa.string(),  # a motion file to import instead of fitting
            "motion_hash": pa.string(),
            "added_at": pa.timestamp("us", tz="UTC"),
        },
        provenance=False,
    ),
    _table(
        "videos",
        {"video_id": pa.string()},
        {
            "uri": pa.string(),
            "file_name": pa.string(),
            "width": pa.int32(),
            "height": pa.int32(),
            "rotation": pa.int32(),
            "codec": pa.string(),
            "nominal_fps": pa.float64(),
            "seconds": pa.float64(),
            "n_frames": pa.int32(),  # at 30 fps
            "has_audio": pa.bool_(),
            "audio_rate": pa.int32(),
            "audio_channels": pa.int32(),
            "truncated": pa.bool_(),
            "repeated": pa.binary(),  # a bit per frame: shows the picture before once more
            "taken": pa.binary(),  # float32 per frame: when its picture was taken, in frames of 1/30 s
            "cuts": pa.list_(pa.int32()),  # first frame behind each cut inside the video
        },
    ),
    _table(
        "frames",  # the 30 fps copy every later stage reads: closed 4-frame GOPs with their audio
        {"video_id": pa.string(), "gop": pa.int32()},
        {"n_frames": pa.int8(), "pixels": "blob", "audio": pa.binary()},  # audio: 16 kHz mono int16
    ),
    _table(
        "landmarks",
        {"video_id": pa.string(), "frame": pa.int32()},
        {
            "body_xy": _vector(33 * 2),
            "body_visibility": _vector(33),
            "body_world": _vector(33 * 3),
            "hands_xy": _vector(2 * 21 * 2),
            "hands_local": _vector(2 * 21 * 3),
            "hands_score": _vector(2),
            "face_xy": pa.list_(pa.float32()),
            "face_z": pa.list_(pa.float32()),
            "face_score": pa.float32(),
            "mask": _bytes(MASK_BYTES),  # 64 x 64 bits, row by row, the whole frame
            "hand_boxes": _vector(2 * 4),
            "person_box": _vector(4),
            "others": pa.int8(),  # people in view beside the one whose landmarks these are
        },
    ),
    _table(
        "poses",
        {"video_id": pa.string(), "frame": pa.int32()},
        {
            "pose": _vector(JOINTS * 3),  # axis-angle, SMPL-X order
            "trans": _vector(3),
            "betas": pa.list_(pa.float32()),
            "expression": pa.list_(pa.float32()),
            "confidence": pa.float32(),
            "tracked": pa.bool_(),
        },
    ),
    _table(
        "fits",  # how well a video's poses lie over its pictures; imported poses have no row
        {"video_id": pa.string()},
        {
            "picture": pa.binary(),  # JPEG: the skeleton over some frames, the worst one too
            "reprojection": pa.float32(),  # median over the frames, share of the person's height
            "reprojection_p95": pa.float32(),
            "worst_frame": pa.int32(),
        },
    ),
    _table(
        "clips",
        {"clip_id": pa.string()},
        {
            "video_id": pa.string(),
            "index": pa.int32(),  # frames 4·index to 4·index + 3 of the video; a clip with a cut inside does not exist
            "shot": pa.int32(),  # clips follow each other within a shot only
            "usable": pa.bool_(),
            "repeated": pa.list_(pa.bool_(), CLIP_FRAMES),  # the frame shows the picture before once more
            "representation": _vector(CLIP_FRAMES * REPRESENTATION),
            "orientation": _vector(CLIP_FRAMES * 3),
            "translation": _vector(CLIP_FRAMES * 3),
            "mask": _bytes(CLIP_FRAMES * MASK_BYTES),
            "hand_boxes": _vector(CLIP_FRAMES * 8),  # image-height units
            "head": _vector(CLIP_FRAMES * 3),  # middle and side of the face, image-height units; NaN without a face
            "face": _bytes(CLIP_FRAMES * FACE_SIDE**2),  # 24 x 24 grey, the face at one place and size
            "picture": _bytes(CLIP_FRAMES * PICTURE_SIDE**2),  # 32 x 32 grey, the whole frame, framed as the mask
            "torso_xy": _vector(CLIP_FRAMES * 8),  # shoulders and hips, px
            "motion_energy": _vector(CLIP_FRAMES),
            "voice": _vector(CLIP_FRAMES),
            "onset": _vector(CLIP_FRAMES),
            "loudness": _vector(CLIP_FRAMES),
        },
    ),
    _table(
        "edges",
        {"src": pa.string(), "dst": pa.string()},
        {
            "src_video": pa.string(),
            "dst_video": pa.string(),
            "pose": pa.float32(),
            "velocity": pa.float32(),
            "translation": pa.float32(),
            "mask_iou": pa.float32(),
            "hand_iou": pa.float32(),
            "head": pa.float32(),
            "face": pa.float32(),
            "picture": pa.float32(),
            "stutter": pa.float32(),
            "cost": pa.float32(),
        },
    ),
    _table(
        "embeddings",
        {"clip_id": pa.string(), "model_id": pa.string()},
        {"video_id": pa.string(), "motion_low": _vector(CLIP_FRAMES * 256), "motion_high": _vector(256)},
    ),
    _table(
        "speech_embeddings",
        {"speech_id": pa.string(), "model_id": pa.string(), "part": pa.int32()},  # a part is a minute
        {"audio_low": pa.binary(), "audio_high": pa.binary()},  # (frames, 256) float16, little-endian
    ),
    _table(
        "speech",
        {"speech_id": pa.string()},
        {
            "file_name": pa.string(),
            "n_samples": pa.int64(),  # at 16 kHz
            "n_frames": pa.int32(),
            "audio": "blob",  # int16
            "loudness": pa.list_(pa.float32()),
            "onset": pa.list_(pa.float32()),
            "voice": pa.list_(pa.float32()),
        },
    ),
    _table(
        "paths",
        {"path_id": pa.string()},
        {
            "avatar": pa.string(),
            "speech_id": pa.string(),
            "clip_ids": pa.list_(pa.string()),
            "seams": pa.list_(pa.int32()),  # positions in clip_ids that were reached by a jump
            "seam_cost": pa.list_(pa.float32()),
            "cost": pa.float64(),
            "settings": pa.string(),  # JSON
        },
    ),
    _table(
        "transitions",  # generated seam frames: a cache shared by all renders
        {"src": pa.string(), "dst": pa.string(), "interpolator_id": pa.string()},
        {"n_frames": pa.int32(), "pixels": "blob", "sharpness": pa.float32(), "jump": pa.float32()},
    ),
    _table(
        "renders",
        {"render_id": pa.string()},
        {
            "avatar": pa.string(),
            "speech_id": pa.string(),
            "path_id": pa.string(),
            "interpolator_id": pa.string(),
            "source_video": pa.list_(pa.string()),
            "source_frame": pa.list_(pa.int32()),
            "uri": pa.string(),
            "report_uri": pa.string(),
            "poster": pa.string(),  # a small picture of the seams, as a data URI
            "motion_uri": pa.string(),
            "file_hash": pa.string(),
            "metrics": pa.string(),  # JSON
            "settings": pa.string(),  # JSON
        },
    ),
    _table(
        "units",
        {"stage": pa.string(), "unit": pa.string()},
        {
            "subject": pa.string(),  # what a person calls it: a file name, a speech, a seam
            "input_hash": pa.string(),
            "code_version": pa.string(),
            "config_hash": pa.string(),
            "status": pa.string(),  # ok | failed
            "error": pa.string(),
            "attempts": pa.int32(),
            "n_rows": pa.int64(),
            "fields": pa.string(),  # JSON: content hash of each group of columns, for stages that read only that group
            "seconds": pa.float64(),
            "run_id": pa.string(),
            "produced_at": pa.timestamp("us", tz="UTC"),
        },
        provenance=False,
    ),
]

TABLES: dict[str, TableSpec] = {spec.name: spec for spec in _SPECS}
