"""How it is said: energy and onsets of speech, per 30 fps frame."""

from dataclasses import dataclass, fields

import numpy as np

from tango_models.errors import InputError
from tango_models.speech.activity import voice_activity
from tango_models.speech.timeline import SAMPLE_RATE, check_audio, frame_bounds, frame_count, stretch

ENERGY_FLOOR = -80.0  # dB full scale; about one step of 13-bit audio. Digital silence sits exactly here

_WINDOW, _HOP, _BANDS = 512, 160, 40  # 32 ms windows every 10 ms
_BLOCK = 6_000  # hops analysed at a time: 60 s, 6 MB of spectrum
_FRAMES = 1_800  # frames summed at a time: 60 s


@dataclass(frozen=True)
class SpeechFeatures:
    """Speech on the 30 fps grid; T = `frame_count(samples)` frames, frame t covers [t / 30 s, (t + 1) / 30 s)."""

    energy: np.ndarray
    """(T,) float32, dB full scale, at least `ENERGY_FLOOR`."""
    onset: np.ndarray
    """(T,) float32 in [0, 1]: strength of the onset in that frame, 0 where there is none."""
    voice: np.ndarray
    """(T,) float32 in [0, 1]: probability that somebody speaks."""

    def __post_init__(self) -> None:
        shapes = {field.name: np.shape(getattr(self, field.name)) for field in fields(self)}
        if len(set(shapes.values())) != 1 or len(self.energy.shape) != 1 or not self.energy.size:
            raise InputError("speech features", f"have shapes {shapes}", "give three arrays of one shape (T,), T > 0")

    def __len__(self) -> int:
        return len(self.energy)


def analyse_speech(audio: np.ndarray) -> SpeechFeatures:
    """Energy, onsets and voice activity of (S,) float32 16 kHz mono audio. Raises InputError like `check_audio`."""
    onset = pick_onsets(onset_strength(audio))
    return SpeechFeatures(energy=energy(audio), onset=onset, voice=voice_activity(audio))


def energy(audio: np.ndarray) -> np.ndarray:
    """(S,) audio -> (T,) float32 log energy in dB full scale (0 dB: a square wave of amplitude 1)."""
    audio = check_audio(audio)
    bounds = frame_bounds(frame_count(audio.size))
    power = np.empty(len(bounds) - 1)
    for first in range(0, len(power), _FRAMES):
        part = bounds[first : first + _FRAMES + 1]
        square = np.square(stretch(audio, int(part[0]), int(part[-1])), dtype=np.float64)
        power[first : first + _FRAMES] = np.add.reduceat(square, part[:-1] - part[0]) / np.diff(part)
    return (10.0 * np.log10(np.maximum(power, 10.0 ** (ENERGY_FLOOR / 10)))).astype(np.float32)


def onset_strength(audio: np.ndarray) -> np.ndarray:
    """(S,) audio -> (T,) float32 spectral flux.

    Rise of the log energy in 40 mel bands over 30 ms, the earlier value taken as the loudest of three neighbouring
    bands so that a gliding pitch is not an onset (SuperFlux, Böck & Widmer 2013), averaged over bands, in dB; the
    largest value within the frame. Sounds more than 60 dB below the recording's loudest band count as nothing, so
    that the noise of a quiet room has no onsets.
    """
    audio = check_audio(audio)
    frames = frame_count(audio.size)
    spectrum = _mel_decibels(audio)
    flux = np.zeros(len(spectrum), np.float32)
    if len(spectrum) > 3:
        padded = np.pad(spectrum, ((0, 0), (1, 1)), mode="edge")
        earlier = np.maximum(np.maximum(padded[:-3, :-2], padded[:-3, 1:-1]), padded[:-3, 2:])
        flux[3:] = np.maximum(spectrum[3:] - earlier, 0.0).mean(axis=1)
    # A rise over the 30 ms before hop h happened, on average, half of that earlier.
    time = np.arange(len(flux)) * _HOP - 1.5 * _HOP
    owner = np.clip(np.searchsorted(frame_bounds(frames), time, side="right") - 1, 0, frames - 1)
    strength = np.zeros(frames, np.float32)
    np.maximum.at(strength, owner, flux)
    return strength


def pick_onsets(strength: np.ndarray, *, gap: int = 4, share: float = 0.15) -> np.ndarray:
    """Keep the peaks of `onset_strength`.

    Args:
        strength: (T,) spectral flux.
        gap: frames between two onsets at least; 4 = 133 ms, a fast syllable.
        share: a peak must rise above its surroundings (mean over +-7 frames) by this share of the typical strong peak
            (the 95th percentile of the flux).

    Returns:
        (T,) float32: peak heights scaled so that the typical strong peak is 1, cut at 1; 0 elsewhere.
    """
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    strength = np.asarray(strength, np.float32)
    scale = float(np.percentile(strength, 95)) or float(strength.max(initial=0.0))
    if scale < 0.5:  # dB: nothing in the recording rises
        return np.zeros_like(strength)
    surroundings = uniform_filter1d(strength, 15, mode="nearest")
    summit = strength == maximum_filter1d(strength, 2 * gap - 1, mode="constant")
    peak = np.flatnonzero(summit & (strength > surroundings + share * scale))
    peak = peak[np.diff(peak, prepend=-gap) >= gap]  # two equal heights side by side are one onset
    onset = np.zeros_like(strength)
    onset[peak] = np.minimum(strength[peak] / scale, 1.0)
    return onset


def _mel_decibels(audio: np.ndarray) -> np.ndarray:
    """(S,) -> (H, 40) float32 dB in mel bands every 10 ms, window centred on the hop, limited to a 60 dB range."""
    hops = -(-audio.size // _HOP)
    taper = np.hanning(_WINDOW).astype(np.float32)
    bank = _mel_bank()
    power = np.empty((hops, _BANDS), np.float32)
    for start in range(0, hops, _BLOCK):
        stop = min(start + _BLOCK, hops)
        piece = stretch(audio, start * _HOP - _WINDOW // 2, (stop - 1) * _HOP + _WINDOW // 2)
        windows = np.lib.stride_tricks.sliding_window_view(piece, _WINDOW)[::_HOP]
        spectrum = np.fft.rfft(windows * taper, axis=1)
        power[start : start + _BLOCK] = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ bank
    loudest = max(float(power.max(initial=0.0)), 1e-6)
    return 10.0 * np.log10(np.maximum(power, loudest * 1e-6))


def _mel_bank() -> np.ndarray:
    """(257, 40) float32 triangular filters from 60 Hz to 7,600 Hz, equally spaced on the mel scale."""
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (60.0, 7600.0))
    edges = 700 * (10 ** (np.linspace(low, high, _BANDS + 2) / 2595) - 1)
    hertz = np.arange(_WINDOW // 2 + 1) * SAMPLE_RATE / _WINDOW
    rise = (hertz[:, None] - edges[None, :-2]) / np.diff(edges)[None, :-1]
    fall = (edges[None, 2:] - hertz[:, None]) / np.diff(edges)[None, 1:]
    bank = np.maximum(np.minimum(rise, fall), 0.0)
    # The lowest bands are narrower than a bin of the transform: give each at least the bin it lies in.
    nearest = np.round((edges[1:-1]) * _WINDOW / SAMPLE_RATE).astype(int)
    empty = bank.sum(axis=0) < 0.5
    bank[nearest[empty], np.flatnonzero(empty)] = 1.0
    return bank.astype(np.float32)
