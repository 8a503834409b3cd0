"""Where somebody speaks: silero-vad on the 30 fps grid."""

import importlib.util
from pathlib import Path

import numpy as np

from tango_models.speech.timeline import FRAME_RATE, SAMPLE_RATE, check_audio, frame_count

_CHUNK = 512  # samples the network takes at 16 kHz
# Long recordings are cut into segments that run as one batch (10 minutes: 5 s instead of 12 s). The network is
# recurrent with a long memory, so each segment is led in by 12.8 s of what precedes it; against one uninterrupted run,
# 24 of 6,000 frames then differ by more than 0.02 and none by more than 0.1 (with 3.2 s: 63, up to 0.26).
_SEGMENT = 60 * SAMPLE_RATE // _CHUNK
_LEAD_IN = 400


def voice_activity(audio: np.ndarray) -> np.ndarray:
    """Probability that somebody speaks.

    Args:
        audio: (S,) float32, 16 kHz mono.

    Returns:
        (T,) float32 in [0, 1], T = round(S / 16000 * 30). Frame t is the network's answer at the frame's centre,
        interpolated between its 32 ms steps. Digital silence gives values near 0.

    Raises:
        InputError: not one-dimensional, shorter than a frame, or not finite.

    The TorchScript weights come with the `silero-vad` package (MIT). A fresh network is loaded for every call (0.1 s)
    because it keeps its recurrent state inside: a shared one would mix up recordings analysed in parallel threads.
    """
    import torch

    audio = check_audio(audio)
    frames = frame_count(audio.size)
    chunks = -(-audio.size // _CHUNK)
    padded = np.zeros(chunks * _CHUNK, np.float32)
    padded[: audio.size] = audio
    network = torch.jit.load(str(_weights()), map_location="cpu").eval()
    with torch.inference_mode():
        probability = _run_segments(network, padded.reshape(chunks, _CHUNK))
    centre = (np.arange(frames) + 0.5) / FRAME_RATE * SAMPLE_RATE
    chunk_centre = (np.arange(chunks) + 0.5) * _CHUNK
    return np.clip(np.interp(centre, chunk_centre, probability), 0.0, 1.0).astype(np.float32)


def _weights() -> Path:
    # find_spec does not run the package, which would look for audio back ends it has no need of here
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("silero-vad is not installed; its wheel holds the voice-activity network")
    return Path(spec.origin).parent / "data" / "silero_vad.jit"


def _run_segments(network, chunks: np.ndarray) -> np.ndarray:
    """(C, 512) chunks -> (C,) probabilities; segments side by side in one batch, each led in by what precedes it."""
    import torch

    total = len(chunks)
    starts = np.arange(0, total, _SEGMENT)
    steps = min(_SEGMENT + _LEAD_IN, total)
    first = np.maximum(starts - _LEAD_IN, 0)
    batch = torch.from_numpy(chunks)
    network.reset_states()
    answers = np.empty((len(starts), steps), np.float32)
    for step in range(steps):
        index = torch.from_numpy(np.minimum(first + step, total - 1))
        answers[:, step] = network(batch[index], SAMPLE_RATE)[:, 0].numpy()
    probability = np.empty(total, np.float32)
    for row, start in enumerate(starts):
        end = min(start + _SEGMENT, total)
        probability[start:end] = answers[row, start - first[row] : end - first[row]]
    return probability
