"""Path search over random graphs: seconds and memory, and what the paths look like."""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec

import numpy as np

from benchmarks.edges import activity, random_video
from benchmarks.machine import peak_memory
from benchmarks.printing import heading, table
from tango_models.body.skeleton import UPPER_BODY
from tango_models.motion_graph.added_jumps import join
from tango_models.motion_graph.features import JOINTS, WEIGHTS
from tango_models.motion_graph.graph import Edges, build_graph
from tango_models.motion_graph.reuse import even_reuse, repeat_window
from tango_models.motion_graph.scoring.clip_beats import clip_beats
from tango_models.motion_graph.scoring.prosody_scorer import ProsodyScorer
from tango_models.motion_graph.scoring.scorers import ClipProsody
from tango_models.motion_graph.search.path_search import Path, SearchConfig, search_path
from tango_models.speech.prosody import SpeechFeatures

P = ParamSpec("P")
_SILENCE = 15  # frames (0.5 s)


@dataclass(frozen=True)
class Avatar:
    edges: Edges
    clips: ClipProsody

    @property
    def nodes(self) -> int:
        return len(self.clips.voice)


def random_graph(nodes: int, edges: int, seed: int) -> Edges:
    """Runs of 100 clips; jumps prefer nearby clips, as real ones do, but reach everywhere."""
    rng = np.random.default_rng(seed)
    successor = np.arange(1, nodes + 1, dtype=np.int32)
    successor[99::100] = -1
    successor[-1] = -1
    src = rng.integers(0, nodes, edges)
    reach = np.where(rng.random(edges) < 0.5, rng.integers(-150, 150, edges), rng.integers(0, nodes, edges))
    cost = np.sqrt(rng.random(edges)).astype(np.float32)
    return Edges(src.astype(np.int32), ((src + reach) % nodes).astype(np.int32), cost, successor)


def large_avatar(nodes: int, edges: int) -> Avatar:
    """A random graph whose clips rest and move."""
    rng, graph = np.random.default_rng(5), random_graph(nodes, edges, 1)
    speed = (activity(nodes * 4, rng) * rng.uniform(0.5, 1.0, nodes * 4) + 0.05).astype(np.float32)
    voice = (rng.random(nodes) > 0.3).astype(np.float32)
    beat = rng.random((nodes, 4), np.float32) ** 3
    return Avatar(graph, ClipProsody(speed.reshape(-1, 4), voice, graph.successor, beat))


def small_avatar(seed: int) -> Avatar:
    """13 s of random footage in two runs, joined."""
    videos = [random_video(clips, seed * 10 + k) for k, clips in enumerate((31, 64))]
    graph = join(build_graph(videos), videos)
    speeds = [(np.linalg.norm(video.velocity[:, JOINTS], axis=2) @ WEIGHTS).reshape(-1, 4) for video in videos]
    speed = np.concatenate(speeds).astype(np.float32)
    voice = (speed.mean(axis=1) > 0.4 * np.median(speed)).astype(np.float32)
    joints = np.concatenate([video.velocity for video in videos])[:, list(UPPER_BODY)]
    beat = clip_beats(np.linalg.norm(joints, axis=2), graph.successor)
    return Avatar(graph.edges, ClipProsody(speed, voice, graph.successor, beat))


def random_speech(seconds: float, seed: int) -> SpeechFeatures:
    """Phrases with syllables every 0.15 to 0.35 s and pauses between them."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * 30)
    voice = activity(frames, rng)
    voice = (voice > 0.2).astype(np.float32)
    onset = np.zeros(frames, np.float32)
    t = 0
    while t < frames:
        onset[t] = rng.uniform(0.3, 1.0) * voice[t]
        t += int(rng.integers(5, 11))
    loud = np.convolve(onset, np.exp(-np.arange(8) / 3.0))[:frames]
    return SpeechFeatures(energy=(-50 + 35 * np.minimum(loud, 1)).astype(np.float32), onset=onset, voice=voice)


def silences(voice: np.ndarray) -> np.ndarray:
    """(F,) bool: frames of silences of at least 0.5 s."""
    quiet = np.concatenate([[False], voice < 0.5, [False]])
    edges = np.flatnonzero(quiet[1:] != quiet[:-1])
    silent = np.zeros(len(voice), bool)
    for start, stop in edges.reshape(-1, 2):
        silent[start:stop] = stop - start >= _SILENCE
    return silent


def limits(steps: int, nodes: int) -> dict[str, Any]:
    """Those that `retrieve_path` gives."""
    return {
        "max_reuse": even_reuse(steps, nodes),
        "repeat_within": repeat_window(nodes),
    }


def _timed(steps: int, nodes: int, edges: int, runs: int) -> list[str]:
    search_path(np.zeros((2, 2), np.float32), random_graph(2, 4, 0))  # compile
    graph = random_graph(nodes, edges, seed=1)
    cost = np.random.default_rng(2).random((steps, nodes), dtype=np.float32)
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        search_path(cost, graph, min_dwell=3)
        seconds.append(time.perf_counter() - start)
    return [f"{steps}", f"{nodes}", f"{edges}", f"{statistics.median(seconds):.2f}", _memory()]


def _memory() -> str:
    return f"{peak_memory():.0f}"


def timing(runs: int) -> None:
    print(
        "Exact, min_dwell 3, each case in a process of its own. Wanted: at 450 slots 1.5 s and 1 GB, at 2,250 15 s.\n"
    )
    cases = [(71, 95, 1_000), (450, 9_000, 400_000), (2_250, 9_000, 400_000)]
    rows = [_apart(_timed, *case, runs) for case in cases]
    table(["slots", "clips", "edges", "seconds (median)", "peak memory MB"], rows)


def _apart(function: Callable[P, list[str]], *arguments: P.args, **named: P.kwargs) -> list[str]:
    """The result of a function called in a fresh process: peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments, named)


