"""Path search: seconds and memory, and what the paths look like. `python -m benchmarks.search`"""

import argparse
import resource
import statistics
import time

import numpy as np

from benchmarks.edges import activity, machine, random_video
from tango_models.motion_graph.connectivity import join
from tango_models.motion_graph.features import JOINTS, WEIGHTS
from tango_models.motion_graph.graph import Edges, build_graph
from tango_models.motion_graph.prosody_scorer import ProsodyScorer, silence_weight
from tango_models.motion_graph.scorers import ClipProsody
from tango_models.motion_graph.search import even_reuse, search_path
from tango_models.speech.prosody import SpeechFeatures


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


def timing(cases: list[tuple[int, int, int]], runs: int) -> None:
    print("| steps | nodes | edges | min_dwell | seconds (median) | peak memory MB |\n|---|---|---|---|---|---|")
    for steps, nodes, edges in cases:
        graph = random_graph(nodes, edges, seed=1)
        cost = np.random.default_rng(2).random((steps, nodes), dtype=np.float32)
        seconds = []
        for _ in range(runs):
            start = time.perf_counter()
            search_path(cost, graph, min_dwell=3)
            seconds.append(time.perf_counter() - start)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"| {steps} | {nodes} | {edges} | 3 | {statistics.median(seconds):.2f} | {memory:.0f} |", flush=True)


def behaviour(avatars: int) -> None:
    print("\nRandom avatars of two runs, 31 + 64 clips (13 s), random speech, prosody scorer:\n")
    print("| avatar | speech s | jumps | dwell min / median | most used | limit | gap | motion in silence | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for seed in range(1, avatars + 1):
        videos = [random_video(clips, seed * 10 + k) for k, clips in enumerate((31, 64))]
        graph = join(build_graph(videos), videos)
        speeds = [(np.linalg.norm(video.velocity[:, JOINTS], axis=2) @ WEIGHTS).reshape(-1, 4) for video in videos]
        speed = np.concatenate(speeds).astype(np.float32)
        voice = (speed.mean(axis=1) > 0.4 * np.median(speed)).astype(np.float32)
        clips = ClipProsody(speed, voice, graph.successor)
        for seconds in (9.5, 60.0):
            speech = random_speech(seconds, seed)
            cost = ProsodyScorer().node_cost(speech, clips)
            limit = even_reuse(len(cost), graph.nodes)
            start = time.perf_counter()
            path = search_path(cost, graph.edges, max_reuse=limit)[0]
            took = time.perf_counter() - start
            dwell = np.diff(np.concatenate([[0], path.seams, [len(cost)]]))
            silence = np.pad(silence_weight(speech.voice), (0, -len(speech) % 4)).reshape(-1, 4).mean(axis=1) > 0.9
            quiet = speed.mean(axis=1)[path.nodes[silence]].mean() / speed.mean() if silence.any() else np.nan
            print(
                f"| {seed} | {seconds} | {len(path.seams)} | {dwell.min()} / {np.median(dwell):.0f} | {path.most_used} "
                f"| {limit} | {path.gap / path.cost:.1%} | {quiet:.0%} | {took:.2f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--avatars", type=int, default=4)
    arguments = parser.parse_args()
    print(machine())
    search_path(np.zeros((2, 2), np.float32), random_graph(2, 4, 0))  # compile
    timing([(71, 95, 1_000), (450, 9_000, 400_000), (2_250, 9_000, 400_000)], arguments.runs)
    behaviour(arguments.avatars)


if __name__ == "__main__":
    main()
