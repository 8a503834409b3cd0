"""The motion of a rendered path: the source poses in order, blended over the frames that were generated."""

import numpy as np

from data_catalog import Source, video_of
from data_catalog.keys import equals, split_clip_id
from tango_models.interpolation.seam import window_alpha
from tango_models.interpolation.stand_ins import StandIn
from tasks.views.motion import read_motion
from tasks.views.paths.playback import Playback, SeamWindow, run_around, shot_of
from tasks.views.paths.stand_ins import read_stand_ins


def rendered_motion(source: Source, playback: Playback, *, smooth: bool):
    """The `Motion` of an output video: (T, 165) poses and the rest, T its number of frames.

    With `smooth` a frame that shows a picture once more has the pose in between, as the picture that stands in for it.
    Around a seam both runs go on and are blended like the pictures: rotations by slerp, positions linearly.
    """
    from tango_models.body.motion_io import Motion

    motions = {track: read_motion(source, track) for track in set(playback.track)}
    if smooth:
        stand_ins = read_stand_ins(source, playback.videos)
        for track, motion in motions.items():
            _fill_in(motion, stand_ins[video_of(track)])
    first = motions[playback.track[0]]
    parts = {
        name: np.stack([motions[v][name][f] for v, f in zip(playback.track, playback.frame, strict=True)])
        for name in ("poses", "trans", "expressions")
    }
    rows = source.table("videos").read(["video_id", "n_frames", "cuts"], where=equals(video_id=playback.videos))
    videos = {row["video_id"]: row for row in rows.to_pylist()}
    for seam in playback.seams:
        if seam.half:
            window = slice(seam.frames.start, seam.frames.stop)
            for name, values in _blended(motions, videos, seam).items():
                parts[name][window] = values
    return Motion(betas=first["betas"], fps=30.0, **parts)


def _fill_in(motion: dict, wanted: dict[int, StandIn]) -> None:
    if not wanted:
        return
    frames = list(wanted)
    left, right = ([getattr(s, side) for s in wanted.values()] for side in ("left", "right"))
    share = np.array([s.share for s in wanted.values()], np.float32)
    poses = _slerp(motion["poses"][left], motion["poses"][right], share)
    for name in ("trans", "expressions"):
        values = motion[name].copy()
        values[frames] = values[left] + share[:, None] * (values[right] - values[left])
        motion[name] = values
    motion["poses"] = motion["poses"].copy()
    motion["poses"][frames] = poses


def _blended(motions: dict[str, dict], videos: dict[str, dict], seam: SeamWindow) -> dict[str, np.ndarray]:
    alpha = window_alpha(2 * seam.half).astype(np.float32)
    sides = []
    for clip, from_end in ((seam.src, True), (seam.dst, False)):
        track, _ = split_clip_id(clip)
        motion, shot = motions[track], shot_of(videos[video_of(track)], clip)
        shown = run_around(clip, seam.offsets, from_end=from_end, shot=shot)
        sides.append({name: motion[name][shown] for name in ("poses", "trans", "expressions")})
    old, new = sides
    blended = {name: old[name] + alpha[:, None] * (new[name] - old[name]) for name in ("trans", "expressions")}
    blended["poses"] = _slerp(old["poses"], new["poses"], alpha)
    return blended


def _slerp(old: np.ndarray, new: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(K, 165) axis-angle poses, `alpha` (K,) of the way from `old` to `new`."""
    from scipy.spatial.transform import Rotation

    start, end = Rotation.from_rotvec(old.reshape(-1, 3)), Rotation.from_rotvec(new.reshape(-1, 3))
    part = (start.inv() * end).as_rotvec() * np.repeat(alpha, old.shape[1] // 3)[:, None]
    return (start * Rotation.from_rotvec(part)).as_rotvec().reshape(old.shape).astype(np.float32)
