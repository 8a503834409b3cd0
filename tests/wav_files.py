"""WAV files written byte by byte: any number of channels, any samples."""

import struct
from pathlib import Path

import numpy as np


def write_wav(path: Path, sound: np.ndarray, rate: int) -> Path:
    """A WAV of (C, S) 32-bit float samples that does not say which channel is which."""
    channels = len(sound)
    data = np.ascontiguousarray(sound.T, dtype="<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, channels, rate, 4 * channels * rate, 4 * channels, 32)
    chunks = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    return path
