"""The motion graph: clips, how they look and move, and the jumps between them."""

import pyarrow as pa

from data_catalog.tables.sizes import (
    CLIP_FRAMES,
    COLOURS,
    FACE_POINTS,
    FACE_SIDE,
    LOOKED_AT,
    MASK_BYTES,
    PICTURE_SIDE,
    REPRESENTATION,
)
from data_catalog.tables.table_spec import fixed_bytes, table, vector

GRAPH = [
    table(
        "clips",
        {"clip_id": pa.string()},
        {
            "track_id": pa.string(),
            "index": pa.int32(),  # frames 4·index to 4·index + 3 of the video; a clip with a cut inside does not exist
            "shot": pa.int32(),  # clips follow each other within a shot only
            "usable": pa.bool_(),
            "repeated": pa.list_(pa.bool_(), CLIP_FRAMES),  # the frame shows the picture before once more
            "representation": vector(CLIP_FRAMES * REPRESENTATION),
            "orientation": vector(CLIP_FRAMES * 3),
            "translation": vector(CLIP_FRAMES * 3),
            "mask": fixed_bytes(CLIP_FRAMES * MASK_BYTES),
            "hand_boxes": vector(CLIP_FRAMES * 8),  # image-height units
            "head": vector(CLIP_FRAMES * 3),  # middle and side of the face, image-height units; NaN without a face
            "face": fixed_bytes(CLIP_FRAMES * FACE_SIDE**2),  # 24 x 24 grey, the face at one place and size
            "picture": fixed_bytes(CLIP_FRAMES * PICTURE_SIDE**2),  # 32 x 32 grey, the whole frame, framed as the mask
            "surprise": vector(CLIP_FRAMES),  # grey levels: what a frame shows beyond the one before it, moved
            "motion_energy": vector(CLIP_FRAMES),
            "voice": vector(CLIP_FRAMES),
        },
        stage="create_clips",
        shards_by=("clip_id", "track_id"),
        groups={
            "takes": ("shot", "usable"),
            "motion": ("representation", "orientation", "translation", "motion_energy"),
            "looks": ("repeated", "mask", "hand_boxes", "head", "face", "picture", "surprise"),
            "voice": ("voice",),
        },
        identity=("track_id", "index"),
    ),
    table(
        "looks",  # by what the videos of one avatar are compared: do they show one person in one room?
        {"track_id": pa.string()},
        {
            "clothes": vector(LOOKED_AT * COLOURS),  # NaN where none were seen
            "room": vector(COLOURS),
            "face": vector(FACE_POINTS * 3),
            "note": pa.string(),  # of shots that look otherwise; "" where all look the same
        },
        stage="create_clips",
    ),
    table(
        "edges",
        {"src": pa.string(), "dst": pa.string()},
        {
            "src_track": pa.string(),
            "dst_track": pa.string(),
            "pose": pa.float32(),
            "velocity": pa.float32(),
            "translation": pa.float32(),
            "mask_iou": pa.float32(),
            "hand_iou": pa.float32(),
            "head": pa.float32(),
            "face": pa.float32(),
            "picture": pa.float32(),
            "stutter": pa.float32(),
            "whole": pa.float32(),  # predicted visibility of the made seam
            "background": pa.float32(),  # the same of what is not the person
            "cost": pa.float32(),  # the larger of both, each in units of what is just seen
        },
        stage="score_edges",
        shards_by=("src", "src_track"),
        unit_videos=2,
        groups={
            "edges": (
                "pose",
                "velocity",
                "translation",
                "mask_iou",
                "hand_iou",
                "head",
                "face",
                "picture",
                "stutter",
                "whole",
                "background",
                "cost",
            ),
        },
        identity=("src_track", "dst_track"),
    ),
    table(
        "embeddings",
        {"clip_id": pa.string(), "model_id": pa.string()},
        {"track_id": pa.string(), "motion_low": vector(CLIP_FRAMES * 256), "motion_high": vector(256)},
        stage="embed_clips",
        shards_by=("clip_id", "track_id"),
        groups={"embedding": ("motion_low", "motion_high")},
        identity=("track_id",),
    ),
]
