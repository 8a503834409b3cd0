"""How well speech finds its own motion: frames within a clip, clips among clips, true speech against another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
import torch.nn.functional as F

from tango_models.aumoclip.learning.losses import local_loss
from tango_models.aumoclip.learning.pairs import PairBatch, PairData, without_jaw
from tango_models.aumoclip.modeling import AuMoClip
from tango_models.errors import InputError

Scorer = Callable[[PairBatch], np.ndarray]
"""Of B pairs to (B, B): how well speech i (row) goes with motion j (column), more is better."""

GALLERY = 128
"""Clips among which a speech looks for its own: recall@1 has a chance of 1/128, recall@5 of 5/128."""
_RESAMPLES = 2000
_ENCODED = 32  # windows through the towers at a time


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval by bootstrap over recordings."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class RetrievalFigures:
    """Shares from 0 to 1, higher is better; chance in brackets. Clips with the very same speech (a dubbed video, one
    speech given by two avatars) are not compared: none of them is wrong."""

    recall_at_1: Interval
    """[1/128] of speeches whose own clip comes first."""
    recall_at_5: Interval
    """[5/128]"""
    rank_percentile: Interval
    """[0.5] share of the other clips that rank behind the own one."""
    same_speaker: Interval
    """[0.5] the same, among the clips of the same recording only."""
    mismatched: Interval
    """[0.5] of clips that score higher with their own speech than with another speech of the gallery."""


@dataclass(frozen=True)
class Evaluation:
    """Figures of a model, and of a baseline on the same galleries where one was given."""

    frame_accuracy: Interval
    """[0.267] share of frames whose most similar frame of the clip's other side is within a tenth of a second; 8
    positives of 32 candidates, fewer at a clip's ends."""
    model: RetrievalFigures
    baseline: RetrievalFigures | None
    clips: int

    def to_dict(self) -> dict:
        """Plain values, fit for JSON."""
        return asdict(self)


def evaluate(
    model: AuMoClip,
    data: PairData,
    *,
    galleries: int = 8,
    per_recording: int = 8,
    gallery: int = GALLERY,
    seed: int = 0,
    jaw: bool = True,
    text: bool = True,
    baseline: Scorer | None = None,
) -> Evaluation:
    """Figures on `galleries` galleries of 128 windows drawn from `data`, no two of which overlap in a gallery.

    Args:
        per_recording: windows of one recording in a gallery, so that a part of the others is by the same speaker.
        jaw: False lets all mouths stand still, so that only gestures are left.
        text: False is as if no word had been recognised.
        baseline: another scorer, e.g. of loudness against speed.

    Raises:
        InputError: `data` has too few windows for a gallery.
    """
    if gallery > len(data):
        raise InputError("evaluation", f"has {len(data)} windows for a gallery of {gallery}", "use more recordings")
    rng = np.random.default_rng(seed)
    device = next(model.parameters()).device
    model.eval()
    frames, of_recording = [], []
    tables: list[dict[str, np.ndarray]] = []
    others: list[dict[str, np.ndarray]] = []
    for _ in range(galleries):
        windows = data.draw(rng, gallery, per_recording)
        batch = data.batch(windows)
        if not jaw:
            batch = PairBatch(batch.audio, without_jaw(batch.motion), batch.speakers)
        if not text:
            batch = data.without_words(batch, torch.ones(gallery, dtype=torch.bool))
        recordings = data.recording_of(windows)
        found, table = _encode(model, batch.to(device))
        shift = int(rng.integers(1, gallery))
        frames.append(found)
        of_recording.append(recordings)
        same = _same_speech(batch)
        tables.append(_retrieval(table, recordings, shift, same))
        if baseline is not None:
            others.append(_retrieval(np.asarray(baseline(batch)), recordings, shift, same))
    owners = np.concatenate(of_recording)
    return Evaluation(
        frame_accuracy=bootstrap(np.concatenate(frames), owners, rng),
        model=_figures(tables, owners, rng),
        baseline=_figures(others, owners, rng) if others else None,
        clips=len(owners),
    )


