"""What showing a clip in a slot of the speech costs: how silence, beats, lips and the embedding are priced."""

from dataclasses import dataclass

import numpy as np

from tango_models.motion_graph.scoring.embedding_scorer import EmbeddingRows


@dataclass(frozen=True)
class SlotWeights:
    """Largest cost of each kind of mismatch in one slot. With the defaults a slot of speech costs 5 at most, a slot of
    silence 16; a jump (2.8 with a mean edge) so pays for itself by a beat that is met, or over some slots of speech.
    Paths made with other weights are out of date once `retrieve_path` has another `code_version`."""

    level: float = 0.6
    """|how strongly one speaks - how strongly one moves|, both as ranks in [0, 1]."""
    beat: float = 4.0
    """An onset at which no joint of the clip has a beat; asked for whatever the scorer, since an embedding of 1.6 s
    does not tell where in it a beat lies. Beats of four speakers lie -0.2 standard deviations above chance beside a
    minute of speech without it, 4.0 with this (2.8 with 3, 4.5 with 6, and 5 seams more); beside two other speeches, of
    41 and 9 s, which had no say in it, 3.1 and 1.6 (0.7 and 0.2)."""
    rest: float = 8.0
    """A clip with the avatar's mean motion in silence; one without motion costs nothing, one with twice the mean, or
    more, twice as much. A slot or two of it pay for a jump: silences of 0.7 s are still rested in. Motion in silence is
    0.36 of the mean with 3 beside both a minute and 41 s of speech, four speakers, 0.32 and 0.29 with this, with 2 and
    0 seams a minute more; with 12 it is 0.31 and 0.28, and there are 3 and 1 more."""
    mouth: float = 0.25
    """Speaking lips in silence, or closed lips in speech."""


@dataclass(frozen=True)
class SlotCost:
    """(T, N) costs of showing clip n in slot t, whatever the scorer; computed when rows are asked for.

    (1 - s) (p level |L[t] - E[n]| + (1 - p) embedding[t, n] + beat sum_f onset[t, f] (1 - B[n, f]))
    + s rest U[n] + mouth |V[t] - v[n]|

    of slots (T,), and onset (T, 4); of clips (N,), and beat (N, 4); see `prosody_scorer` for what they mean. p is the
    prosody's share. What is asked of beats, of silence and of the lips holds for every scorer.
    """

    weights: SlotWeights
    silent: np.ndarray
    strong: np.ndarray
    voiced: np.ndarray
    onset: np.ndarray
    energy: np.ndarray
    beat: np.ndarray
    unrest: np.ndarray
    voice: np.ndarray
    share: float
    embedding: EmbeddingRows | None

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.silent), len(self.energy)

    def __getitem__(self, rows: slice) -> np.ndarray:
        weights, onset, silent = self.weights, self.onset[rows], self.silent[rows]
        cost = weights.level * np.abs(self.strong[rows, None] - self.energy[None, :])
        if self.embedding is not None:
            cost = self.share * cost + (1 - self.share) * self.embedding[rows]
        cost += weights.beat * (onset @ (1.0 - self.beat).T)
        cost *= 1.0 - silent[:, None]
        cost += (weights.rest * silent)[:, None] * self.unrest[None, :]
        heard = np.isfinite(self.voice)
        if heard.any():
            cost[:, heard] += weights.mouth * np.abs(self.voiced[rows, None] - self.voice[None, heard])
            cost[:, ~heard] += weights.mouth * 0.5  # a video without sound neither gains nor loses
        return cost.astype(np.float32)
