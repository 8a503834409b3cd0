"""Stage: the path as a video with the speech as its sound, the motion beside it, and a report. The sound is that of the
speech file itself."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, Field

from data_catalog import Catalog, Source, Unit
from data_catalog.keys import equals
from data_catalog.uris.places import file_name
from tango_models.lips.plugs import MATCH, OFF, lips_id, load_plug, plugged
from tasks.rendering.lips import frames_with_lips
from tasks.rendering.output import check_output, is_as_made, places_of, render_key
from tasks.rendering.output_frames import output_frames
from tasks.rendering.rendered_motion import rendered_motion
from tasks.rendering.report import RenderReport
from tasks.runtime.plan_source import PlanSource
from tasks.runtime.stage import RowWriter, Stage, unversioned
from tasks.views.footage.canvas import canvas_size
from tasks.views.footage.frame_source import FRAME_CACHE_MB
from tasks.views.footage.read_ahead import ahead
from tasks.views.footage.segments import segment_keys
from tasks.views.footage.videos import video_frames
from tasks.views.motion_graph import pair_keys
from tasks.views.paths.interpolation import open_interpolator
from tasks.views.paths.lips import lips_key
from tasks.views.paths.path_layout import SeamLayout, need_layout, read_playback
from tasks.views.paths.stand_ins import block_key, shown_blocks
from tasks.views.paths.transitions import transition_key
from tasks.views.speech import read_speech_track

FPS = 30
_PACKAGES = ("tango-avatar", "torch", "mediapipe", "av", "pylance", "prefect", "ray")


class RenderVideoSettings(BaseModel):
    """
    Attributes:
        crf, preset: of the H.264 encoder; superfast encodes 1.4 times as fast as veryfast, at 20 with its quality
            (46 dB on real footage) in 1.3 times the bytes.
        report_mb: of pictures in the report; of more seams than have room, the worst are pictured and all listed.
        frame_cache_mb: of decoded footage held at most; where lips are painted, as much again for the mouths.
    """

    crf: int = Field(20, ge=0, le=40)
    preset: str = "superfast"
    report_mb: float = Field(16, **unversioned(gt=0))
    frame_cache_mb: float = Field(FRAME_CACHE_MB, **unversioned(gt=0))


class RenderVideoConfig(RenderVideoSettings):
    """
    Attributes:
        seams, acinterp: as for `interpolate_seams`.
    """

    seams: SeamLayout = SeamLayout()
    acinterp: str | None = None


class RenderVideo(Stage):
    name, code_version = "render_video", "10"
    reads: ClassVar = {
        "analyse_speech": ("track", "prosody", "name"),
        "retrieve_path": ("path",),
        "extract_frames": ("pixels", "timing", "shape", "name"),
        "detect_landmarks": ("landmarks",),
        "fit_smplx": ("motion", "picture"),
        "create_clips": ("motion", "takes", "looks"),
        "score_edges": ("edges",),
        "interpolate_seams": ("pixels", "quality"),
        "match_lips": ("lips",),
        "detect_mouths": ("mouths",),
    }
    libraries = (
        "av",
        "av.video.reformatter",
        "jinja2",
        "matplotlib.backends.backend_agg",
        "matplotlib.figure",
        "scipy.spatial.transform",
    )
    Config = RenderVideoConfig
    config: RenderVideoConfig

    def version_parts(self) -> dict:
        parts = super().version_parts()
        del parts["acinterp"]  # the seams that are read were made by it
        return parts

    def plan(
        self,
        source: PlanSource,
        *,
        avatar: str,
        path_id: str,
        interpolator: str,
        out: str,
        speech_uri: str,
        lips: str = "off",
        **_,
    ) -> list[Unit]:
        subject = need_layout(source, path_id)
        method = open_interpolator(interpolator, self.config.acinterp).id
        playback = read_playback(source, path_id, self.config.seams)
        size = canvas_size(source, playback.videos)
        tracks = sorted(set(playback.track))
        path = source.table("paths").read(["path_id", "speech_id"], where=equals(path_id=path_id)).to_pylist()[0]
        made = [transition_key(seam, method, size) for seam in playback.seams if seam.half]
        if self.config.seams.smooth_cadence:
            made += [block_key(*block) for block in shown_blocks(source, playback)]
        of = {
            "analyse_speech": [path["speech_id"]],
            "retrieve_path": [path_id],
            "extract_frames": playback.videos,
            "detect_landmarks": [
                key for video in playback.videos for key in segment_keys(video, video_frames(source, video))
            ],
            "fit_smplx": tracks,
            "create_clips": tracks,
            "score_edges": pair_keys(tracks),
            "interpolate_seams": made,
        }
        if lips == MATCH:
            (matched,) = source.need("match_lips", lips_key(path_id), subject=subject)
            of |= {"match_lips": [lips_key(path_id)], "detect_mouths": matched.upstream["detect_mouths"]}
            of["extract_frames"] = matched.upstream["extract_frames"]
        for stage, units in of.items():
            source.need(stage, *units, subject=subject)
        return [
            self.unit(
                render_key(path_id, interpolator, out, lips),
                subject=file_name(out),
                of=of,
                avatar=avatar,
                speech_id=path["speech_id"],
                speech_uri=speech_uri,
                path_id=path_id,
                interpolator=interpolator,
                method=method,
                lips=lips,
                out=out,
                size=list(size),
            )
        ]

    def files(self, unit: Unit) -> dict[str, str]:
        return {unit.inputs["speech_id"]: unit.inputs["speech_uri"]}

    def outputs(self, unit: Unit) -> list[str]:
        return places_of(unit.inputs["out"])

    def is_intact(self, catalog: Catalog, unit: Unit) -> bool:
        rows = catalog.table("renders").read(where=equals(render_id=unit.key)).to_pylist()
        return bool(rows) and is_as_made(rows[0], catalog.storage_options)

    def process(self, source: Source, unit: Unit, out: RowWriter) -> None:
        given = unit.inputs
        with (
            self.file_access.open(given["speech_uri"], given["speech_id"]) as speech,
            self.file_access.writing(self.outputs(unit)) as paths,
        ):
            check_output(paths[0])
            row = self._render(source, unit, speech, paths, out)
        out.write([row])

    def _render(self, source: Source, unit: Unit, speech: Path, paths: list[Path], out: RowWriter) -> dict[str, Any]:
        """Write the video, its motion file and its report; returns the row of `renders`."""
        from tango_models.body.motion_io import save_motion
        from tango_models.media.probe import content_id
        from tango_models.media.sound.audio import read_audio
        from tango_models.media.sound.speech_file import SpeechSound
        from tango_models.media.video_writer import VideoWriter
        from tango_models.speech.spoken_track import find_spoken_track

        given, (target, motion_path, report_path) = unit.inputs, paths
        size = tuple(given["size"])
        playback = read_playback(source, given["path_id"], self.config.seams)
        config = self.config
        smooth = config.seams.smooth_cadence
        report = RenderReport(
            source,
            given["path_id"],
            playback,
            method=given["method"],
            size=size,
            most_bytes=int(config.report_mb * 1e6),
            lips=given["lips"] == MATCH,
        )
        pictures = output_frames(source, playback, given["method"], size, smooth=smooth, cache_mb=config.frame_cache_mb)
        if given["lips"] == MATCH:
            pictures = frames_with_lips(
                source, playback, given["path_id"], ahead(pictures), size, smooth=smooth, cache_mb=config.frame_cache_mb
            )
        elif given["lips"] != OFF:
            spoken = find_spoken_track(speech)
            track, channels = (0, None) if spoken is None else (spoken.track, spoken.channels)
            audio = read_audio(speech, track=track, channels=channels)
            pictures = plugged(load_plug(given["lips"]), given["lips"], pictures, audio, FPS)
        with (
            SpeechSound(speech, read_speech_track(source, given["speech_id"])) as sound,
            VideoWriter(
                target, width=size[0], height=size[1], fps=FPS, sound=sound, crf=config.crf, preset=config.preset
            ) as writer,
            ThreadPoolExecutor(1) as beside,  # what the report looks for takes nearly as long as the encoder
        ):
            seen: Future[None] | None = None
            for t, frame in enumerate(ahead(pictures)):
                if seen:
                    seen.result()
                seen = beside.submit(report.see, t, frame)
                writer.write(frame)
                if t % FPS == 0:
                    out.progress(t, len(playback.frame))
            if seen:
                seen.result()
        save_motion(motion_path, rendered_motion(source, playback, smooth=smooth))
        settings = {
            "avatar": given["avatar"],
            "interpolator": given["interpolator"],
            "lips": lips_id(given["lips"]),
            "versions": {name: version(name) for name in _PACKAGES},
            **config.model_dump(mode="json"),
        }
        metrics = report.write(report_path, target, settings)
        places = self.outputs(unit)
        return {
            "render_id": unit.key,
            "avatar": given["avatar"],
            "speech_id": given["speech_id"],
            "path_id": given["path_id"],
            "interpolator_id": given["method"],
            "source_video": [video for video, _ in playback.pictures],
            "source_frame": playback.frame.tolist(),
            "uri": places[0],
            "motion_uri": places[1],
            "report_uri": places[2],
            "poster": report.poster,
            "file_hash": content_id(target),
            "metrics": json.dumps(metrics),
            "settings": json.dumps(settings),
        }
