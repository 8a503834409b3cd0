"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class SeamReport:
    """One jump.

    output_frame   index of the first frame after the cut
    strip          JPEG of the frames of the finished video around it (`strips.seam_strip`); empty: not pictured
    window         first made output frame and the first behind it; empty for a plain cut
    shift          frames by which the cut lies behind the border of the two clips, before it if negative
    source, target where the old run is left and the new one entered, e.g. "intro.mp4 12.40 s"
    cost, terms    the edge's cost and the parts of it
    quality        figures of the finished seam, e.g. sharpness, jump
    made_by        which way its frames were made, and why that one
    """

    output_frame: int
    source: str
    target: str
    cost: float
    strip: bytes = b""
    terms: Mapping[str, float] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    made_by: str = ""
    window: tuple[int, int] = (0, 0)
    shift: int = 0


@dataclass(frozen=True)
class Figure:
    """One number of the figures table, with what it means."""

    name: str
    value: str
    meaning: str = ""


@dataclass(frozen=True)
class FitPicture:
    """A source video with the fitted skeleton over some of its frames: its name and a JPEG."""

    video: str
    jpeg: bytes


@dataclass(frozen=True)
class LipMoment:
    """A change of the picture that a mouth comes from.

    output_frame   index of the first frame behind it
    strip          JPEG of the head in the frames of the finished video around it
    visibility     of the change, 1 as of the frames around, above 2.5 it can be seen
    """

    output_frame: int
    strip: bytes
    visibility: float


@dataclass(frozen=True)
class ReportData:
    """Everything `build_report` shows; T output frames. Texts may be anything: they are escaped.

    video_file      name of the mp4, in the same folder as the page
    source_seconds  (T,) time in its source video of every output frame
    source_video    (T,) index into `videos`
    speech_energy, voice_activity, motion_energy   (T,), any scale; activity 0..1
    lips            (T,) how far they were painted open, any scale, NaN where a frame keeps its own; empty: none were
    """

    title: str
    avatar: str
    speech: str
    video_file: str
    videos: Sequence[str]
    source_seconds: np.ndarray
    source_video: np.ndarray
    speech_energy: np.ndarray
    voice_activity: np.ndarray
    motion_energy: np.ndarray
    seams: Sequence[SeamReport] = ()
    figures: Sequence[Figure] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, object] = field(default_factory=dict)
    notes: Sequence[str] = ()
    fits: Sequence[FitPicture] = ()
    lips: np.ndarray = field(default_factory=lambda: np.zeros(0))
    lip_moments: Sequence[LipMoment] = ()
    fps: float = 30.0

    def __post_init__(self) -> None:
        frames = len(self.source_seconds)
        if not frames:
            raise ValueError("a report needs at least one frame")
        for name in ("source_video", "speech_energy", "voice_activity", "motion_energy"):
            if len(getattr(self, name)) != frames:
                raise ValueError(f"{name} has {len(getattr(self, name))} values for {frames} frames")
        if len(self.lips) not in (0, frames):
            raise ValueError(f"lips has {len(self.lips)} values for {frames} frames")
        if int(np.max(self.source_video)) >= len(self.videos) or int(np.min(self.source_video)) < 0:
            raise ValueError("source_video points outside `videos`")

    @property
    def seconds(self) -> float:
        """Length of the render."""
        return len(self.source_seconds) / self.fps
