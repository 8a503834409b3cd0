"""Edge scoring: seconds and memory for 880 and 9,000 clips.

The clips are a random seated speaker's landmarks: gestures, rests, sway, and repeated frames as in footage of 24 fps.
"""

import argparse
import time
from functools import partial

import numpy as np

from benchmarks.machine import peak_memory
from benchmarks.printing import heading, median_seconds, table
from tango_models.motion_graph.added_jumps import join
from tango_models.motion_graph.edges import score_pair
from tango_models.motion_graph.features import FrameFeatures
from tango_models.motion_graph.graph import assemble_graph

RATE = 30


def activity(frames: int, rng: np.random.Generator) -> np.ndarray:
    """(T,) in [0, 1]: phrases of 1 to 5 s of gesture, rests of 0.5 to 2 s, with ramps of a third of a second."""
    envelope = np.zeros(frames)
    t = 0
    while t < frames:
        phrase = int(rng.uniform(1.0, 5.0) * RATE)
        envelope[t : t + phrase] = rng.uniform(0.4, 1.0)
        t += phrase + int(rng.uniform(0.5, 2.0) * RATE)
    return np.convolve(envelope, np.hanning(12) / np.hanning(12).sum(), mode="same")


def smooth_noise(frames: int, dimensions: int, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """(T, D) unit-variance Ornstein-Uhlenbeck noise, filtered once more so that its speed is continuous."""
    from scipy.signal import lfilter

    keep = np.exp(-1.0 / (seconds * RATE))
    warm = int(4 * seconds * RATE)
    noise = rng.standard_normal((frames + warm, dimensions))
    for _ in range(2):
        noise = lfilter([1 - keep], [1, -keep], noise, axis=0)
    noise = noise[warm:]
    return noise / np.sqrt((1 - keep) ** 2 * (1 + keep**2) / (1 - keep**2) ** 3 * (1 - keep) ** 2 + 1e-12)


def random_video(clips: int, seed: int, *, place: float = 0.0, repeats: bool = True) -> FrameFeatures:
    """A seated speaker's landmarks without a speaker: gestures, rests, slow sway, and repeated frames as in footage
    of 24 fps stored as 30."""
    rng = np.random.default_rng(seed)
    body = np.random.default_rng(12)  # the same skeleton and habits in every video
    frames = clips * 4
    envelope = activity(frames, rng)[:, None, None]
    rest = body.standard_normal((55, 3)) * 0.25
    rest[25:40], rest[40:55] = (
        rest[20] + body.standard_normal((15, 3)) * 0.03,
        rest[21] + body.standard_normal((15, 3)) * 0.03,
    )
    habits = body.standard_normal((6, 55, 3))
    for hand, wrist in ((slice(25, 40), 20), (slice(40, 55), 21)):
        habits[:, hand] = habits[:, [wrist]] + 0.15 * body.standard_normal((6, 15, 3))
    reach = np.full((55, 1), 0.004)
    reach[[12, 15, 22, 23, 24]] = 0.010
    reach[[18, 19]], reach[[20, 21]], reach[25:] = 0.035, 0.06, 0.06
    gesture = smooth_noise(frames, 6, 0.25, rng)
    gesture /= gesture.std()
    sway = smooth_noise(frames, 55 * 3, 1.0, rng).reshape(frames, 55, 3)
    sway /= sway.std()
    position = rest + envelope * np.einsum("tk,kjc->tjc", gesture, habits) * reach + sway * 0.15 * reach
    if repeats:
        position = position[np.maximum(np.arange(frames) - (np.arange(frames) % 5 == 4), 0)]
    velocity = np.gradient(position, 1 / RATE, axis=0)
    face = smooth_noise(frames, 4, 0.15, rng)
    face /= face.std()
    drift = smooth_noise(frames, 6, 3.0, rng)
    drift /= drift.std()
    translation = np.array([place, 0.0, -2.5]) + drift[:, :3] * 0.015
    pixel = (position[:, :, :2] + translation[:, None, :2]) / 1.6  # about image heights, origin in the middle
    return FrameFeatures(
        position=position.astype(np.float32),
        velocity=velocity.astype(np.float32),
        orientation=(drift[:, 3:] * 0.04).astype(np.float32),
        translation=translation.astype(np.float32),
        mask=_silhouette(pixel),
        hand_boxes=_hand_boxes(pixel),
        usable=np.ones(frames, bool),
        head=np.concatenate([pixel[:, 15], np.full((frames, 1), 0.2)], axis=1).astype(np.float32),
        face=_greys(face, 24, rng),
        picture=_greys(gesture, 32, rng),
    )


def _greys(cause: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """(T, side, side) uint8 pictures that change with (T, D) causes, about as much as a real speaker's."""
    pattern = np.random.default_rng(13).standard_normal((cause.shape[1], side * side)).astype(np.float32)
    grey = np.empty((len(cause), side * side), np.uint8)
    for start in range(0, len(cause), 4000):
        part = cause[start : start + 4000].astype(np.float32) @ pattern
        grey[start : start + 4000] = np.clip(110 + 8 * part + rng.standard_normal(part.shape), 0, 255)
    return grey.reshape(-1, side, side)


def _silhouette(pixel: np.ndarray) -> np.ndarray:
    grid = ((np.arange(64) + 0.5) / 64 - 0.5).astype(np.float32)
    x, y = grid[None, None, :], grid[None, :, None]
    mask = np.empty((len(pixel), 64, 64), bool)
    for start in range(0, len(pixel), 500):
        part = pixel[start : start + 500].astype(np.float32)
        torso = part[:, 9].mean(axis=1) * 0.2
        block = ((x - torso[:, None, None]) / 0.22) ** 2 + ((y - 0.2) / 0.45) ** 2 < 1
        for joint in (15, 18, 19, 20, 21):
            centre = part[:, joint]
            block |= (x - centre[:, 0, None, None]) ** 2 + (y - centre[:, 1, None, None]) ** 2 < 0.08**2
        mask[start : start + 500] = block
    return mask


def _hand_boxes(pixel: np.ndarray) -> np.ndarray:
    boxes = []
    for hand in (slice(25, 40), slice(40, 55)):
        points = pixel[:, hand]
        boxes.append(np.concatenate([points.min(axis=1) - 0.02, points.max(axis=1) + 0.02], axis=1))
    return np.stack(boxes, axis=1).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, nargs="*", default=[880, 9000])
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    heading("Edge scoring", __doc__, "edges")
    small = random_video(20, 0)
    score_pair(small, small, same_video=True)  # compile
    print(f"Median of {arguments.runs} runs. Wanted: 880 clips in 2 s, 9,000 in 60 s and 2 GB.\n", flush=True)
    rows = []
    for clips in arguments.clips:
        video = random_video(clips, seed=1)
        scoring, edges = median_seconds(partial(score_pair, video, video, same_video=True), arguments.runs)
        start = time.perf_counter()
        graph = join(assemble_graph([video], [edges]), [video])
        joining = time.perf_counter() - start
        found = [f"{len(edges)}", f"{len(edges) / clips:.1f}", f"{scoring:.2f}", f"{int(graph.bridge.sum())}"]
        rows.append([f"{clips}", *found, f"{joining:.2f}", f"{peak_memory():.0f}"])
    columns = ["clips", "edges", "edges per clip", "scoring s", "bridges", "joining s", "peak memory MB"]
    table(columns, rows)


if __name__ == "__main__":
    main()
