"""Stage: the path as a video with the speech as its sound, the motion beside it, and a report."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit, digest
from data_catalog.keys import equals
from data_catalog.schemas import CLIP_FRAMES
from tango_models.errors import InputError
from tasks.analyse_speech import read_speech_audio
from tasks.interpolate_seams import InterpolateSeamsConfig, read_playback, read_transition, transition_key
from tasks.rendering.rendered_motion import rendered_motion
from tasks.rendering.report import SeamThumbnails, write_report
from tasks.runtime.stage import RowWriter, Stage, UpstreamNotReady, upstream
from tasks.views.canvas import canvas_size, fit_frame
from tasks.views.frame_source import GopCache, ahead
from tasks.views.playback import Playback
from tasks.views.stand_ins import MadePictures, block_key, shown_blocks

FPS = 30
RATE = 16000
_PREFETCH_FRAMES = 120
_PACKAGES = ("tango-avatar", "torch", "mediapipe", "av", "pylance", "prefect", "ray")


class RenderVideoConfig(BaseModel):
    """
    Attributes:
        crf, preset: of the H.264 encoder; superfast encodes 1.4 times as fast as veryfast, at 20 with its quality
            (46 dB on real footage) in 1.3 times the bytes.
        seams: as for `interpolate_seams`.
    """

    crf: int = Field(20, ge=0, le=40)
    preset: str = "superfast"
    seams: InterpolateSeamsConfig = InterpolateSeamsConfig()


class RenderVideo(Stage):
    name, table, code_version = "render_video", "renders", "2"
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

    def plan(self, catalog: Catalog, *, path_id: str, interpolator: str, out: str, **_) -> list[Unit]:
        from tango_models.interpolation.interpolators import create_interpolator

        path = upstream(catalog, "retrieve_path", path_id, path_id)
        method = create_interpolator(interpolator).id
        playback = read_playback(catalog, path_id, self.config.seams)
        videos = sorted(set(playback.video))
        size = canvas_size(catalog, videos)
        keys = sorted({transition_key(seam, method, size) for seam in playback.seams if seam.half})
        if self.config.seams.smooth_cadence:
            keys += [block_key(*block) for block in shown_blocks(catalog, playback)]
        seams = catalog.records("interpolate_seams", keys) if keys else {}
        if any(key not in seams or not seams[key].ok for key in keys):
            raise UpstreamNotReady(path.subject, "interpolate_seams")
        row = catalog.table("paths").read(["path_id", "avatar", "speech_id"], where=equals(path_id=path_id)).to_pylist()
        avatar, speech_id = row[0]["avatar"], row[0]["speech_id"]
        speech = upstream(catalog, "analyse_speech", speech_id, speech_id)
        pixels = [upstream(catalog, "extract_frames", v, v).field_hash("pixels") for v in videos]
        generated = [seams[key].field_hash("pixels") for key in keys]
        return [
            self.unit(
                render_key(path_id, interpolator, out),
                subject=Path(out).name,
                reads=[path.field_hash("path"), speech.field_hash("audio"), pixels, generated, out],
                avatar=avatar,
                speech_id=speech_id,
                path_id=path_id,
                interpolator=interpolator,
                method=method,
                out=out,
                size=list(size),
            )
        ]

    def is_intact(self, catalog: Catalog, unit: Unit) -> bool:
        from tango_models.media.probe import content_id

        rows = catalog.table("renders").read(where=equals(render_id=unit.key)).to_pylist()
        if not rows or not all(Path(rows[0][name]).is_file() for name in ("uri", "report_uri", "motion_uri")):
            return False
        return content_id(Path(rows[0]["uri"])) == rows[0]["file_hash"]

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.body.motion_io import save_motion
        from tango_models.media.probe import content_id
        from tango_models.media.video_writer import VideoWriter

        given, target = unit.inputs, Path(unit.inputs["out"])
        check_output(target)
        size = tuple(given["size"])
        playback = read_playback(catalog, given["path_id"], self.config.seams)
        audio = _exact(read_speech_audio(catalog, given["speech_id"]), len(playback.frame))
        thumbnails = SeamThumbnails(playback)
        config = self.config
        smooth = config.seams.smooth_cadence
        pictures = output_frames(catalog, playback, given["method"], size, smooth=smooth)
        with VideoWriter(
            target,
            width=size[0],
            height=size[1],
            fps=FPS,
            audio=audio,
            audio_rate=RATE,
            crf=config.crf,
            preset=config.preset,
        ) as writer:
            for t, frame in enumerate(ahead(pictures)):
                writer.write(frame)
                thumbnails.see(t, frame)
                if t % FPS == 0:
                    out.progress(t, len(playback.frame))
        motion_path, report_path = beside(target)
        save_motion(motion_path, rendered_motion(catalog, playback, smooth=smooth))
        settings = {
            "avatar": given["avatar"],
            "interpolator": given["interpolator"],
            "versions": {name: version(name) for name in _PACKAGES},
            **config.model_dump(mode="json"),
        }
        metrics, poster = write_report(
            catalog,
            report_path,
            target,
            given["path_id"],
            playback,
            thumbnails,
            settings,
            method=given["method"],
            size=size,
        )
        out.write(
            [
                {
                    "render_id": unit.key,
                    "avatar": given["avatar"],
                    "speech_id": given["speech_id"],
                    "path_id": given["path_id"],
                    "interpolator_id": given["method"],
                    "source_video": playback.video,
                    "source_frame": playback.frame.tolist(),
                    "uri": str(target),
                    "report_uri": str(report_path),
                    "motion_uri": str(motion_path),
                    "poster": poster,
                    "file_hash": content_id(target),
                    "metrics": json.dumps(metrics),
                    "settings": json.dumps(settings),
                }
            ]
        )
        return {}


def render_key(path_id: str, interpolator: str, out: str) -> str:
    return digest(path_id, interpolator, out)


def beside(video: Path) -> tuple[Path, Path]:
    """Where the motion file and the report of a video go."""
    return video.with_suffix(".motion.npz"), video.with_suffix(".report.html")


def check_output(target: Path) -> None:
    """Refuse an output that cannot be written before anything is computed.

    Raises:
        InputError: no mp4, no such folder, or a folder that may not be written to.
    """
    import tempfile

    if target.suffix.lower() != ".mp4":
        raise InputError(str(target), "is no .mp4", "name an output file that ends in .mp4")
    if not target.parent.is_dir():
        raise InputError(str(target.parent), "no such folder", "create it or name another --out")
    if target.is_dir():
        raise InputError(str(target), "is a folder", "name a file")
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise InputError(
            str(target.parent), f"cannot be written to ({error.strerror})", "name another --out"
        ) from error


def output_frames(
    catalog: Catalog, playback: Playback, method: str, size: tuple[int, int], *, smooth: bool
) -> Iterator[np.ndarray]:
    """The (H, W, 3) uint8 frames to show, in order: source frames, generated ones around the seams, and with `smooth`
    generated ones where the footage shows a picture twice."""
    cache = GopCache(catalog)
    made = MadePictures(catalog, sorted(set(playback.video))) if smooth else None
    windows = {t: seam for seam in playback.seams if seam.half for t in seam.frames}
    generated: tuple[object, np.ndarray] | None = None
    shown = list(zip(playback.video, playback.frame.tolist(), strict=True))
    for t, (video, frame) in enumerate(shown):
        if t % _PREFETCH_FRAMES == 0:
            cache.forget()
            # Within a seam's window no source frame is shown.
            block = range(t, min(t + _PREFETCH_FRAMES, len(shown)))
            part = [shown[k] for k in block if k not in windows]
            cache.prefetch((v, f // CLIP_FRAMES) for v, f in part)
            if made is not None:
                made.prefetch(part)
        seam = windows.get(t)
        if seam is None:
            picture = made.find(video, frame) if made is not None else None
            yield fit_frame(cache.frame(video, frame) if picture is None else picture, size)
            continue
        if generated is None or generated[0] is not seam:
            generated = (seam, read_transition(catalog, seam, method, size))
        yield generated[1][t - seam.frames.start]


def _exact(audio: np.ndarray, n_frames: int) -> np.ndarray:
    """The speech, silent or cut by less than half a frame, so that sound and picture end together."""
    samples = round(n_frames * RATE / FPS)
    return np.pad(audio[:samples], (0, max(0, samples - len(audio))))
