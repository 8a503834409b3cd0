"""Stage: the frames that no camera took, around each jump and in place of repeated ones. Results are kept in
`transitions`, a cache shared by all renders."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, Field

from data_catalog import Catalog, Unit, UnitRecord, digest
from data_catalog.keys import equals, split_clip_id
from data_catalog.schemas import CLIP_FRAMES, MASK_SIDE
from tango_models.interpolation.interpolators import create_interpolator
from tango_models.interpolation.seam_placement import Placement, PlacementConfig, place_seam
from tango_models.interpolation.stand_ins import StandIn
from tasks.create_clips import TORSO
from tasks.runtime.stage import RowWriter, Stage, upstream
from tasks.views.canvas import canvas_size, fit_frame, fit_points
from tasks.views.columns import matrix, unpack_masks
from tasks.views.frame_source import GopCache
from tasks.views.playback import Playback, SeamWindow, play, run_around, shot_of
from tasks.views.seam_surroundings import Surroundings
from tasks.views.stand_ins import BLOCK_CLIPS, block_key, make_block, read_stand_ins, shown_blocks

ARMS = ((11, 13, 15), (12, 14, 16))
"""MediaPipe's shoulder, elbow and wrist, left and right."""
EARS = (7, 8)
_HEAD = 0.7, 0.4  # radius: of the distance of the ears, but at least of the shoulders'
_VISIBLE = 0.5  # of MediaPipe's visibility
_LANDMARKS = ["video_id", "frame", "body_xy", "body_visibility", "hands_xy", "mask"]


class InterpolateSeamsConfig(BaseModel):
    """
    Attributes:
        placement: how far a cut may move, how many frames around it are made, and what decides.
        smooth_cadence: show a picture in between where the footage shows one twice.
        crf: quality of the stored frames.
    """

    placement: PlacementConfig = PlacementConfig()
    smooth_cadence: bool = True
    crf: int = Field(8, ge=0, le=30)


class InterpolateSeams(Stage):
    name, table, code_version = "interpolate_seams", "transitions", "2"
    cores = 1.0
    libraries = ("av", "av.video.reformatter", "tango_models.interpolation.between")
    Config = InterpolateSeamsConfig
    config: InterpolateSeamsConfig

    def plan(self, catalog: Catalog, *, path_id: str, interpolator: str, **_) -> list[Unit]:
        """The seams of a path, and the repeated frames that it shows."""
        path = upstream(catalog, "retrieve_path", path_id, path_id)
        method = create_interpolator(interpolator).id
        playback = read_playback(catalog, path_id, self.config)
        sources = {video: upstream(catalog, "extract_frames", video, video) for video in set(playback.video)}
        landmarks = {video: upstream(catalog, "create_clips", video, video).field_hash("motion") for video in sources}
        size = canvas_size(catalog, sorted(sources))
        # A pair of clips may be jumped between twice in one path: one unit.
        units = {}
        for seam in playback.seams:
            if seam.half:
                key = transition_key(seam, method, size)
                videos = sorted({split_clip_id(clip)[0] for clip in (seam.src, seam.dst)})
                units[key] = self.unit(
                    key,
                    subject=f"{path.subject}, seam at {seam.cut / 30:.2f} s",
                    reads=[[*_pictures_of(sources[video]), landmarks[video]] for video in videos],
                    src=seam.src,
                    dst=seam.dst,
                    shift=seam.shift,
                    half=seam.half,
                    interpolator=interpolator,
                    method=method,
                    size=list(size),
                )
        wanted = shown_blocks(catalog, playback) if self.config.smooth_cadence else []
        return [*units.values(), *self._blocks(wanted, sources)]

    def _blocks(self, wanted: list[tuple[str, int]], sources: dict[str, UnitRecord]) -> list[Unit]:
        return [
            self.unit(
                block_key(video, number),
                subject=f"{sources[video].subject}, cadence from {number * BLOCK_CLIPS * CLIP_FRAMES / 30:.1f} s",
                reads=[_pictures_of(sources[video])],
                video_id=video,
                block=number,
            )
            for video, number in wanted
        ]

    def version_parts(self) -> dict:
        return self.config.model_dump(mode="json", exclude={"placement"})  # a seam's place is part of its unit's key

    def setup(self) -> None:
        self._interpolators: dict = {}

    def process(self, catalog: Catalog, unit: Unit, out: RowWriter) -> dict[str, str]:
        from tango_models.interpolation.quality import seam_quality
        from tango_models.media.gop import encode_gop

        given = unit.inputs
        if "block" in given:
            return make_block(catalog, unit, out, crf=self.config.crf)
        name = given["interpolator"]
        if name not in self._interpolators:
            self._interpolators[name] = create_interpolator(name)
        offsets = np.arange(-given["half"], given["half"]) + given["shift"]
        seam = read_seam(
            catalog, given["src"], given["dst"], offsets, tuple(given["size"]), smooth=self.config.smooth_cadence
        )
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
                    "interpolator_id": transition_id(given["method"], given["shift"], given["half"], given["size"]),
                    "n_frames": len(frames),
                    "pixels": pixels,
                    "sharpness": quality.sharpness,
                    "jump": quality.jump,
                }
            ]
        )
        return {"pixels": digest(pixels)}


def _pictures_of(source: UnitRecord) -> list[str]:
    return [source.field_hash(name) for name in ("pixels", "timing")]


def transition_id(method: str, shift: int, half: int, size: Sequence[int]) -> str:
    """What decides a seam's frames apart from its two clips: the interpolator's id, the window, the picture size."""
    return f"{method}:{shift:+d}:{half}:{size[0]}x{size[1]}"


