"""How loud somebody speaks in a recording, and the recording at a common level."""

import numpy as np

_FRAME = 320  # samples: 20 ms at 16 kHz
_LOUD = 25  # frames: the loudest half second says how loud the speech is; a click does not
_TARGET = 0.1  # RMS of loud speech: -20 dB full scale
_SILENT = 10 ** (-85 / 20)  # RMS below which a recording is silent: a step or two of 16-bit audio


def at_common_level(audio: np.ndarray) -> np.ndarray:
    """(S,) float32 16 kHz -> the same recording with its speech at -20 dB full scale, and no sample above 1.

    Everything that is computed of a speech is computed of this, so a recording that is too quiet or too loud gives the
    same gestures. Of the whole recording, so that a pause stays quiet. What is silent stays as it is. The level is the
    mean power of the 20 ms within 20 dB of the 25th loudest.
    """
    audio = np.asarray(audio, np.float32)
    if audio.size < _FRAME:
        return audio
    frames = audio[: audio.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.einsum("ij,ij->i", frames, frames) / _FRAME  # no copy: an hour is 230 MB
    rank = min(_LOUD, max(1, len(power) // 4))
    reference = float(np.partition(power, -rank)[-rank])
    level = float(np.sqrt(power[power >= 0.01 * reference].mean()))
    if level < _SILENT:
        return audio
    return audio * np.float32(min(_TARGET / level, 1.0 / float(np.abs(audio).max())))
