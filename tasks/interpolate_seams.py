"""Stage: the frames that no camera took, around each jump and in place of repeated ones. Results are kept in
`transitions`, a cache shared by all renders."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from data_catalog import Source, Unit, clip_id
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.interpolation.seam import frames_around
from tango_models.interpolation.stand_ins import BETWEEN_ID
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage, unversioned
from tasks.views.footage.canvas import canvas_size
from tasks.views.footage.frame_source import FRAME_CACHE_MB, GopCache
from tasks.views.footage.segments import segment_keys
from tasks.views.footage.videos import video_frames
from tasks.views.paths.interpolation import open_interpolator
from tasks.views.paths.path_layout import SeamLayout, need_layout, read_playback
from tasks.views.paths.playback import Playback, SeamWindow
from tasks.views.paths.seams import read_seam, runs_shown, seen_among_runs
from tasks.views.paths.stand_ins import BLOCK_CLIPS, block_key, read_stand_ins, shown_blocks
from tasks.views.paths.transitions import pack_gops, transition_id, transition_key


class InterpolateSeamsSettings(SeamLayout):
    """
    Attributes:
        crf: quality of the stored frames.
        frame_cache_mb: of decoded footage that a worker holds at most beside the two runs of its seam and what is made
            of them: the interpolators want them whole. They are 4 * `placement.max_half` pictures and, for each way
            that is tried, half as many: 32 and 16 by default, 0.8 and 0.4 GB at 3840 x 2160.
    """

    crf: int = Field(8, ge=0, le=30)
    frame_cache_mb: float = Field(FRAME_CACHE_MB, **unversioned(gt=0))


class InterpolateSeamsConfig(InterpolateSeamsSettings):
    """
    Attributes:
        acinterp: path of the weights of that interpolator.
    """

    acinterp: str | None = None


class InterpolateSeams(Stage):
    name, code_version = "interpolate_seams", "6"
    reads: ClassVar = {"extract_frames": ("pixels", "timing", "shape"), "detect_landmarks": ("landmarks",)}
    plan_reads: ClassVar = {
        "analyse_speech": ("prosody",),
        "retrieve_path": ("path",),
        "create_clips": ("takes", "looks"),
    }
    cores = 1.0
    file_settings = ("acinterp",)
    libraries = ("av", "av.video.reformatter", "tango_models.interpolation.between")
    Config = InterpolateSeamsConfig
    config: InterpolateSeamsConfig

    def version_parts(self) -> dict:
        parts = super().version_parts()
        del parts["placement"], parts["acinterp"]  # a seam's place and the interpolator are part of its unit's key
        return parts

    def plan(self, source: PlanSource, *, path_id: str, interpolator: str, **_) -> list[Unit]:
        """The seams of a path, and the repeated frames that it shows."""
        subject = need_layout(source, path_id)
        playback = read_playback(source, path_id, self.config)
        return [*self._seams(source, playback, interpolator, subject), *self._blocks(source, playback)]

    def _seams(self, source: PlanSource, playback: Playback, interpolator: str, subject: str) -> list[Unit]:
        method = open_interpolator(interpolator, self.config.acinterp).id
        size = canvas_size(source, playback.videos)
        units = {}  # a pair of clips may be jumped between twice in one path: one unit
        for seam in playback.seams:
            if seam.half:
                key = transition_key(seam, method, size)
                units[key] = self.unit(
                    key,
                    subject=f"{subject}, seam at {seam.cut / 30:.2f} s",
                    of=self._read_by(source, seam),
                    src=seam.src,
                    dst=seam.dst,
                    shift=seam.shift,
                    half=seam.half,
                    interpolator=interpolator,
                    method=method,
                    size=list(size),
                )
        return list(units.values())

    def _read_by(self, source: PlanSource, seam: SeamWindow) -> dict[str, list[str]]:
        """The upstream units of a seam: its videos, and the segments in which the landmarks of its frames lie."""
        runs = runs_shown(source, seam.src, seam.dst, seam.offsets, smooth=self.config.smooth_cadence)
        of: dict[str, list[str]] = {"extract_frames": [], "detect_landmarks": []}
        for video_id, shown in runs.values():
            frames = [frame for stand_in in shown for frame in (stand_in.left, stand_in.right)]
            of["extract_frames"].append(video_id)
            of["detect_landmarks"] += segment_keys(video_id, video_frames(source, video_id), frames)
        return of

    def _blocks(self, source: PlanSource, playback: Playback) -> list[Unit]:
        wanted = shown_blocks(source, playback) if self.config.smooth_cadence else []
        units = []
        for video_id, number in wanted:
            (video,) = source.need("extract_frames", video_id, subject=video_id)
            start = number * BLOCK_CLIPS * CLIP_FRAMES / 30
            units.append(
                self.unit(
                    block_key(video_id, number),
                    subject=f"{video.subject}, cadence from {start:.1f} s",
                    of={"extract_frames": [video_id]},
                    video_id=video_id,
                    block=number,
                )
            )
        return units

    def setup(self) -> None:
        self._interpolators: dict = {}

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        if "block" in unit.inputs:
            self._make_block(source, unit, out)
        else:
            self._make_seam(source, unit, out)

    def _make_seam(self, source: Source, unit: Unit, out: RowWriter) -> None:
        from tango_models.interpolation.auto import make

        given = unit.inputs
        name, size = given["interpolator"], given["size"]
        if name not in self._interpolators:
            self._interpolators[name] = open_interpolator(name, self.config.acinterp)
        offsets = np.arange(-given["half"], given["half"]) + given["shift"]
        smooth = self.config.smooth_cadence
        cache_mb = self.config.frame_cache_mb
        around = frames_around(self._interpolators[name])
        src, dst = given["src"], given["dst"]
        seam = read_seam(source, src, dst, offsets, tuple(size), smooth=smooth, around=around, cache_mb=cache_mb)
        made = make(name, self._interpolators[name], seam)
        del seam
        seen = seen_among_runs(source, src, dst, offsets, made.frames, smooth=smooth, cache_mb=cache_mb)
        out.write(
            [
                {
                    "src": src,
                    "dst": dst,
                    "interpolator_id": transition_id(given["method"], given["shift"], given["half"], size),
                    "n_frames": len(made.frames),
                    "pixels": pack_gops(made.frames, crf=self.config.crf),
                    "sharpness": made.quality.sharpness,
                    "jump": made.quality.jump,
                    "visibility": seen,
                    "made_by": f"{made.way} ({made.why})",
                }
            ]
        )

    def _make_block(self, source: Source, unit: Unit, out: RowWriter) -> None:
        """Make and write the stand-ins of a block of clips, a row per clip that has any."""
        from tango_models.interpolation.between import between
        from tango_models.media.gop import encode_gop

        video_id, number = unit.inputs["video_id"], unit.inputs["block"]
        wanted = read_stand_ins(source, [video_id])[video_id]
        first = number * BLOCK_CLIPS * CLIP_FRAMES
        here = {frame: wanted[frame] for frame in range(first, first + BLOCK_CLIPS * CLIP_FRAMES) if frame in wanted}
        frames = GopCache(source, megabytes=self.config.frame_cache_mb)
        frames.expect((video_id, f // CLIP_FRAMES) for s in here.values() for f in (s.left, s.right))
        rows = []
        for clip in sorted({frame // CLIP_FRAMES for frame in here}):
            own = [here[frame] for frame in sorted(here) if frame // CLIP_FRAMES == clip]
            made = [between(frames.frame(video_id, s.left), frames.frame(video_id, s.right), s.share) for s in own]
            key = clip_id(video_id, clip)
            pixels = encode_gop(np.stack(made), crf=self.config.crf)
            row = {"src": key, "dst": key, "interpolator_id": BETWEEN_ID, "n_frames": len(made), "pixels": pixels}
            rows.append(row)
        out.write(rows)
