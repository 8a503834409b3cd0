"""The fit against rendered speakers with known joints, and over real clips.

The rendered ones have noise and motion blur. Joints are compared after the best similarity transform, hands with their
wrists together and the body at its true size. *In the picture*: how far the visible arms lie from their landmarks, of
the person's height. *Calmer*: tremor at rest, the landmarks' over the fit's. Points of a hand lie off where the network
itself gets them wrong (folded hands seen from close by, fast turns): there the forearm says more than the picture.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.footage import REAL
from benchmarks.printing import heading, table
from tango_models.body.camera import DEFAULT_FOCAL
from tango_models.body.skeleton import JOINT, LEFT_HAND, RIGHT_HAND, UPPER_BODY
from tango_models.body.smplx_body import Body
from tango_models.perception.landmarks import Landmarks

_SIZE = 768
_TEXT = (
    "Well, this is really a very big step forward, and everybody can see it.",
    "There are three good reasons. First, it is cheap. Second, it works. Third, people love it.",
    "I told them again and again that nothing at all would happen before Monday.",
    "Look at the left side, then look at the right side, and tell me what changed.",
    "Imagine a huge house with a garden, a small river, and mountains behind it.",
    "No, that is not what I meant; please push it away and start all over again.",
    "So we take the first part, we turn it around, and we put it on top of the other.",
)
# The identities' own lenses run from 2.1 to 3.1 longest sides; two are given a wide one and a long one.
_CAMERAS: dict[str, dict[str, Any]] = {"bruno": {"distance": 1.3}, "erik": {"distance": 4.5, "yaw": -15.0}}
_ARMS = [JOINT[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist")]
_ARM_LANDMARKS = [11, 13, 15, 12, 14, 16]
_REST_SPEED = 0.0015  # metres a frame: a wrist slower than this is at rest


@dataclass(frozen=True)
class Sample:
    """Landmarks of a video and, where it was rendered, what they should lead to."""

    name: str
    landmarks: Landmarks
    truth: np.ndarray | None
    """(T, 55, 3) joints in the camera's axes, metres."""
    focal: float
    """Longest sides of the picture; NaN where it is not known."""


def rendered(name: str, index: int, frames: int) -> tuple[Iterator[np.ndarray], np.ndarray, float]:
    """Pictures of a gesturing speaker through a shutter and with noise, its joints (T, 55, 3) and focal length."""
    from tango_models.synthetic.degrade import add_noise, blurred_frames
    from tango_models.synthetic.gestures import perform
    from tango_models.synthetic.identity import IDENTITIES
    from tango_models.synthetic.renderer import Renderer
    from tango_models.synthetic.speaker import voice_text

    body = Body.load()
    renderer = Renderer(replace(IDENTITIES[name], **_CAMERAS.get(name, {})), size=_SIZE, body=body)
    utterance = voice_text(_TEXT[index % len(_TEXT)], lead=1.2)
    motion = perform(utterance, joints=renderer.figure.joints, betas=renderer.figure.betas, seed=index)
    parts = {k: getattr(motion, k)[:frames] for k in ("poses", "trans", "expressions")}
    motion = replace(motion, **parts)
    camera = renderer.camera
    joints = body.joints(motion.poses, motion.trans, motion.betas).numpy()
    to_camera = camera.rotation * np.array([[1.0], [1.0], [-1.0]])
    rng = np.random.default_rng(index)
    pictures = (add_noise(picture, rng) for picture in blurred_frames(renderer, motion))
    return pictures, (joints - camera.eye) @ to_camera.T, camera.focal / _SIZE


def _real(path: Path) -> tuple[Iterator[np.ndarray], None, float]:
    from tango_models.media.pictures.frames import iter_frames

    return iter_frames(path), None, float("nan")


def samples(cache: Path, chosen: list[str], frames: int) -> Iterator[Sample]:
    """The rendered speakers, of so many frames, then the real clips; of a few names only when some are `chosen`.
    Landmarks are detected once and kept in `cache`.

    Raises:
        SystemExit: there is no video of a chosen name.
    """
    from tango_models.synthetic.identity import IDENTITIES

    made, real = cache / f"{frames}_frames", sorted((REAL / "speakers").glob("*.mp4"))
    videos = {name: partial(_cached, made, partial(rendered, name, k, frames)) for k, name in enumerate(IDENTITIES)}
    videos |= {path.stem: partial(_cached, cache, partial(_real, path)) for path in real}
    if unknown := sorted(set(chosen) - set(videos)):
        raise SystemExit(f"no such video: {', '.join(unknown)}; there are {', '.join(videos)}")
    for name in chosen or videos:
        yield videos[name](name)


