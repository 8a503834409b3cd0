"""How loud somebody speaks in a recording, and the recording at a common level."""

import numpy as np

from tango_models.speech.activity import voice_activity
from tango_models.speech.timeline import FRAME_RATE, SAMPLE_RATE

_FRAME = 320  # samples: 20 ms at 16 kHz
_LOUD = 25  # frames: the loudest half second says how loud the speech is; a click does not
_TARGET = 0.1  # RMS of loud speech: -20 dB full scale
_SILENT = 10 ** (-85 / 20)  # RMS below which a recording is silent: a step or two of 16-bit audio
_STRETCH = 100  # frames listened to at a time: 2 s
_STRETCHES = 60  # of a recording at most, spread over its length: 2 minutes
_SPOKEN = 10  # frames; what is heard in less says nothing
_PEAK = 10.0  # times the median of 20 ms: a voice stays below, and what is above counts as much
_OVER = 4.0  # times the power of the 25th loudest: 6 dB; what is louder is no speech, and counts as much


def at_common_level(audio: np.ndarray) -> np.ndarray:
    """(S,) float32 16 kHz -> the same recording with its speech at -20 dB full scale, cut off at -1 and 1.

    Everything that is computed of a speech is computed of this, so a recording that is too quiet or too loud gives the
    same gestures. Of the whole recording, so that a pause stays quiet. What is silent stays as it is. The level is that
    of the 20 ms in which somebody speaks, so that a knock or a bang that is louder does not count; of all of them where
    nobody does. A constant offset is taken out.
    """
    audio = np.asarray(audio, np.float32)
    if audio.size < _FRAME:
        return audio
    frames, power, offset = _frames(audio)
    spoken = power[_spoken_frames(frames, power, offset)]
    level = _level(spoken if len(spoken) >= _SPOKEN else power)
    if level < _SILENT:
        return audio
    levelled = audio - offset
    levelled *= np.float32(_TARGET / level)
    return np.clip(levelled, -1, 1, out=levelled)


def spoken_share_and_level(audio: np.ndarray) -> tuple[float, float]:
    """The share of (S,) float32 16 kHz, 20 ms at least, in which somebody speaks, however loud, and the RMS of that
    speech (0 without any)."""
    frames, power, offset = _frames(audio)
    spoken = _spoken_frames(frames, power, offset)
    return len(spoken) / min(len(frames), _STRETCHES * _STRETCH), _level(power[spoken]) if len(spoken) else 0.0


def _frames(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, 320) whole frames, (N,) their power, and the offset that is to be taken out of them."""
    offset = np.median(audio[:: max(1, audio.size // 1_000_000)])
    frames = audio[: audio.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.concatenate([_power(frames[k : k + 1000], offset) for k in range(0, len(frames), 1000)])
    return frames, power, offset


def _power(frames: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """(N, 320) -> (N,) mean power without clicks; of few frames at a time, since an hour is 230 MB."""
    size = np.abs(frames - offset)
    size = np.minimum(size, _PEAK * np.median(size, axis=1, keepdims=True))
    return np.einsum("ij,ij->i", size, size) / _FRAME


def _level(power: np.ndarray) -> float:
    """RMS of what is loud: of the frames within 20 dB of the 25th loudest."""
    rank = min(_LOUD, max(1, len(power) // 4))
    reference = float(np.partition(power, -rank)[-rank])
    return float(np.sqrt(np.minimum(power[power >= 0.01 * reference], _OVER * reference).mean()))


def _spoken_frames(frames: np.ndarray, power: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Numbers of the frames in which somebody speaks, in stretches each of which is listened to at a level of its own:
    speech that is 50 dB down is not heard beside a second of noise."""
    starts = np.arange(0, len(frames), _STRETCH)
    if len(starts) > _STRETCHES:
        starts = starts[np.linspace(0, len(starts) - 1, _STRETCHES).round().astype(int)]
    found = []
    for start in starts:
        stretch = slice(start, start + _STRETCH)
        level = _level(power[stretch])
        if level < _SILENT or len(power[stretch]) < 2:
            continue
        voice = voice_activity(np.clip((frames[stretch].ravel() - offset) * np.float32(_TARGET / level), -1, 1))
        centre = (np.arange(len(power[stretch])) * 2 + 1) * _FRAME * FRAME_RATE // (2 * SAMPLE_RATE)
        found.append(start + np.flatnonzero(voice[np.minimum(centre, len(voice) - 1)] >= 0.5))
    return np.concatenate(found) if found else np.zeros(0, int)
