"""What is known of footage: its frames, who is seen in them and how, and the sound."""

import pyarrow as pa

from data_catalog.tables.sizes import JOINTS, MASK_BYTES, MESH_POINTS, PARTS
from data_catalog.tables.table_spec import fixed_bytes, table, vector

FOOTAGE = [
    table(
        "avatars",  # which videos show which avatar; a video may serve two avatars and is computed once
        {"avatar": pa.string(), "video_id": pa.string()},
        {
            "uri": pa.string(),
            "file_name": pa.string(),
            "motion_uri": pa.string(),  # a motion file to import instead of fitting
            "motion_hash": pa.string(),
            "added_at": pa.timestamp("us", tz="UTC"),
            "size": pa.int64(),  # of the file in bytes, and its st_ctime_ns, when it was last read
            "changed_ns": pa.int64(),
            "consent": pa.string(),  # a reference to the consent of whom it shows, as a manifest says
            "scene": pa.string(),  # what it shows, as a manifest says
        },
    ),
    table(
        "videos",
        {"video_id": pa.string()},
        {
            "file_name": pa.string(),
            "width": pa.int32(),
            "height": pa.int32(),
            "seconds": pa.float64(),
            "n_frames": pa.int32(),  # at 30 fps
            "has_audio": pa.bool_(),
            "truncated": pa.bool_(),
            "notes": pa.list_(pa.string()),  # what could not be used as it is, a line each
            "repeated": pa.binary(),  # a bit per frame: shows the picture before once more
            "taken": pa.binary(),  # float32 per frame: when its picture was taken, in frames of 1/30 s
            "cuts": pa.list_(pa.int32()),  # first frame behind each cut inside the video
        },
        stage="extract_frames",
        groups={
            "shape": ("width", "height", "n_frames"),
            "timing": ("repeated", "taken", "cuts"),
            "audio": ("has_audio",),
            "name": ("file_name",),
        },
    ),
    table(
        "frames",  # the 30 fps copy every later stage reads: closed 4-frame GOPs with their audio
        {"video_id": pa.string(), "gop": pa.int32()},
        {"n_frames": pa.int8(), "pixels": "blob", "audio": pa.binary()},  # audio: 16 kHz mono int16
        stage="extract_frames",
        shards_by=("video_id",),
        groups={"pixels": ("n_frames", "pixels"), "audio": ("audio",)},
    ),
    table(
        "landmarks",
        {"video_id": pa.string(), "frame": pa.int32()},
        {
            "body_xy": vector(33 * 2),
            "body_visibility": vector(33),
            "body_world": vector(33 * 3),
            "hands_xy": vector(2 * 21 * 2),
            "hands_local": vector(2 * 21 * 3),
            "hands_score": vector(2),
            "face_xy": pa.list_(pa.float32()),
            "face_z": pa.list_(pa.float32()),
            "face_score": pa.float32(),
            "mask": fixed_bytes(MASK_BYTES),  # 64 x 64 bits, row by row, the whole frame
            "hand_boxes": vector(2 * 4),
            "person_box": vector(4),
            "others": pa.int8(),  # people in view beside the one whose landmarks these are
        },
        stage="detect_landmarks",
        shards_by=("video_id",),
        groups={
            "landmarks": (
                "body_xy",
                "body_visibility",
                "body_world",
                "hands_xy",
                "hands_local",
                "hands_score",
                "face_xy",
                "face_z",
                "face_score",
                "mask",
                "hand_boxes",
                "person_box",
            ),
        },
    ),
    table(
        "mouths",
        {"video_id": pa.string(), "frame": pa.int32()},
        {
            "middle": vector(2),  # of the mesh, pixels; NaN, as all else, without a face
            "mesh": fixed_bytes(MESH_POINTS * 3 * 2),  # float16, pixels about the middle; z away from the camera
            "opening": pa.float32(),  # this and the next: shares of the distance of the outer corners of the eyes
            "width": pa.float32(),
            "protrusion": pa.float32(),  # written by releases before; a table that has it is still read
            "yaw": pa.float32(),  # degrees
            "pitch": pa.float32(),
            "sharpness": pa.float32(),  # grey levels
            "light": vector(3),  # mean colour around the mouth
            "covered": pa.bool_(),  # a hand is before it
        },
        stage="detect_mouths",
        shards_by=("video_id",),
        groups={
            "mouths": (
                "middle",
                "mesh",
                "opening",
                "width",
                "yaw",
                "pitch",
                "sharpness",
                "light",
                "covered",
            ),
        },
    ),
    table(
        "footage_sounds",
        {"video_id": pa.string(), "part": pa.int32()},  # a part is a minute
        {
            "symbols": pa.list_(pa.string()),  # of the International Phonetic Alphabet
            "times": pa.list_(pa.float64()),  # seconds of the minute, the middle of each
            "voice": pa.list_(pa.float32()),  # per frame: probability that somebody speaks
            "energy": pa.list_(pa.float32()),  # dB
        },
        stage="detect_mouths",
        groups={"sounds": ("symbols", "times", "voice", "energy")},
    ),
    table(
        "poses",
        {"track_id": pa.string(), "frame": pa.int32()},
        {
            "pose": vector(JOINTS * 3),  # axis-angle, SMPL-X order
            "trans": vector(3),
            "betas": pa.list_(pa.float32()),
            "expression": pa.list_(pa.float32()),
            "confidence": pa.float32(),
            "parts": vector(PARTS),  # how surely face, arms (l, r), hands (l, r) and legs were seen
            "tracked": pa.bool_(),
        },
        stage="fit_smplx",
        shards_by=("track_id",),
        groups={"motion": ("pose", "trans", "betas", "expression", "confidence", "tracked")},
    ),
    table(
        "fits",  # how well a track's poses lie over its pictures; imported poses have no row
        {"track_id": pa.string()},
        {
            "picture": pa.binary(),  # JPEG: the skeleton over some frames, the worst one too
            "reprojection": pa.float32(),  # median over the frames, share of the person's height
            "reprojection_p95": pa.float32(),
            "worst_frame": pa.int32(),
            "seen": vector(PARTS),  # share of the frames in which each part was seen
        },
        stage="fit_smplx",
        groups={"picture": ("picture",)},
    ),
]
