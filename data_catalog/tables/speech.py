"""What is known of a speech."""

import pyarrow as pa

from data_catalog.tables.table_spec import table

SPEECH = [
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
        "speech_embeddings",
        {"speech_id": pa.string(), "model_id": pa.string(), "part": pa.int32()},  # a part is a minute
        {"audio_low": pa.binary(), "audio_high": pa.binary()},  # (frames, 256) float16, little-endian
        stage="embed_speech",
        groups={"embedding": ("audio_low", "audio_high")},
    ),
]
