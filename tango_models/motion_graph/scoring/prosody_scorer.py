"""The baseline scorer: loud speech moves, syllables get beats. (Silence and lips: `silence`, `slot_cost`.)"""

from dataclasses import dataclass, field

import numpy as np

from tango_models.motion_graph.scoring.clip_prosody import ClipProsody
from tango_models.motion_graph.scoring.embedding_scorer import EmbeddingRows
from tango_models.motion_graph.scoring.silence import GESTURE_SCALE, clip_unrest, runs, silence_weight
from tango_models.motion_graph.scoring.slot_cost import SlotCost, SlotWeights
from tango_models.speech.prosody import SpeechFeatures
from tango_models.speech.timeline import CLIP_FRAMES, slot_count

_LEAD = 2  # frames (67 ms) by which gestures are taken to lead the speech's loudness; chosen, not fitted


@dataclass(frozen=True)
class ProsodyScorer:
    """Cost of showing clip n in slot t.

    (1 - s) (level |L[t] - E[n]| + beat sum_f o[t, f] (1 - B[n, f])) + s rest U[n] + mouth |V[t] - v[n]|

    s: silence (0..1, no voice for 0.4 s or more, with ramps of 0.3 s). L: rank of the smoothed speech energy and onset
    density among the frames in which one speaks, from 0.2 to 1. E: rank of the clip's smoothed motion speed among all
    clips. U: how far the clip is from rest, in mean motion speeds, at most 2. o: whether a syllable sets in at frame f,
    however loud. B: how near the clip's frame f is to its joints' beats. V, v: voice in the slot and in the clip's own
    sound.
    """

    weights: SlotWeights = field(default_factory=SlotWeights)
    name: str = "prosody"

    def node_cost(self, speech: SpeechFeatures, clips: ClipProsody) -> np.ndarray:
        """(T, N) float32: all of `cost_rows`. A digitally silent speech asks for the calmest clips throughout."""
        return self.cost_rows(speech, clips)[:]

    def cost_rows(
        self, speech: SpeechFeatures, clips: ClipProsody, *, share: float = 1.0, embedding: EmbeddingRows | None = None
    ) -> "SlotCost":
        """The same costs, computed when rows are asked for: see `cost_rows.CostRows`.

        Args:
            share: of the level in what a slot of speech costs; the rest is `embedding`'s.
        """
        silence = silence_weight(speech.voice)
        level = speech_level(speech, silence)
        slots = slot_count(len(speech))
        syllable = (speech.onset > 0) & (silence <= 0.5)  # a breath or a click is no syllable
        return SlotCost(
            weights=self.weights,
            silent=_slots(silence, slots).mean(axis=1),
            strong=_slots(level, slots).mean(axis=1),
            voiced=_slots(speech.voice, slots).mean(axis=1),
            onset=_slots(syllable, slots, tail=0.0),
            energy=clip_energy(clips),
            beat=clips.beat,
            unrest=clip_unrest(clips),
            voice=clips.voice,
            share=share,
            embedding=embedding,
        )


def speech_level(speech: SpeechFeatures, silence: np.ndarray) -> np.ndarray:
    """(F,) float32: how strongly one speaks, on the scale of gestures; 0 in silence, else ranks from 0.2 to 1."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.stats import rankdata

    loud = np.maximum(speech.energy, float(speech.energy.max()) - 40.0)  # gaps between words count as 40 dB down
    loud = gaussian_filter1d(loud.astype(np.float64), GESTURE_SCALE, mode="nearest") / 40.0
    density = gaussian_filter1d(speech.onset.astype(np.float64), GESTURE_SCALE, mode="nearest")
    strength = loud + density  # an onset every 0.2 s weighs as much as 6 dB
    strength = np.concatenate([strength[_LEAD:], np.repeat(strength[-1:], _LEAD)])[: len(strength)]
    level = np.zeros(len(speech), np.float32)
    speaking = silence < 0.5
    if speaking.any():
        rank = rankdata(strength[speaking]) - 0.5
        level[speaking] = 0.2 + 0.8 * rank / speaking.sum()
    return level


def clip_energy(clips: ClipProsody) -> np.ndarray:
    """(N,) float32 in [0, 1]: rank of the clip's motion speed, smoothed over the run it lies in."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.stats import rankdata

    smooth = np.empty(clips.speed.shape, np.float64)
    for run in runs(clips.successor):
        speed = clips.speed[run].astype(np.float64).reshape(-1)
        smooth[run] = gaussian_filter1d(speed, GESTURE_SCALE, mode="nearest").reshape(-1, CLIP_FRAMES)
    nodes = len(smooth)
    if nodes == 1:
        return np.full(1, 0.5, np.float32)
    return ((rankdata(smooth.mean(axis=1)) - 1.0) / (nodes - 1)).astype(np.float32)


def _slots(values: np.ndarray, slots: int, *, tail: float | None = None) -> np.ndarray:
    """(F,) -> (slots, 4); the last slot is filled with `tail`, or with the last value."""
    fill = float(values[-1]) if tail is None else tail
    padded = np.full(slots * CLIP_FRAMES, fill, np.float32)
    padded[: len(values)] = values
    return padded.reshape(slots, CLIP_FRAMES)