def _long(seconds: float, large: bool, limited: bool) -> list[str]:
    avatar = large_avatar(9_000, 400_000) if large else small_avatar(1)
    speech = random_speech(seconds, 1)
    start = time.perf_counter()
    rows = ProsodyScorer().cost_rows(speech, avatar.clips)
    steps, nodes = rows.shape
    given = limits(steps, nodes) if limited else {}
    path = search_path(rows, avatar.edges, config=SearchConfig(exact_cells=0), **given)
    took = time.perf_counter() - start
    minute = [np.bincount(path.nodes[t : t + 450]).max() for t in range(0, steps - 449, 450)]
    return [
        f"{seconds:.0f}",
        f"{nodes}",
        "yes" if limited else "no",
        f"{len(path.seams) / seconds * 60:.1f}",
        f"{path.most_used} ({given.get('max_reuse', '–')})",
        f"{statistics.mean(map(int, minute)):.1f} / {max(minute)}",
        f"{path.repeats}",
        f"{took:.0f}",
        _memory(),
    ]


def long_speech(seconds: float, large_limited_seconds: float) -> None:
    print("Fixed lag, costs computed window by window, each case in a process of its own.\n")
    cases = [(seconds, False, True), (seconds, True, False), (large_limited_seconds, True, True)]
    columns = ["speech s", "clips", "limits", "seams a minute", "most used (limit)", "in a minute, mean / most"]
    table([*columns, "repeats", "seconds", "peak memory MB"], [_apart(_long, *case) for case in cases])


def loss() -> None:
    print("What a fixed lag costs: more than the exact optimum, without limits.\n")
    rows = []
    for steps, nodes, edges in ((4_500, 95, 1_000), (1_500, 9_000, 400_000)):
        graph = random_graph(nodes, edges, 1)
        cost = np.random.default_rng(2).random((steps, nodes), dtype=np.float32)
        best = search_path(cost, graph).cost
        for window, lag in ((600, 150), (600, 50), (300, 50)):
            config = SearchConfig(exact_cells=0, window=window, lag=lag)
            more = search_path(cost, graph, config=config).cost / best - 1.0
            rows.append([f"{steps}", f"{nodes}", f"{window}", f"{lag}", f"{more:.3%}"])
    table(["slots", "clips", "window", "lag", "more"], rows)


def _row(seed: int, seconds: float, avatar: Avatar, speech: SpeechFeatures, path: Path, took: float) -> list[str]:
    steps = len(path.nodes)
    dwell = np.diff(np.concatenate([[0], path.seams, [steps]]))[:-1]
    silent = silences(speech.voice)
    shown, mean = avatar.clips.speed[path.nodes].reshape(-1)[: len(speech)], float(avatar.clips.speed.mean())
    border = np.flatnonzero(np.diff(silent)) + 1
    near = [t * 4 for t in path.seams if border.size and np.abs(border - t * 4).min() <= _SILENCE]
    step = [abs(float(shown[t] - shown[t - 1])) / mean for t in near]
    return [
        f"{seed}",
        f"{seconds}",
        f"{len(path.seams)}",
        f"{dwell.min() if dwell.size else steps} / {np.median(dwell) if dwell.size else steps:.0f}",
        f"{path.most_used} ({even_reuse(steps, avatar.nodes)})",
        f"{path.repeats}",
        "yes" if path.feasible else "no",
        f"{path.gap / path.cost:.1%}",
        f"{silent.mean():.0%}",
        f"{float((avatar.clips.speed.mean(axis=1) < 0.4 * mean).mean()):.0%}",
        f"{shown[silent].mean() / mean:.0%}" if silent.any() else "–",
        f"{statistics.median(step):.2f}" if step else "–",
        f"{took:.2f}",
    ]


def behaviour(avatars: int) -> None:
    print("Random avatars of two runs, 31 + 64 clips (13 s), random speech, prosody scorer, limits of `retrieve_path`")
    print("in brackets. Rests: clips with less than 0.4 of the mean motion. Motion in silences of 0.5 s and more, and")
    print("change of speed at seams within 0.5 s of where they begin and end, in mean motion.\n")
    small = small_avatar(1)
    cost = ProsodyScorer().node_cost(random_speech(30.0, 1), small.clips)
    search_path(cost, small.edges, **limits(len(cost), small.nodes))  # compile
    rows = []
    for seed in range(1, avatars + 1):
        avatar = small_avatar(seed)
        for seconds in (9.5, 60.0):
            speech = random_speech(seconds, seed)
            cost = ProsodyScorer().node_cost(speech, avatar.clips)
            start = time.perf_counter()
            path = search_path(cost, avatar.edges, **limits(len(cost), avatar.nodes))
            rows.append(_row(seed, seconds, avatar, speech, path, time.perf_counter() - start))
    columns = ["avatar", "speech s", "seams", "dwell min / median", "most used", "repeats", "kept", "gap", "silence"]
    table([*columns, "rests", "motion in silence", "at seams", "seconds"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--avatars", type=int, default=6)
    parser.add_argument("--long", type=float, default=3600.0, help="seconds of the long speech")
    parser.add_argument("--large-limited", type=float, default=600.0, help="the same, 9,000 clips with limits")
    arguments = parser.parse_args()
    heading("Path search", __doc__, "search")
    timing(arguments.runs)
    behaviour(arguments.avatars)
    loss()
    long_speech(arguments.long, arguments.large_limited)


if __name__ == "__main__":
    main()
