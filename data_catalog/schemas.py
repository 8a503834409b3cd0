"""What the tables hold. One table belongs to one stage; `units` is the ledger of all of them."""

import pyarrow as pa

from data_catalog.table_spec import TableSpec, fixed_bytes, table, vector

SCHEMA = 2
"""Stands in every table that is made. Raise it, and stamp older tables, when a release that does not know of a change
must not touch a catalog with it; columns that come in need none."""
CLIP_FRAMES = 4
"""Frames in a node (TANGO, section 3: non-overlapping 4-frame clips), and in a GOP of the `frames` table."""
JOINTS = 55
REPRESENTATION = 825
"""Numbers per frame of the motion representation: 55 joints x 15."""
MASK_SIDE = 64
MASK_BYTES = MASK_SIDE * MASK_SIDE // 8
FACE_SIDE = 24
COLOURS = 216
LOOKED_AT = 12  # frames of a video
"""Colours that pictures are counted in."""
FACE_POINTS = 12
"""Points of the stiff part of a face."""
PARTS = 6
"""Of the speaker, told apart by whether they were seen."""
PICTURE_SIDE = 32
MESH_POINTS = 478
"""Points of a face mesh."""

_SPECS = [
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
    table(
        "speech_embeddings",
        {"speech_id": pa.string(), "model_id": pa.string(), "part": pa.int32()},  # a part is a minute
        {"audio_low": pa.binary(), "audio_high": pa.binary()},  # (frames, 256) float16, little-endian
        stage="embed_speech",
        groups={"embedding": ("audio_low", "audio_high")},
    ),
    table(
        "speech",
        {"speech_id": pa.string()},
        {
            "file_name": pa.string(),
            "n_frames": pa.int32(),
            "track": pa.int32(),  # the number, among the file's sound tracks, of the one that is listened to
            "track_note": pa.string(),  # why that one; "" where there is no other
            "audio": "blob",  # int16, 16 kHz mono, at a common level: for analysis, not to be heard
            "loudness": pa.list_(pa.float32()),
            "onset": pa.list_(pa.float32()),
            "voice": pa.list_(pa.float32()),
        },
        stage="analyse_speech",
        groups={
            "prosody": ("n_frames", "loudness", "onset", "voice"),
            "audio": ("audio",),
            "track": ("track",),
            "name": ("file_name",),
        },
    ),
    table(
        "paths",
        {"path_id": pa.string()},
        {
            "speech_id": pa.string(),
            "clip_ids": pa.list_(pa.string()),
            "seams": pa.list_(pa.int32()),  # positions in clip_ids that were reached by a jump
            "seam_cost": pa.list_(pa.float32()),
            "cost": pa.float64(),
            "bound": pa.float64(),  # no path within the limits costs less; null where not known
            "overused": pa.int32(),  # uses of clips beyond the limit
            "repeats": pa.int32(),  # jumps that repeat another too soon
            "settings": pa.string(),  # JSON
        },
        stage="retrieve_path",
        groups={"path": ("speech_id", "clip_ids", "seams", "seam_cost", "cost", "bound", "overused", "repeats")},
    ),
    table(
        "lips",  # for every frame of a path the picture its mouth comes from, and how it is painted
        {"path_id": pa.string(), "part": pa.int32()},  # a part is a minute
        {
            "source_video": pa.list_(pa.string()),  # these are empty where the frames stay as they are ...
            "source_frame": pa.list_(pa.int32()),
            "other_video": pa.list_(pa.string()),  # a second mouth that it fades from or to; "" without
            "other_frame": pa.list_(pa.int32()),
            "other_weight": pa.list_(pa.float32()),
            "strength": pa.list_(pa.float32()),  # 0: the frame stays as it is
            "run": pa.list_(pa.int32()),  # frames of one run show one stretch of footage
            "opening": pa.list_(pa.float32()),  # what the speech asks for; 1: as wide as this speaker opens the mouth
            "shape": pa.binary(),  # float32 (frames, 55, 3), lips and jaw in eye distances
            "reference": pa.binary(),  # float32 (478, 3), the mean face
            "note": pa.string(),  # ... and why
        },
        stage="match_lips",
        groups={
            "lips": (
                "source_video",
                "source_frame",
                "other_video",
                "other_frame",
                "other_weight",
                "strength",
                "run",
                "shape",
                "reference",
                "note",
            ),
        },
    ),
    table(
        "transitions",  # generated seam frames: a cache shared by all renders
        {"src": pa.string(), "dst": pa.string(), "interpolator_id": pa.string()},
        {
            "n_frames": pa.int32(),
            "pixels": "blob",
            "sharpness": pa.float32(),
            "jump": pa.float32(),
            "visibility": pa.float32(),  # among the frames of the two runs; of a picture in between unknown
            "made_by": pa.string(),  # the way that was chosen, and how visible the seam is by each that was tried
        },
        stage="interpolate_seams",
        groups={"pixels": ("n_frames", "pixels"), "quality": ("sharpness", "jump", "visibility", "made_by")},
    ),
    table(
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
        stage="render_video",
    ),
    table(
        "files",  # in pieces, while workers need what their own disks do not hold; see `handed_files`
        {"name": pa.string(), "holder": pa.string(), "part": pa.int32()},
        {
            "parts": pa.int32(),  # of the last row: how many came before; 0 of the others
            "data": "blob",
            "put_at": pa.timestamp("us", tz="UTC"),
        },
    ),
    table(
        "leases",  # who is at a unit just now; see `leases`
        {"lease": pa.string()},  # hash of stage and unit; `keep:` and a hash of who wants the unit's rows to stay
        {"holder": pa.string(), "expires_at": pa.float64()},  # seconds since 1970
    ),
    table(
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
            "upstream": pa.string(),  # JSON: by stage, the units that were read
            "seconds": pa.float64(),
            "run_id": pa.string(),
            "produced_at": pa.timestamp("us", tz="UTC"),
        },
    ),
]

LEDGER = "units"
HELD_STAGES = ("extract_frames", "detect_landmarks", "fit_smplx", "create_clips", "embed_clips", "score_edges")
"""Of whose tables a tag holds a version: what an avatar is made of, and no speech, path or picture made of it."""
SPEECH_STAGES = ("analyse_speech", "embed_speech")
"""What is done to a speech, whoever is to speak it."""
TABLES: dict[str, TableSpec] = {spec.name: spec for spec in _SPECS}


def tables_of(stage: str) -> list[str]:
    """The tables that a stage writes."""
    return [spec.name for spec in _SPECS if spec.stage == stage]


def groups_of(stage: str) -> list[str]:
    """The groups of columns that a stage writes."""
    return sorted({group for spec in _SPECS if spec.stage == stage for group in spec.groups})
