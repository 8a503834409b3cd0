"""Both runs around a jump, as the interpolators want them."""

import numpy as np

from data_catalog import Source, video_of
from data_catalog.keys import equals, split_clip_id
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.interpolation.seam_points import TORSO, arm_points, head_circle
from tango_models.interpolation.stand_ins import StandIn
from tango_models.metrics.seam_visibility import AROUND, SIDE, shrunk, visibility_between
from tasks.views.columns import matrix, unpack_masks
from tasks.views.footage.canvas import fit_frame, fit_masks, fit_points
from tasks.views.footage.frame_source import GopCache
from tasks.views.paths.playback import run_around, shot_of
from tasks.views.paths.stand_ins import read_stand_ins

_LANDMARKS = ["video_id", "frame", "body_xy", "body_visibility", "hands_xy", "face_xy", "mask"]


def runs_shown(
    source: Source, src: str, dst: str, offsets: np.ndarray, *, smooth: bool
) -> dict[str, tuple[str, list[StandIn]]]:
    """What both runs show at `offsets` from a jump, `outgoing` and `incoming`: the video, and by output frame the
    frames between which it lies; `smooth`: with pictures in between where the footage shows one twice."""
    shown = {}
    for name, clip, from_end in (("outgoing", src, True), ("incoming", dst, False)):
        video_id, stand_ins, _ = _run(source, clip, offsets, from_end=from_end, smooth=smooth)
        shown[name] = video_id, stand_ins
    return shown


def frames_beyond(
    source: Source, src: str, dst: str, offsets: np.ndarray, count: int, *, smooth: bool
) -> dict[str, tuple[str, list[StandIn]]]:
    """What the old run shows just before a seam, `before`, and the new one just behind it, `after`: the video and
    `count` frames as of `runs_shown`, or so many of them as lie in the shot."""
    places = {
        "before": (src, True, offsets[0] + np.arange(-count, 0)),
        "after": (dst, False, offsets[-1] + 1 + np.arange(count)),
    }
    found = {}
    for name, (clip, from_end, wanted) in places.items():
        video_id, stand_ins, held = _run(source, clip, wanted, from_end=from_end, smooth=smooth)
        found[name] = video_id, [s for s, repeats in zip(stand_ins, held.tolist(), strict=True) if not repeats]
    return found


def _run(
    source: Source, clip: str, offsets: np.ndarray, *, from_end: bool, smooth: bool
) -> tuple[str, list[StandIn], np.ndarray]:
    """The video of one of `runs_shown`, what it shows, and (K,) where its shot is over and a frame is held."""
    video_id = video_of(split_clip_id(clip)[0])
    columns = ["video_id", "n_frames", "cuts"]
    video = source.table("videos").read(columns, where=equals(video_id=video_id)).to_pylist()[0]
    frames = run_around(clip, offsets, from_end=from_end, shot=shot_of(video, clip))
    free = run_around(clip, offsets, from_end=from_end, shot=(-(10**9), 10**9))
    between = read_stand_ins(source, [video_id])[video_id] if smooth else {}
    return video_id, [between.get(f, StandIn(f, f, 0.0)) for f in frames.tolist()], frames != free


def read_seam(
    source: Source,
    src: str,
    dst: str,
    offsets: np.ndarray,
    canvas: tuple[int, int],
    *,
    smooth: bool = True,
    around: int = 0,
    cache_mb: float,
):
    """The two runs at `offsets` from a jump, as the interpolators want them; `smooth`: see `runs_shown`, `around`:
    frames to be seen beyond the seam on each side, `cache_mb`: of frames held while they are read."""
    from tango_models.interpolation.seam import Seam

    frames = GopCache(source, megabytes=cache_mb)
    parts: dict[str, np.ndarray] = {}
    for name, (video_id, shown) in runs_shown(source, src, dst, offsets, smooth=smooth).items():
        parts |= {f"{name}_{key}": value for key, value in _seen(source, video_id, shown, canvas).items()}
        parts[name] = _pictures(frames, video_id, shown, canvas)
    if around:
        for name, (video_id, shown) in frames_beyond(source, src, dst, offsets, around, smooth=smooth).items():
            parts[name] = _pictures(frames, video_id, shown, canvas)
    return Seam(**parts)


