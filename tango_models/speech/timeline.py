"""The 30 fps grid that speech features and video frames share."""

import numpy as np

from tango_models.errors import InputError

SAMPLE_RATE = 16_000
FRAME_RATE = 30
CLIP_FRAMES = 4  # one node of the motion graph: 133 1/3 ms


def frame_count(samples: int, rate: int = SAMPLE_RATE, fps: int = FRAME_RATE) -> int:
    """Number of frames that `samples` samples at `rate` Hz last: the nearest, and half a frame counts as one.

    The one rule for the length of a speech, of what is analysed and embedded of it, and of the video. In integers: in
    floating point 4.15 s are 124.5 frames by one formula and 124.50000000000001 by another.
    """
    return (2 * samples * fps + rate) // (2 * rate)


def sample_count(frames: int, rate: int = SAMPLE_RATE, fps: int = FRAME_RATE) -> int:
    """Number of samples at `rate` Hz under `frames` frames: the nearest."""
    return (2 * frames * rate + fps) // (2 * fps)


def frame_bounds(frames: int) -> np.ndarray:
    """(frames + 1,) int64 sample indices: frame t covers samples [bounds[t], bounds[t + 1])."""
    return np.arange(frames + 1, dtype=np.int64) * SAMPLE_RATE // FRAME_RATE


def stretch(audio: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Samples `start` to `stop` (exclusive) of (S,) audio, silent where there is none: an hour is read in pieces, since
    a copy of it is 230 MB."""
    piece = np.zeros(stop - start, audio.dtype)
    given = audio[max(start, 0) : max(stop, 0)]
    piece[max(-start, 0) : max(-start, 0) + given.size] = given
    return piece


def slot_count(frames: int) -> int:
    """Number of 4-frame slots that cover `frames` frames (the last one may be cut short by the render)."""
    return -(-frames // CLIP_FRAMES)


def check_audio(audio: np.ndarray) -> np.ndarray:
    """Return `audio` as contiguous float32 (S,); InputError when it is not finite mono audio of at least one frame."""
    audio = np.asarray(audio)
    if audio.ndim != 1:
        raise InputError("audio", f"has shape {audio.shape}", "give 16 kHz mono audio of shape (samples,)")
    if frame_count(audio.size) == 0:
        raise InputError("audio", f"has {audio.size} samples, less than one frame", "give at least 33 ms of audio")
    audio = np.ascontiguousarray(audio, dtype=np.float32)
    if not np.isfinite(audio).all():
        raise InputError("audio", "contains values that are not numbers", "re-export the recording")
    return audio
