"""Recordings and motions of any length to embeddings: overlapping windows, blended."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F

from tango_models.aumoclip.backbones import Backbones
from tango_models.aumoclip.layers import extend
from tango_models.aumoclip.modeling import AuMoClip, AuMoClipConfig
from tango_models.aumoclip.outputs import TowerOutput
from tango_models.body.motion_features import POSITION
from tango_models.body.recovered_motion import extended_by_zero_poses, with_axis_angle_velocity
from tango_models.errors import InputError
from tango_models.speech.timeline import frame_count
from tango_models.speech.words import TimedWord

HOP = 64  # frames from window to window, half a window: every inner frame lies in two windows
_BATCH = 8  # windows at a time: memory stays flat in the input's length
_SMPLX_PELVIS = np.array([0.0, -0.35, 0.0])  # metres, at rest in SMPL-X NEUTRAL_2020; the open body's is at the origin
_PELVIS_TOLERANCE = 0.05


@dataclass(frozen=True)
class Embedding:
    """L2-normalised rows, one per frame at 30 fps."""

    low: np.ndarray
    """(T, 256) float32: what happens around the frame."""
    high: np.ndarray
    """(T, 256) float32: the clip-level vectors of the windows around the frame, blended."""

    def __len__(self) -> int:
        return len(self.low)


class SpeechEncoder:
    """Speech -> embeddings with a model and its frozen backbones."""

    def __init__(self, model: AuMoClip, backbones: Backbones) -> None:
        if model.config.text_source != backbones.config.text_source:
            raise ValueError(
                f"a model with text {model.config.text_source!r}, backbones {backbones.config.text_source!r}"
            )
        self.model, self.backbones = model.eval(), backbones

    def encode(self, samples: np.ndarray, words: Sequence[TimedWord] | None = None) -> Embedding:
        """Embeddings of a recording of any length: `timeline.frame_count(S)` frames, none for less than half a frame.

        Args and errors as of :meth:`encode_parts`.
        """
        parts = list(self.encode_parts(samples, words))
        if not parts:
            none = np.zeros((0, self.model.config.feature_dim), np.float32)
            return Embedding(none, none)
        return Embedding(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("low", "high")))

    @torch.inference_mode()
    def encode_parts(self, samples: np.ndarray, words: Sequence[TimedWord] | None = None) -> Iterator[Embedding]:
        """The embeddings of a recording piece by piece, as they come: an hour's are 220 MB.

        Args:
            samples: (S,) float32 16 kHz mono. Below a window as `config.short_speech` says.
            words: known words with their times, instead of recognised ones.

        Raises:
            InputError: empty, not one-dimensional, or not finite.
        """
        samples = np.asarray(samples, np.float32)
        if samples.ndim != 1 or not samples.size:
            raise InputError("speech", f"has shape {samples.shape}", "give 16 kHz mono audio of shape (samples,)")
        if not np.isfinite(samples).all():
            raise InputError("speech", "contains values that are not numbers", "re-export the recording")
        config = self.model.config
        frames = frame_count(samples.size, config.sample_rate, config.fps)
        blend = _Blend(frames, config.feature_dim)
        recording = self.backbones.open(samples, words)
        device = next(self.model.parameters()).device
        batches = list(_batches(frames, config.window_frames))
        ends = [*(starts[0] for starts in batches[1:]), frames]  # no later window reaches before them
        for starts, end in zip(batches, ends, strict=False):
            output = self.model.encode_audio(self.backbones.inputs(recording, starts).to(device))
            # speech that is shorter than a window gives up to two frames too few
            blend.add(starts, replace(output, low=extend(output.low, min(frames, config.window_frames))))
            yield blend.take(end)


class MotionEncoder:
    """rep15d -> embeddings."""

    def __init__(self, model: AuMoClip) -> None:
        self.model = model.eval()

    @torch.inference_mode()
    def encode(self, rep15d: np.ndarray, breaks: Sequence[int] = ()) -> Embedding:
        """Embeddings of a motion of any length.

        Args:
            rep15d: (T, 825) at 30 fps, of `motion_features.motion_representation`; see :func:`motion_inputs`.
            breaks: frames at which another take begins; no window reaches over one. A take shorter than a window is
                extended as `config.short_motion` says.

        Raises:
            InputError: empty, another width, not finite, made with a body that the model does not know, or a break
                outside 1..T-1.
        """
        rep15d = np.asarray(rep15d, np.float32)
        width = self.model.config.motion_dim
        if rep15d.ndim != 2 or rep15d.shape[1] != width or not len(rep15d):
            raise InputError("motion", f"has shape {rep15d.shape}", f"give rep15d of shape (frames, {width})")
        if not np.isfinite(rep15d).all():
            frame = int(np.flatnonzero(~np.isfinite(rep15d).all(axis=1))[0])
            raise InputError("motion", f"contains values that are not numbers, first in frame {frame}", "fit it again")
        edges = [0, *sorted(set(breaks)), len(rep15d)]
        if len(edges) > 2 and not 0 < edges[1] <= edges[-2] < len(rep15d):
            raise InputError("breaks of the motion", f"are {list(breaks)}", f"give frames from 1 to {len(rep15d) - 1}")
        takes = [self._take(rep15d[begin:end]) for begin, end in itertools.pairwise(edges)]
        return Embedding(np.concatenate([take.low for take in takes]), np.concatenate([take.high for take in takes]))

    def _take(self, rep15d: np.ndarray) -> Embedding:
        config = self.model.config
        device = next(self.model.parameters()).device
        blend = _Blend(len(rep15d), config.feature_dim)
        rep15d = motion_inputs(config, rep15d, least=config.window_frames)
        for starts in _batches(len(rep15d), config.window_frames):
            windows = np.stack([rep15d[start : start + config.window_frames] for start in starts])
            blend.add(starts, self.model.encode_motion(torch.from_numpy(windows).to(device)))
        return blend.take(blend.frames)


def motion_inputs(
    config: AuMoClipConfig, representation: np.ndarray, *, least: int = 1, subject: str = "motion"
) -> np.ndarray:
    """What the model of `config` reads of a motion, (max(T, least), 825) float32.

    Args:
        representation: (T, 825) of `motion_features.motion_representation`, of one take.
        least: frames; a shorter motion is extended as `config.short_motion` says.
        subject: whose motion it is, for the fault.

    Raises:
        InputError: `config` wants the joints of SMPL-X, and these are another body's.
    """
    motion = np.asarray(representation, np.float32)
    if config.joint_frame == "smplx":
        pelvis = motion[:, POSITION].mean(0)
        if np.abs(pelvis - _SMPLX_PELVIS).max() > _PELVIS_TOLERANCE:
            fault = f"was not made with the licensed SMPL-X body, which the AuMoCLIP {config.name!r} needs"
            remedy = "set `body` to SMPLX_NEUTRAL_2020.npz and onboard again, or use the `embedded` checkpoint"
            raise InputError(subject, fault, remedy)
    if len(motion) < least:
        if config.short_motion == "zero_pose":
            motion = extended_by_zero_poses(motion, least)
        else:
            motion = np.pad(motion, ((0, least - len(motion)), (0, 0)), mode="edge")
    return with_axis_angle_velocity(motion) if config.angular_velocity == "axis_angle" else motion


class _Blend:
    """Weighted sums of windows, heaviest at each window's centre; clip-level vectors count for all their frames."""

    def __init__(self, frames: int, width: int) -> None:
        self.frames, self._first = frames, 0  # of which the sums are held, from that frame on
        self._low, self._high = np.zeros((0, width), np.float32), np.zeros((0, width), np.float32)

    def add(self, starts: Sequence[int], output: TowerOutput) -> None:
        """Add windows; none may begin before what was taken."""
        low = F.normalize(output.low.float(), dim=-1).cpu().numpy()  # (B, 128, 256)
        cls = F.normalize(output.cls.float(), dim=-1).cpu().numpy()  # (B, 256)
        frames = np.arange(low.shape[1]) + 0.5
        weight = np.minimum(frames, frames[::-1]).astype(np.float32)[:, None] / low.shape[1]
        grown = min(max(starts) + low.shape[1], self.frames) - self._first - len(self._low)
        if grown > 0:
            self._low, self._high = (np.pad(rows, ((0, grown), (0, 0))) for rows in (self._low, self._high))
        for start, window, clip in zip(starts, low, cls, strict=True):
            begin, count = start - self._first, min(len(window), self.frames - start)
            self._low[begin : begin + count] += weight[:count] * window[:count]
            self._high[begin : begin + count] += weight[:count] * clip

    def take(self, stop: int) -> Embedding:
        """The frames before `stop` that were not taken yet; windows no longer change them."""
        count = stop - self._first
        taken = Embedding(_unit(self._low[:count].copy()), _unit(self._high[:count].copy()))
        self._first, self._low, self._high = stop, self._low[count:], self._high[count:]
        return taken


def _unit(rows: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))  # no array of all the squares: 110 MB for an hour
    rows /= np.maximum(length, 1e-12)[:, None]
    return rows


def _batches(frames: int, window: int) -> Iterator[list[int]]:
    """First frames of the windows, the last one flush with the end, a few at a time."""
    if not frames:
        return
    starts = [*range(0, max(frames - window, 0), HOP), max(frames - window, 0)]
    for first in range(0, len(starts), _BATCH):
        yield starts[first : first + _BATCH]