@torch.inference_mode()
def _encode(model: AuMoClip, batch: PairBatch) -> tuple[np.ndarray, np.ndarray]:
    """Frame accuracy of each clip (B,), and the clip-level similarities (B speech, B motion)."""
    accuracy, speech, motion = [], [], []
    for first in range(0, len(batch.motion), _ENCODED):
        rows = slice(first, first + _ENCODED)
        parts = {name: getattr(batch.audio, name) for name in ("text", "waveform", "frozen_low", "frozen_high")}
        inputs = type(batch.audio)(**{name: None if part is None else part[rows] for name, part in parts.items()})
        heard, seen = model.encode_audio(inputs), model.encode_motion(batch.motion[rows])
        pairs = zip(heard.low.split(1), seen.low.split(1), strict=True)
        accuracy += [float(local_loss(one, other).accuracy) for one, other in pairs]
        speech.append(F.normalize(heard.cls.float(), dim=-1))
        motion.append(F.normalize(seen.cls.float(), dim=-1))
    return np.array(accuracy), (torch.cat(speech) @ torch.cat(motion).T).cpu().numpy()


def _same_speech(batch: PairBatch) -> np.ndarray:
    """(B, B) bool: whether two windows have the very same sound; True on the diagonal."""
    heard = batch.audio.waveform if batch.audio.waveform is not None else batch.audio.frozen_low
    assert heard is not None
    sounds = np.array([hash(row.tobytes()) for row in heard.cpu().numpy()])
    return sounds[:, None] == sounds[None, :]


def _retrieval(
    scores: np.ndarray, recordings: np.ndarray, shift: int, same_speech: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Per speech (B,): the entries of RetrievalFigures. Ties count half, so that a constant scorer gets chance."""
    count = len(scores)
    same_speech = np.eye(count, dtype=bool) if same_speech is None else same_speech
    if scores.shape != (count, count) or not np.isfinite(scores).all():
        raise ValueError(f"a scorer gives finite (B, B), not {scores.shape}")
    own = np.diag(scores)[:, None]
    apart = ~same_speech
    compared = apart.sum(1)
    behind = np.where(apart, (scores < own) + 0.5 * (scores == own), 0.0)
    before = compared - behind.sum(1)
    same = (recordings[:, None] == recordings[None, :]) & apart
    with np.errstate(invalid="ignore"):
        same_speaker = (behind * same).sum(1) / same.sum(1)
    other = np.roll(scores, shift, axis=0).diagonal()  # the motion with the speech `shift` places before
    mine = scores.diagonal()
    another = np.roll(apart, shift, axis=0).diagonal()
    return {
        "recall_at_1": (before < 1).astype(float),
        "recall_at_5": (before < 5).astype(float),
        "rank_percentile": behind.sum(1) / np.maximum(compared, 1),
        "same_speaker": same_speaker,
        "mismatched": np.where(another, (mine > other) + 0.5 * (mine == other), np.nan),
    }


def _figures(tables: list[dict[str, np.ndarray]], owners: np.ndarray, rng: np.random.Generator) -> RetrievalFigures:
    joined = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    return RetrievalFigures(**{name: bootstrap(values, owners, rng) for name, values in joined.items()})


def bootstrap(values: np.ndarray, owners: np.ndarray, rng: np.random.Generator) -> Interval:
    """Mean of `values` (N,) and its 95 % interval when whole recordings (`owners`, (N,)) are drawn again.

    Windows of one recording resemble each other: drawing windows would promise more than there is. NaN is left out.
    """
    known = np.isfinite(values)
    if not known.any():
        return Interval(float("nan"), float("nan"), float("nan"))
    values, owners = values[known], np.unique(owners[known], return_inverse=True)[1]
    sums, counts = np.bincount(owners, values), np.bincount(owners)
    drawn = rng.integers(len(sums), size=(_RESAMPLES, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


@torch.inference_mode()
def clip_vectors(model: AuMoClip, data: PairData, *, most: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Clip-level vectors of speech and motion, (N, 256) each and of length 1, of up to `most` windows spread evenly."""
    model.eval()
    windows = np.unique(np.linspace(0, len(data) - 1, min(most, len(data))).astype(int))
    batch = data.batch(windows).to(next(model.parameters()).device)
    speech = F.normalize(model.encode_audio(batch.audio).cls.float(), dim=-1)
    motion = F.normalize(model.encode_motion(batch.motion).cls.float(), dim=-1)
    return speech.cpu().numpy(), motion.cpu().numpy()