def _cached(
    folder: Path, make: Callable[[], tuple[Iterator[np.ndarray], np.ndarray | None, float]], name: str
) -> Sample:
    path = folder / f"{name}.npz"
    if not path.exists():
        from tango_models.perception.detector import HolisticDetector

        pictures, truth, focal = make()
        with HolisticDetector() as detector:
            arrays: dict[str, Any] = {**detector.detect(pictures).to_columns(), "focal": focal}
        if truth is not None:
            arrays["truth"] = truth
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)
    with np.load(path) as file:
        return Sample(name, Landmarks.from_columns(file), file.get("truth"), float(file["focal"]))


def measure(sample: Sample, body: Body) -> dict[str, float]:
    """Errors of one video's fit; NaN where there is nothing to compare with."""
    from tango_models.body.camera import project
    from tango_models.body.fit.fitting import fit_smplx

    start = time.process_time()
    fit = fit_smplx(sample.landmarks, body)
    seconds = time.process_time() - start
    joints = body.joints(fit.motion.poses, fit.motion.trans, fit.motion.betas).numpy()
    pixels = project(_arm_points(fit, body), fit.camera)
    focal = fit.camera["focal"] / max(sample.landmarks.image_size)
    found = _reprojection(sample.landmarks, pixels) | {"focal": focal, "seconds": seconds}
    found["confidence"] = float(np.median(fit.confidence))
    if sample.truth is None:
        return found
    truth, upper = sample.truth, list(UPPER_BODY)
    found["body"] = 1e3 * float(np.mean([_procrustes(a[upper], b[upper]) for a, b in zip(joints, truth, strict=True)]))
    scale = _size(truth[:, upper]) / _size(joints[:, upper])
    for key, size in (("hand", scale), ("hand_unscaled", 1.0)):
        hands = []
        for wrist, hand in ((JOINT["left_wrist"], LEFT_HAND), (JOINT["right_wrist"], RIGHT_HAND)):
            apart = size * (joints - joints[:, [wrist]])[:, list(hand)] - (truth - truth[:, [wrist]])[:, list(hand)]
            hands.append(1e3 * np.linalg.norm(apart, axis=-1).mean(1))
        found |= {key: float(np.mean(hands)), f"{key}_p95": float(np.percentile(hands, 95))}
    speed = np.linalg.norm(np.gradient(truth[:, _ARMS], axis=0), axis=-1).max(1)
    still = np.convolve(speed > _REST_SPEED, np.ones(9), "same")[1:-1] == 0
    raw = sample.landmarks.body_xy[:, _ARM_LANDMARKS]
    if still.sum() >= 10:
        found["calmer"] = _tremor(raw, still) / _tremor(pixels, still)
    return found


def _arm_points(fit: Any, body: Body) -> np.ndarray:
    """(T, 6, 3): shoulders and elbows where the network sees them, and wrists, in the order of `_ARM_LANDMARKS`."""
    import torch

    from tango_models.body.fit.model_points import POINT, pose_points, rest_points, rotation_matrices

    rotations = rotation_matrices(torch.as_tensor(fit.motion.poses).reshape(-1, 55, 3))
    points, _ = pose_points(rest_points(body, fit.motion.betas), rotations)
    points = points.numpy() + fit.motion.trans[:, None]
    names = [f"{side}_{name}" for side in ("left", "right") for name in ("mark", "elbow_mark", "wrist")]
    return points[:, [POINT[name] for name in names]]


def _reprojection(landmarks: Landmarks, pixels: np.ndarray) -> dict[str, float]:
    """How far the visible arms lie from their landmarks, in percent of the person's height in the picture."""
    seen = landmarks.body_xy[:, _ARM_LANDMARKS]
    inside = ((seen >= 0) & (seen < np.array(landmarks.image_size))).all(-1)
    visible = inside & (landmarks.body_visibility[:, _ARM_LANDMARKS] > 0.5)
    height = np.nanmedian(landmarks.person_box[:, 3] - landmarks.person_box[:, 1])
    off = 100 * np.linalg.norm(pixels - seen, axis=-1)[visible] / height
    return {"off": float(np.median(off)), "off_p95": float(np.percentile(off, 95))}


