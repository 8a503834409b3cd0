"""Motion files: SMPL-X parameters over time in the common npz form (`poses`, `trans`, `betas`, `expressions`)."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tango_models.body.skeleton import JOINT_COUNT, POSE_SIZE
from tango_models.errors import InputError

FPS = 30.0
_FILE_BETAS, _FILE_EXPRESSIONS, _KEPT = 300, 100, 10
_REMEDY = "give a motion .npz with poses (frames, 165), trans (frames, 3) and mocap_frame_rate"


@dataclass(frozen=True)
class Motion:
    """SMPL-X motion of one person over ``T`` frames, axis-angle in the order of ``skeleton.JOINT_NAMES``."""

    poses: np.ndarray
    """(T, 165) float32, radians."""
    trans: np.ndarray
    """(T, 3) float32, metres."""
    betas: np.ndarray
    """(S,) float32, S <= 300, one shape for all frames."""
    expressions: np.ndarray
    """(T, E) float32."""
    fps: float = FPS

    def __len__(self) -> int:
        return len(self.poses)


def save_motion(path: str | Path, motion: Motion) -> None:
    """Write ``motion`` as npz: betas padded to 300, expressions to 100, ``mocap_frame_rate``, model and gender.

    The file appears whole or not at all. The same motion gives the same bytes.

    Raises:
        InputError: the file cannot be written there.
    """
    path = Path(path)
    arrays: dict[str, Any] = {
        "poses": np.asarray(motion.poses, np.float32),
        "trans": np.asarray(motion.trans, np.float32),
        "betas": _pad(np.asarray(motion.betas, np.float32), _FILE_BETAS),
        "expressions": _pad(np.asarray(motion.expressions, np.float32), _FILE_EXPRESSIONS),
        "mocap_frame_rate": np.array(motion.fps, np.float64),
        "model": np.array("smplx2020"),
        "gender": np.array("neutral"),
    }
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(partial, "wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(
            str(path), f"cannot be written ({error.strerror or error})", "choose a writable folder"
        ) from error


def load_motion(path: str | Path) -> Motion:
    """Read a motion file and bring it to 30 fps.

    Rotations are resampled on the sphere (slerp), translation and expressions linearly. Unused trailing zeros of
    ``betas`` and ``expressions`` are dropped down to 10. A file without ``expressions`` or ``betas`` has zeros;
    one without ``trans`` stays at the origin. Nothing is ever unpickled.

    Raises:
        InputError: missing or unreadable file, no poses, wrong shapes, pickled (object) arrays, values that are not
            finite, or a frame rate outside 1..1000.
    """
    return _resample(_checked(Path(path)))


def check_motion(path: str | Path) -> None:
    """Refuse a motion file that `load_motion` would.

    Raises:
        InputError: see `load_motion`.
    """
    _checked(Path(path))


def _checked(path: Path) -> Motion:
    return _motion(path, _read(path))


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        # Without pickles an object array raises ValueError instead of running code.
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise InputError(str(path), "is a single array, not an npz archive", _REMEDY)
        with file:
            names = {"poses", "trans", "betas", "expressions", "mocap_frame_rate", "mocap_framerate"}
            return {name: file[name] for name in names & set(file.files)}
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(str(path), "there is no such motion file", _REMEDY) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        fault = "holds pickled objects" if "allow_pickle" in str(error) else f"cannot be read ({error})"
        raise InputError(str(path), fault, _REMEDY) from error


def _motion(path: Path, raw: dict[str, np.ndarray]) -> Motion:
    if "poses" not in raw:
        raise InputError(str(path), "has no poses", _REMEDY)
    try:
        arrays = {name: np.asarray(value, np.float64) for name, value in raw.items()}
    except (TypeError, ValueError) as error:
        raise InputError(str(path), f"holds something that is not a number ({error})", _REMEDY) from error
    poses = arrays["poses"]
    count = len(poses) if poses.ndim else 0
    poses = poses.reshape(count, -1) if count else poses
    trans = arrays.get("trans", np.zeros((count, 3)))
    expressions = arrays.get("expressions", np.zeros((count, _KEPT)))
    betas = arrays.get("betas", np.zeros(_KEPT))
    betas = betas[0] if betas.ndim == 2 and len(betas) else betas
    fps = arrays.get("mocap_frame_rate", arrays.get("mocap_framerate", np.array(FPS)))
    for name, array, good in (
        ("poses", poses, count > 0 and poses.shape == (count, POSE_SIZE)),
        ("trans", trans, trans.shape == (count, 3)),
        ("expressions", expressions, expressions.ndim == 2 and len(expressions) == count),
        ("betas", betas, betas.ndim == 1 and len(betas) <= _FILE_BETAS),
        ("mocap_frame_rate", fps, fps.size == 1),
    ):
        if not good:
            raise InputError(str(path), f"{name} has shape {array.shape}", _REMEDY)
        if not np.isfinite(array).all():
            raise InputError(str(path), f"{name} holds values that are not finite", _REMEDY)
    if not 1 <= fps.item() <= 1000:
        raise InputError(str(path), f"mocap_frame_rate is {fps.item():g}", "give a rate from 1 to 1000")
    return Motion(poses, trans, _trim(betas), _trim(expressions), fps.item())


def _resample(motion: Motion) -> Motion:
    poses, trans, expressions = motion.poses, motion.trans, motion.expressions
    if abs(motion.fps - FPS) > 1e-3:
        from scipy.spatial.transform import Rotation, Slerp

        source = np.arange(len(poses)) / motion.fps
        times = np.arange(max(1, round(len(poses) * FPS / motion.fps))) / FPS
        times = np.minimum(times, source[-1])
        if len(poses) > 1:
            joints = [Slerp(source, Rotation.from_rotvec(poses[:, 3 * j : 3 * j + 3])) for j in range(JOINT_COUNT)]
            poses = np.concatenate([slerp(times).as_rotvec() for slerp in joints], axis=1)
            trans = np.stack([np.interp(times, source, column) for column in trans.T], 1)
            expressions = np.stack([np.interp(times, source, column) for column in expressions.T], 1)
        else:
            poses, trans, expressions = (np.repeat(a, len(times), axis=0) for a in (poses, trans, expressions))
    poses, trans, betas, expressions = (
        np.ascontiguousarray(a, np.float32) for a in (poses, trans, motion.betas, expressions)
    )
    return Motion(poses, trans, betas, expressions, fps=FPS)


def _pad(array: np.ndarray, size: int) -> np.ndarray:
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, max(0, size - array.shape[-1]))])


def _trim(array: np.ndarray) -> np.ndarray:
    used = np.flatnonzero(np.abs(array).reshape(-1, array.shape[-1]).max(0))
    return array[..., : max(_KEPT, used[-1] + 1 if len(used) else 0)]