def transition_key(seam: SeamWindow, method: str, size: Sequence[int]) -> str:
    return f"{seam.src}>{seam.dst}:{transition_id(method, seam.shift, seam.half, size)}"


def read_playback(catalog: Catalog, path_id: str, config: InterpolateSeamsConfig) -> Playback:
    """The path in time, each seam placed by what lies around it."""
    path = catalog.table("paths").read(where=equals(path_id=path_id)).to_pylist()[0]
    speech = catalog.table("speech").read(["speech_id", "n_frames"], where=equals(speech_id=path["speech_id"]))
    return lay_out(catalog, path["clip_ids"], path["seams"], speech["n_frames"][0].as_py(), config)


def lay_out(
    catalog: Catalog, clips: list[str], seams: list[int], n_frames: int, config: InterpolateSeamsConfig
) -> Playback:
    """`n_frames` of clips in time; `seams` are the positions in `clips` that were reached by a jump."""
    videos = sorted({split_clip_id(clip)[0] for clip in clips})
    around = Surroundings(catalog, [(clips[k - 1], clips[k]) for k in seams], canvas_size(catalog, videos))
    smooth = config.smooth_cadence

    def place(src: str, dst: str, before: int, after: int) -> Placement:
        old, new = around.run(src, from_end=True, smooth=smooth), around.run(dst, from_end=False, smooth=smooth)
        return place_seam(old, new, before=before, after=after, config=config.placement)

    return play(clips, seams, n_frames, place=place)


def read_seam(
    catalog: Catalog, src: str, dst: str, offsets: np.ndarray, canvas: tuple[int, int], *, smooth: bool = True
):
    """The two runs at `offsets` from a jump, as the interpolators want them; `smooth`: with pictures in between where
    the footage shows one twice."""
    from tango_models.interpolation.seam import Seam

    frames = GopCache(catalog)
    parts: dict[str, np.ndarray] = {}
    for name, clip, from_end in (("outgoing", src, True), ("incoming", dst, False)):
        video_id, _ = split_clip_id(clip)
        video = catalog.table("videos").read(where=equals(video_id=video_id)).to_pylist()[0]
        shown = run_around(clip, offsets, from_end=from_end, shot=shot_of(video, clip)).tolist()
        between = read_stand_ins(catalog, [video_id])[video_id] if smooth else {}
        whole = [between.get(frame, StandIn(frame, frame, 0.0)) for frame in shown]
        parts |= {f"{name}_{key}": value for key, value in _seen(catalog, video, whole, canvas).items()}
        frames.prefetch((video_id, f // CLIP_FRAMES) for s in whole for f in (s.left, s.right))
        parts[name] = np.stack([fit_frame(_picture(frames, video_id, s), canvas) for s in whole])
    return Seam(**parts)


def _picture(frames: GopCache, video_id: str, wanted: StandIn) -> np.ndarray:
    from tango_models.interpolation.between import between

    first = frames.frame(video_id, wanted.left)
    return between(first, frames.frame(video_id, wanted.right), wanted.share) if wanted.share else first


def _seen(catalog: Catalog, video: dict, shown: list[StandIn], canvas: tuple[int, int]) -> dict[str, np.ndarray]:
    """Landmarks of some frames or of what lies between two: `points`, `masks`, `arms` and `heads` of a `Seam`."""
    from tango_models.interpolation.arms import bridged

    video_id, shape = video["video_id"], (video["width"], video["height"])
    wanted = sorted({f for s in shown for f in (s.left, s.right)})
    table = catalog.table("landmarks").read(_LANDMARKS, where=equals(video_id=video_id, frame=wanted))
    row = {frame: k for k, frame in enumerate(table["frame"].to_pylist())}
    left, right = ([row[getattr(s, side)] for s in shown] for side in ("left", "right"))
    share = np.array([s.share for s in shown], np.float32)[:, None, None, None]
    body = matrix(table["body_xy"]).reshape(-1, 33, 2)
    visible = matrix(table["body_visibility"])[..., None] > _VISIBLE
    joints = np.where(visible, body, np.nan)[:, ARMS]  # (K, 2, 3, 2): side, joint
    arms = np.concatenate([joints, matrix(table["hands_xy"]).reshape(-1, 2, 21, 2)], axis=2)
    torso, ears = body[:, None, TORSO], body[:, None, EARS]
    arms, torso, ears = (part[left] + share * (part[right] - part[left]) for part in (arms, torso, ears))
    ears = fit_points(ears[:, 0], shape, canvas)
    wide = np.linalg.norm(ears[:, 0] - ears[:, 1], axis=-1)
    shoulders = fit_points(torso[:, 0, :2], shape, canvas)
    broad = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=-1)
    radius = np.maximum(_HEAD[0] * wide, _HEAD[1] * broad)
    return {
        "points": fit_points(torso[:, 0], shape, canvas),
        "arms": fit_points(bridged(arms), shape, canvas),
        "heads": np.column_stack([ears.mean(axis=1), radius]).astype(np.float32),
        "masks": unpack_masks(table["mask"]).reshape(-1, MASK_SIDE, MASK_SIDE)[left],
    }


def read_transition(catalog: Catalog, seam: SeamWindow, method: str, size: Sequence[int]) -> np.ndarray:
    """The generated frames of a seam, (2·half, H, W, 3) uint8."""
    from tango_models.media.gop import decode_gop

    where = equals(src=seam.src, dst=seam.dst, interpolator_id=transition_id(method, seam.shift, seam.half, size))
    data = catalog.table("transitions").read_blobs("pixels", where, key="src")[seam.src]
    frames, position = [], 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "little")
        frames.append(decode_gop(data[position + 4 : position + 4 + length]))
        position += 4 + length
    return np.concatenate(frames)
