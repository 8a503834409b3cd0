"""What AuMoCLIP has to beat: the rules of the `prosody` scorer, asked the same question, whose motion is whose."""

from __future__ import annotations

import numpy as np

from tango_models.aumoclip.front_end import MEL_BANDS
from tango_models.aumoclip.learning.pairs import PairBatch
from tango_models.aumoclip.outputs import AudioInputs
from tango_models.body.motion_features import motion_energy
from tango_models.motion_graph.scoring.clip_beats import beating_speed, clip_beats
from tango_models.motion_graph.scoring.clip_prosody import ClipProsody
from tango_models.motion_graph.scoring.prosody_scorer import ProsodyScorer
from tango_models.speech.prosody import SpeechFeatures, analyse_speech, pick_onsets
from tango_models.speech.timeline import CLIP_FRAMES

_FEATURE_RATE, _FPS = 50, 30
_VOICE_RANGE = 18.0  # dB below the loudest frame: quieter is a pause (the energies bottom out some 25 dB down)
_RISE = 2  # features (40 ms) over which an onset rises


def prosody_scores(batch: PairBatch) -> np.ndarray:
    """(B, B): minus the mean cost that `ProsodyScorer` gives motion j (column) shown from end to end to speech i.

    Speech is described from what the batch holds: from the waveform, or from the log-mel energies of `embedded`.
    """
    frames = batch.motion.shape[1] // CLIP_FRAMES * CLIP_FRAMES
    speech = [_speech(batch.audio, row, frames) for row in range(len(batch.motion))]
    slots = np.arange(frames // CLIP_FRAMES)
    follows = np.append(slots[1:], -1).astype(np.int32)
    scores = np.empty((len(speech), len(speech)))
    for column, motion in enumerate(batch.motion[:, :frames].cpu().numpy()):
        speed, unheard = motion_energy(motion).reshape(-1, CLIP_FRAMES), np.full(len(slots), np.nan, np.float32)
        beat = clip_beats(beating_speed(motion), follows)
        clips = ClipProsody(speed=speed, voice=unheard, successor=follows, beat=beat)
        for row, features in enumerate(speech):
            scores[row, column] = -ProsodyScorer().node_cost(features, clips)[slots, slots].mean()
    return scores


def _speech(audio: AudioInputs, row: int, frames: int) -> SpeechFeatures:
    if audio.waveform is not None:
        found = analyse_speech(audio.waveform[row].cpu().numpy())
        index = np.minimum(np.arange(frames), len(found) - 1)
        return SpeechFeatures(energy=found.energy[index], onset=found.onset[index], voice=found.voice[index])
    assert audio.frozen_low is not None
    decibels = 10 * (1.5 * audio.frozen_low[row, :, :MEL_BANDS].cpu().numpy().astype(np.float64) - 2.5)
    rise = np.zeros(len(decibels))
    rise[_RISE:] = np.maximum(decibels[_RISE:] - decibels[:-_RISE], 0.0).mean(axis=1)
    loudness = 10 * np.log10(np.mean(10 ** (decibels / 10), axis=1))
    time = (np.arange(frames) + 0.5) * _FEATURE_RATE / _FPS - 0.5
    energy = np.interp(time, np.arange(len(loudness)), loudness).astype(np.float32)
    strength = np.interp(time, np.arange(len(rise)), rise).astype(np.float32)
    voice = (energy > energy.max() - _VOICE_RANGE).astype(np.float32)
    return SpeechFeatures(energy=energy, onset=pick_onsets(strength), voice=voice)
