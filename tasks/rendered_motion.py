"""The motion of a rendered path: the source poses in order, blended over the frames that were generated."""

import numpy as np

from data_catalog import Catalog
from data_catalog.keys import split_clip_id
from tasks.fit_smplx import read_motion
from tasks.playback import Playback, SeamWindow, run_around


def rendered_motion(catalog: Catalog, playback: Playback):
    """The `Motion` of an output video: (T, 165) poses and the rest, T its number of frames.

    Around a seam both runs go on and are blended like the pictures: rotations by slerp, positions linearly.
    """
    from tango_models.body.motion_io import Motion

    motions = {video: read_motion(catalog, video) for video in set(playback.video)}
    first = motions[playback.video[0]]
    parts = {
        name: np.stack([motions[v][name][f] for v, f in zip(playback.video, playback.frame, strict=True)])
        for name in ("poses", "trans", "expressions")
    }
    for seam in playback.seams:
        if seam.half:
            window = slice(seam.frames.start, seam.frames.stop)
            for name, values in _blended(motions, seam).items():
                parts[name][window] = values
    return Motion(betas=first["betas"], fps=30.0, **parts)


def _blended(motions: dict[str, dict], seam: SeamWindow) -> dict[str, np.ndarray]:
    offsets = np.arange(-seam.half, seam.half)
    alpha = (offsets + 0.5 + seam.half) / (2 * seam.half)
    alpha = (alpha * alpha * (3 - 2 * alpha)).astype(np.float32)
    sides = []
    for clip, from_end in ((seam.src, True), (seam.dst, False)):
        motion = motions[split_clip_id(clip)[0]]
        shown = run_around(clip, offsets, from_end=from_end, n_frames=len(motion["poses"]))
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