def _procrustes(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of points (J, 3) after the best similarity transform."""
    a, b = found - found.mean(0), truth - truth.mean(0)
    u, s, vt = np.linalg.svd(a.T @ b)
    s[2] *= np.sign(np.linalg.det(u @ vt))
    u[:, 2] *= np.sign(np.linalg.det(u @ vt))
    return float(np.linalg.norm(a @ (u @ vt) * (s.sum() / (a**2).sum()) - b, axis=-1).mean())


def _size(points: np.ndarray) -> float:
    """Root mean square distance of points (T, J, 3) from the middle of their frame."""
    return float(np.sqrt(((points - points.mean(1, keepdims=True)) ** 2).sum(-1).mean()))


def _tremor(points: np.ndarray, frames: np.ndarray) -> float:
    """Root mean square acceleration of points (T, P, 2) in these of the inner T - 2 frames, pixels a frame squared."""
    return float(np.sqrt((np.diff(points, 2, axis=0)[frames] ** 2).mean()))


def speed(landmarks: Landmarks, body: Body, frames: int) -> float:
    """Frames fitted a second of processor time, in a video of so many frames."""
    from tango_models.body.fit.fitting import fit_smplx

    video = Landmarks.concatenate([landmarks] * -(-frames // len(landmarks))).frames(0, frames)
    start = time.process_time()
    fit_smplx(video, body)
    return frames / (time.process_time() - start)


def _focal_errors(found: list[tuple[Sample, dict[str, float]]]) -> str:
    known = [(result["focal"], sample.focal) for sample, result in found if np.isfinite(sample.focal)]
    if not known:
        return "Focal length: of none of these it is known."
    fitted, true = np.log(known).T
    default = np.abs(np.log(DEFAULT_FOCAL) - true)
    return (
        f"Focal length, mean error of its logarithm: {np.abs(fitted - true).mean():.2f}; "
        f"always taking {DEFAULT_FOCAL}: {default.mean():.2f}."
    )


_COLUMNS = (
    ("upper body, mm", "body", 1), ("hands, mm", "hand", 1), ("hands p95", "hand_p95", 1),
    ("hands in metres as fitted", "hand_unscaled", 1),
    ("arms in the picture, % median", "off", 2), ("p95", "off_p95", 2), ("calmer at rest, times", "calmer", 1),
    ("focal length", "focal", 2), ("confidence", "confidence", 2),
)  # fmt: skip


def _worst(key: str, values: list[float]) -> float:
    """The largest error of any video, the least gain and confidence; none for the focal length."""
    if key == "focal":
        return float("nan")
    return min(values) if key in ("calmer", "confidence") else max(values)


def _of_all(found: list[dict[str, float]], one_of: Callable[[str, list[float]], float]) -> list[str]:
    """One figure of all videos, cell by cell; empty where there is none."""
    cells = []
    for _, key, digits in _COLUMNS:
        values = [result[key] for result in found if key in result]
        value = one_of(key, values) if values else float("nan")
        cells.append(f"{value:.{digits}f}" if np.isfinite(value) else "")
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "tango_fit_benchmark",
                        help="where landmarks are kept, detected once")  # fmt: skip
    parser.add_argument("--videos", nargs="*", default=[], help="names of speakers or clips; none: all")
    parser.add_argument("--rendered", type=int, default=180, help="frames of each rendered speaker")
    parser.add_argument("--frames", type=int, default=1800, help="length of the video that is timed")
    arguments = parser.parse_args()
    heading("Fit of SMPL-X to landmarks", __doc__, "fit")
    body, rows, found = Body.load(), [], []
    for sample in samples(arguments.cache, arguments.videos, arguments.rendered):
        result = measure(sample, body)
        found.append((sample, result))
        values = [f"{result[key]:.{digits}f}" if key in result else "" for _, key, digits in _COLUMNS]
        if np.isfinite(sample.focal):
            values[7] += f" (is {sample.focal:.2f})"
        rows.append([sample.name, *values])
    results = [result for _, result in found]
    rows.append(["worst", *_of_all(results, _worst)])
    rows.append(["mean", *_of_all(results, lambda _, values: float(np.mean(values)))])
    table(["video", *(title for title, _, _ in _COLUMNS)], rows)
    print(_focal_errors(found))
    print("Wanted: upper body <= 35, hands <= 14, arms <= 2 and 5, calmer >= 3.")
    rate = speed(found[0][0].landmarks, body, arguments.frames)
    print(f"{rate:.0f} frames/s of processor time in a video of {arguments.frames} frames (wanted: 100).")


if __name__ == "__main__":
    main()
