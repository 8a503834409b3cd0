"""What is made of footage and speech: paths, mouths, seams, videos."""

import pyarrow as pa

from data_catalog.tables.table_spec import table

RENDERS = [
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
]
