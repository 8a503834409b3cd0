"""Where somebody speaks: silero-vad on the 30 fps grid.

Evaluated here and not by its package: that takes 2.4 s of CPU time for its imports (torch) and 0.5 s for 9.5 s of
speech, 2.2 s for 60; this takes 0.1 and 0.6 s, and the answers differ by less than 1e-4.
"""

import functools
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tango_models.speech.timeline import FRAME_RATE, SAMPLE_RATE, check_audio, frame_count, stretch

WEIGHTS = Path(__file__).parent / "assets" / "silero_vad_16k.npz"
"""silero-vad's 16 kHz network (MIT, Silero Team), taken out of its wheel by `build_weights`."""

_CHUNK, _CONTEXT = 512, 64  # samples of a step at 16 kHz, and of the step before that the network sees again
_WINDOW, _HOP = 256, 128
_BLOCK = 2_000  # steps encoded at a time


def voice_activity(audio: np.ndarray) -> np.ndarray:
    """Probability that somebody speaks.

    Args:
        audio: (S,) float32, 16 kHz mono.

    Returns:
        (T,) float32 in [0, 1], T = `frame_count(S)`. Frame t is the network's answer at the frame's centre,
        interpolated between its 32 ms steps. Digital silence gives values near 0.

    Raises:
        InputError: not one-dimensional, shorter than a frame, or not finite.

    The weights are those of the `silero-vad` package (MIT). The network, 300,000 weights, is evaluated here in numpy:
    everything but its recurrent cell for all steps at once. That gives what the packaged network gives step by step (a
    test compares them) in a third of the time, and without the recurrent state it keeps inside, which threads would
    share.
    """
    audio = check_audio(audio)
    chunks = -(-audio.size // _CHUNK)
    weights = _load_weights()
    blocks = (_windows(audio, start, min(start + _BLOCK, chunks)) for start in range(0, chunks, _BLOCK))
    probability = _decode((_encode(block, weights) for block in blocks), weights)
    centre = (np.arange(frame_count(audio.size)) + 0.5) / FRAME_RATE * SAMPLE_RATE
    chunk_centre = (np.arange(chunks) + 0.5) * _CHUNK
    return np.interp(centre, chunk_centre, probability).astype(np.float32)


def _windows(audio: np.ndarray, first: int, stop: int) -> np.ndarray:
    """(stop - first, 576) samples of the steps `first` to `stop`, each with the context before it."""
    piece = stretch(audio, first * _CHUNK - _CONTEXT, stop * _CHUNK)
    return np.lib.stride_tricks.sliding_window_view(piece, _CONTEXT + _CHUNK)[::_CHUNK]


@functools.cache
def _load_weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return dict(stored)


def _encode(windows: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """(C, 576) samples -> (C, 128): magnitude spectrum at 4 times, then four convolutions down to one time."""
    extended = np.pad(windows, ((0, 0), (0, _CONTEXT)), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(extended, _WINDOW, axis=1)[:, ::_HOP]
    spectrum = frames @ weights["stft.forward_basis_buffer"][:, 0].T  # (C, 4, 258): real parts, then imaginary parts
    bins = spectrum.shape[-1] // 2
    values = np.hypot(spectrum[..., :bins], spectrum[..., bins:])
    for layer, stride in enumerate((1, 2, 2, 1)):
        name = f"encoder.{layer}.reparam_conv"
        values = _convolve(values, weights[f"{name}.weight"], weights[f"{name}.bias"], stride)
    return values[:, 0]


def _convolve(values: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """ReLU of a convolution over time, kernel 3, zero padding 1. values (C, T, channels), kernel (out, channels, 3)."""
    padded = np.pad(values, ((0, 0), (1, 1), (0, 0)))
    count = (values.shape[1] - 1) // stride + 1
    total = bias + sum(padded[:, k : k + stride * (count - 1) + 1 : stride] @ kernel[:, :, k].T for k in range(3))
    return np.maximum(total, 0.0)


def _decode(blocks: Iterable[np.ndarray], weights: dict[str, np.ndarray]) -> np.ndarray:
    """(C, 128) in blocks -> (C,) probabilities through the LSTM cell; gates: input, forget, cell, output."""
    bias = weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"]
    # sigmoid(x) = (1 + tanh(x / 2)) / 2: halve these gates' rows and all four need only one tanh
    halve = np.ones(bias.size, np.float32)
    size = bias.size // 4
    halve[: 2 * size] = halve[3 * size :] = 0.5
    recurrent = np.ascontiguousarray(weights["decoder.rnn.weight_hh"] * halve[:, None])
    out = weights["decoder.decoder.2.weight"][0, :, 0], weights["decoder.decoder.2.bias"][0]
    hidden, cell = np.zeros(size, np.float32), np.zeros(size, np.float32)
    answers = []
    for encoded in blocks:
        outside = (encoded @ weights["decoder.rnn.weight_ih"].T + bias) * halve
        states = np.empty((len(encoded), size), np.float32)
        for t in range(len(encoded)):
            gate = np.tanh(outside[t] + recurrent @ hidden)
            enter, forget, leave = (gate[k * size : (k + 1) * size] * 0.5 + 0.5 for k in (0, 1, 3))
            cell = forget * cell + enter * gate[2 * size : 3 * size]
            hidden = states[t] = leave * np.tanh(cell)
        answers.append(np.maximum(states, 0.0) @ out[0] + out[1])
    return 1.0 / (1.0 + np.exp(-np.concatenate(answers)))
