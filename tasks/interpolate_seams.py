"""Stage: the frames around each jump. Results are kept in `transitions`, a cache shared by all renders."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit, digest
from data_catalog.keys import equals, split_clip_id
from data_catalog.schemas import CLIP_FRAMES, MASK_SIDE
from tasks.canvas import canvas_size, fit_frame, fit_points
from tasks.columns import matrix, unpack_masks
from tasks.create_clips import TORSO
from tasks.frame_source import GopCache
from tasks.playback import Playback, SeamWindow, play, run_around
from tasks.stage import RowWriter, Stage, upstream


class InterpolateSeamsConfig(BaseModel):
    """
    Attributes:
        half_window: frames generated on each side of a cut.
        crf: quality of the stored frames.
    """

    half_window: int = Field(4, ge=1, le=15)
    crf: int = Field(8, ge=0, le=30)


class InterpolateSeams(Stage):
    name, table, code_version = "interpolate_seams", "transitions", "1"
    cores = 1.0
    libraries = ("av", "av.video.reformatter", "tango_models.interpolation.flow")
    Config = InterpolateSeamsConfig
    config: InterpolateSeamsConfig

    def plan(self, catalog: Catalog, *, path_id: str, interpolator: str, **_) -> list[Unit]:
        from tango_models.interpolation.base import create_interpolator

        path = upstream(catalog, "retrieve_path", path_id, path_id)
        method = create_interpolator(interpolator).id
        playback = read_playback(catalog, path_id, half_window=self.config.half_window)
        pixels = {video: upstream(catalog, "extract_frames", video, video) for video in set(playback.video)}
        size = canvas_size(catalog, sorted(set(playback.video)))
        # A pair of clips may be jumped between twice in one path: one unit.
        units = {}
        for seam in playback.seams:
            if seam.half:
                key = transition_key(seam, method, size)
                videos = sorted({split_clip_id(clip)[0] for clip in (seam.src, seam.dst)})
                units[key] = self.unit(
                    key,
                    subject=f"{path.subject}, seam at {seam.cut / 30:.2f} s",
                    reads=[pixels[video].field_hash("pixels") for video in videos],
                    src=seam.src,
                    dst=seam.dst,
                    half=seam.half,
                    interpolator=interpolator,
                    method=method,
                    size=list(size),
                )
        return list(units.values())

    def setup(self) -> None:
        self._interpolators: dict = {}

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.interpolation.base import create_interpolator
        from tango_models.interpolation.quality import seam_quality
        from tango_models.media.gop import encode_gop

        given = unit.inputs
        name = given["interpolator"]
        if name not in self._interpolators:
            self._interpolators[name] = create_interpolator(name)
        seam = read_seam(catalog, given["src"], given["dst"], given["half"], tuple(given["size"]))
        frames = self._interpolators[name].interpolate(seam)
        quality = seam_quality(seam, frames)
        # GOPs of 4 frames, each behind its length.
        gops = [
            encode_gop(frames[k : k + CLIP_FRAMES], crf=self.config.crf) for k in range(0, len(frames), CLIP_FRAMES)
        ]
        pixels = b"".join(len(gop).to_bytes(4, "little") + gop for gop in gops)
        out.write(
            [
                {
                    "src": given["src"],
                    "dst": given["dst"],
                    "interpolator_id": transition_id(given["method"], given["half"], given["size"]),
                    "n_frames": len(frames),
                    "pixels": pixels,
                    "sharpness": quality.sharpness,
                    "jump": quality.jump,
                }
            ]
        )
        return {"pixels": digest(pixels)}


def transition_id(method: str, half: int, size: Sequence[int]) -> str:
    """What decides a seam's frames apart from its two clips: the interpolator's id, the window, the picture size."""
    return f"{method}:{half}:{size[0]}x{size[1]}"


def transition_key(seam: SeamWindow, method: str, size: Sequence[int]) -> str:
    return f"{seam.src}>{seam.dst}:{transition_id(method, seam.half, size)}"


def read_playback(catalog: Catalog, path_id: str, *, half_window: int) -> Playback:
    path = catalog.table("paths").read(where=equals(path_id=path_id)).to_pylist()[0]
    speech = catalog.table("speech").read(["speech_id", "n_frames"], where=equals(speech_id=path["speech_id"]))
    return play(path["clip_ids"], path["seams"], speech["n_frames"][0].as_py(), half_window=half_window)


def read_seam(catalog: Catalog, src: str, dst: str, half: int, canvas: tuple[int, int]):
    """The two runs around a jump, as the interpolators want them."""
    from tango_models.interpolation.base import Seam

    frames = GopCache(catalog)
    offsets = np.arange(-half, half)
    parts = {}
    for name, clip, from_end in (("outgoing", src, True), ("incoming", dst, False)):
        video_id, _ = split_clip_id(clip)
        video = catalog.table("videos").read(where=equals(video_id=video_id)).to_pylist()[0]
        shown = run_around(clip, offsets, from_end=from_end, n_frames=video["n_frames"])
        frames.prefetch((video_id, int(f) // CLIP_FRAMES) for f in shown)
        wanted = sorted({int(f) for f in shown})
        seen = catalog.table("landmarks").read(
            ["video_id", "frame", "body_xy", "mask"], where=equals(video_id=video_id, frame=wanted)
        )
        row = {frame: k for k, frame in enumerate(seen["frame"].to_pylist())}
        index = [row[int(f)] for f in shown]
        parts[name] = np.stack([fit_frame(frames.frame(video_id, int(f)), canvas) for f in shown])
        torso = matrix(seen["body_xy"]).reshape(-1, 33, 2)[index][:, TORSO]
        parts[f"{name}_points"] = fit_points(torso, (video["width"], video["height"]), canvas)
        parts[f"{name}_masks"] = unpack_masks(seen["mask"]).reshape(-1, MASK_SIDE, MASK_SIDE)[index]
    return Seam(**parts)


def read_transition(catalog: Catalog, seam: SeamWindow, method: str, size: Sequence[int]) -> np.ndarray:
    """The generated frames of a seam, (2·half, H, W, 3) uint8."""
    from tango_models.media.gop import decode_gop

    where = equals(src=seam.src, dst=seam.dst, interpolator_id=transition_id(method, seam.half, size))
    data = catalog.table("transitions").read_blobs("pixels", where, key="src")[seam.src]
    frames, position = [], 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "little")
        frames.append(decode_gop(data[position + 4 : position + 4 + length]))
        position += 4 + length
    return np.concatenate(frames)