def seen_among_runs(
    source: Source,
    src: str,
    dst: str,
    offsets: np.ndarray,
    made: np.ndarray,
    *,
    smooth: bool = True,
    cache_mb: float,
) -> float:
    """`visibility_between` of a seam's frames `made` (2m, H, W, 3), shown at `offsets` from a jump."""
    from tango_models.interpolation.between import between

    canvas = made.shape[2], made.shape[1]
    frames = GopCache(source, megabytes=cache_mb)
    runs: dict[str, list[np.ndarray]] = {}
    for name, (video_id, shown) in frames_beyond(source, src, dst, offsets, AROUND, smooth=smooth).items():
        frames.expect((video_id, f // CLIP_FRAMES) for s in shown for f in (s.left, s.right))
        small = {
            f: shrunk(fit_frame(frames.frame(video_id, f), canvas), SIDE) for s in shown for f in (s.left, s.right)
        }
        runs[name] = [between(small[s.left], small[s.right], s.share) if s.share else small[s.left] for s in shown]
    return visibility_between(runs["before"], [shrunk(frame, SIDE) for frame in made], runs["after"])


def _pictures(frames: GopCache, video_id: str, shown: list[StandIn], canvas: tuple[int, int]) -> np.ndarray:
    """(K, H, W, 3) uint8 on the canvas."""
    frames.expect((video_id, f // CLIP_FRAMES) for s in shown for f in (s.left, s.right))
    run = np.empty((len(shown), canvas[1], canvas[0], 3), np.uint8)
    for k, stand_in in enumerate(shown):
        run[k] = fit_frame(_picture(frames, video_id, stand_in), canvas)
    return run


def _picture(frames: GopCache, video_id: str, wanted: StandIn) -> np.ndarray:
    from tango_models.interpolation.between import between

    first = frames.frame(video_id, wanted.left)
    return between(first, frames.frame(video_id, wanted.right), wanted.share) if wanted.share else first


def _seen(source: Source, video_id: str, shown: list[StandIn], canvas: tuple[int, int]) -> dict[str, np.ndarray]:
    """Landmarks of some frames or of what lies between two: `points`, `arms`, `heads`, `faces` and `person` of a
    `Seam`."""
    from tango_models.interpolation.warping.arms import bridged

    size = source.table("videos").read(["video_id", "width", "height"], where=equals(video_id=video_id)).to_pylist()[0]
    wanted = sorted({f for s in shown for f in (s.left, s.right)})
    table = source.table("landmarks").read(_LANDMARKS, where=equals(video_id=video_id, frame=wanted))
    row = {frame: k for k, frame in enumerate(table["frame"].to_pylist())}
    left, right = ([row[getattr(s, side)] for s in shown] for side in ("left", "right"))
    share = np.array([s.share for s in shown], np.float32)

    def shown_at(points: np.ndarray) -> np.ndarray:
        """Points of the frames read -> of the frames shown."""
        part = share.reshape(-1, *[1] * (points.ndim - 1))
        return points[left] + part * (points[right] - points[left])

    def on_canvas(points: np.ndarray) -> np.ndarray:
        return fit_points(points, (size["width"], size["height"]), canvas)

    body = matrix(table["body_xy"]).reshape(-1, 33, 2)
    hands = matrix(table["hands_xy"]).reshape(-1, 2, 21, 2)
    placed = on_canvas(shown_at(body))
    return {
        "points": placed[:, TORSO],
        "arms": on_canvas(bridged(shown_at(arm_points(body, matrix(table["body_visibility"]), hands)))),
        "heads": head_circle(placed),
        "faces": on_canvas(shown_at(matrix(table["face_xy"]).reshape(len(row), -1, 2))),
        "person": fit_masks(unpack_masks(table["mask"])[left], (size["width"], size["height"]), canvas),
    }
