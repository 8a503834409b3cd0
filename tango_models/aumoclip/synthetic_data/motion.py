"""Gestures for synthetic speech, without pixels: one performer after another, minutes of motion in a second.

The phases are those of gesture studies (Kendon 2004; McNeill 1992): preparation, stroke on an accent, hold, retraction
in a pause. What differs from person to person (`Manner`) and from moment to moment (timing, size, beats left out) is
drawn at random, so that only what speech really decides can be learnt from a pair: when, how strongly, and what for.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tango_models.aumoclip.synthetic_data.arms import solve_arms
from tango_models.aumoclip.synthetic_data.plan import Accent, Manner, accents, phrase_starts, plan_strokes
from tango_models.aumoclip.synthetic_data.text import MEANING_OF
from tango_models.body.skeleton import EXPRESSIONS, JAW, JOINT, JOINT_COUNT, POSE_SIZE
from tango_models.synthetic.arms import ArmState
from tango_models.synthetic.face import mouth
from tango_models.synthetic.gestures import FPS, drift
from tango_models.synthetic.vocabulary import REST, WAITING, Gesture
from tango_models.synthetic.voice import Utterance


def perform(utterance: Utterance, manner: Manner, joints: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Motion of one person saying `utterance`: (round(seconds * 30), 165) float32 axis-angle poses.

    joints (55, 3): the T-pose of the body whose hands are to meet.
    """
    count = max(round(utterance.seconds * FPS), 1)
    at = np.arange(count) / FPS
    stressed = accents(utterance)
    strokes = plan_strokes(stressed, manner, rng)
    phrases = phrase_starts(utterance)
    tracks, calm = _arm_tracks(utterance, strokes, manner, rng, at)
    poses = np.zeros((count, JOINT_COUNT, 3))
    for side, states in tracks.items():
        _enliven(states, stressed, manner, rng, at, calm)
        for name, rotation in solve_arms(states, joints, side).items():
            poses[:, JOINT[name]] = rotation
    _trunk_and_head(poses, strokes, stressed, phrases, manner, rng, at, calm)
    if manner.jaw:
        opening = mouth(utterance, at, np.zeros((count, len(EXPRESSIONS)))) + 0.03
        opening = manner.jaw * opening + rng.normal(0, 0.006, count)
        poses[:, JAW, 0] = np.clip(opening, 0, 0.5)
    if manner.seated:
        for side in ("left", "right"):
            poses[:, JOINT[f"{side}_hip"], 0], poses[:, JOINT[f"{side}_knee"], 0] = -1.4, 1.4
    if manner.noise:
        seen = [j for name, j in JOINT.items() if not any(part in name for part in ("hip", "knee", "ankle", "foot"))]
        poses[:, seen] += np.deg2rad(manner.noise) * _scatter(rng, count, 3 * len(seen)).reshape(count, -1, 3)
    poses[:, 0] = manner.facing
    return poses.reshape(count, POSE_SIZE).astype(np.float32)


def _arm_tracks(
    utterance: Utterance, strokes: list[tuple[float, float, Gesture]], manner: Manner, rng: np.random.Generator,
    at: np.ndarray,
) -> tuple[dict[str, np.ndarray], np.ndarray]:  # fmt: skip
    """Both arms' states (T, 13), and (T,) how much the person rests, 0..1."""
    move = dict(zip(("out", "up", "front"), manner.rest, strict=True))
    place = {side: _scattered(REST.moved(**move), rng, 0.4) for side in ("left", "right")}
    keys = {side: [(-1.0, state.vector())] for side, state in place.items()}
    silences = _silences(utterance)
    rests: list[tuple[float, float]] = []
    resting: float | None = 0.0
    for index, (time, strength, gesture) in enumerate(strokes):
        following = strokes[index + 1][0] if index + 1 < len(strokes) else np.inf
        begin = time - 0.22 * manner.tempo * rng.uniform(0.85, 1.15)
        lead = 0.34 * manner.tempo * rng.uniform(0.8, 1.3)
        if resting is not None:
            lead += 0.14
            rests.append((resting, begin - lead))
            resting = None
        size = manner.size * (0.7 + 0.6 * strength)
        for side, asked in (("left", gesture.left), ("right", gesture.right)):
            key = keys[side]
            if asked is None and rng.random() < 0.4:
                continue  # the other arm stays where it is
            shape = _scattered(WAITING if asked is None else _sized(asked, size), rng, 1.0)
            start = max(key[-1][0], begin - lead + (rng.uniform(0, 0.08) if asked is None else 0.0))
            _hold(key, start)
            if asked is not None and begin - start > 0.1:
                _reach(key, begin, shape.moved(up=gesture.rise * (0.6 + 0.7 * strength), flex=-6).vector())
            _reach(key, max(time, key[-1][0] + 0.1), shape.vector())
            if asked is not None and following - time > 0.45:
                _reach(key, time + 0.16 * manner.tempo, shape.moved(up=0.012, flex=-2).vector())
        silence = next((s for s in silences if time - 0.2 <= s[0] < following), None)
        if silence is not None and silence[1] - silence[0] >= manner.patience * rng.uniform(0.8, 1.2):
            start = max(silence[0] - 0.05, time + 0.2)
            for side, key in keys.items():
                _hold(key, start + rng.uniform(0, 0.05))
                _reach(key, key[-1][0] + 0.6 * manner.tempo * rng.uniform(0.85, 1.15), place[side].vector())
            resting = max(key[-1][0] for key in keys.values())
    if resting is not None:
        rests.append((resting, at[-1] + 1))
    calm = np.zeros(len(at))
    for start, end in rests:
        calm = np.maximum(calm, np.clip((at - start + 0.1) / 0.3, 0, 1) * np.clip((end - at + 0.1) / 0.3, 0, 1))
    return {side: _sample(key, at) for side, key in keys.items()}, calm


def _sized(state: ArmState, size: float) -> ArmState:
    def about(value: float, centre: float) -> float:
        return centre + (value - centre) * size

    return replace(state, out=about(state.out, WAITING.out), up=about(state.up, WAITING.up),
                   front=about(state.front, WAITING.front))  # fmt: skip


def _scattered(state: ArmState, rng: np.random.Generator, amount: float) -> ArmState:
    out, up, front, twist, flex, lift = amount * rng.normal(0, (0.014, 0.016, 0.010, 7, 4, 0.04))
    moved = state.moved(out=out, up=up, front=front, twist=twist, flex=flex, lift=lift)
    return replace(moved, out=max(moved.out, 0.08), front=max(moved.front, 0.18))


def _hold(key: list[tuple[float, np.ndarray]], time: float) -> None:
    if time > key[-1][0] + 1e-6:
        key.append((time, key[-1][1]))


def _reach(key: list[tuple[float, np.ndarray]], time: float, state: np.ndarray) -> None:
    key.append((max(time, key[-1][0] + 1 / FPS), state))


def _sample(key: list[tuple[float, np.ndarray]], at: np.ndarray) -> np.ndarray:
    """Minimum-jerk travel (Flash and Hogan 1985) between key frames, (T, 13)."""
    times, states = np.array([t for t, _ in key] + [key[-1][0] + 1e6]), np.stack([s for _, s in key] + [key[-1][1]])
    index = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    share = np.clip((at - times[index]) / (times[index + 1] - times[index]), 0, 1)[:, None]
    ease = share**3 * (10 - 15 * share + 6 * share**2)
    return states[index] * (1 - ease) + states[index + 1] * ease


def _silences(utterance: Utterance) -> list[tuple[float, float]]:
    ends = [w.end for w in utterance.words]
    starts = [w.start for w in utterance.words[1:]] + [utterance.seconds]
    return [(e, s) for e, s in zip(ends, starts, strict=True) if s - e > 0.25]


def _enliven(
    states: np.ndarray, stressed: list[Accent], manner: Manner, rng: np.random.Generator, at: np.ndarray,
    calm: np.ndarray,
) -> None:  # fmt: skip
    """Wander, and a small beat of the hand on every accent, strokes or none, in place."""
    alive = 1 - 0.8 * calm
    for column, size, period in ((0, 0.0035, 2.6), (1, 0.0035, 2.9), (2, 0.0035, 2.4), (4, 1.4, 3.1), (5, 1.4, 2.3)):
        states[:, column] += manner.idle * size * drift(at, rng, period) * alive
    states[:, 7:12] += manner.idle * (1.5 * drift(at, rng, 2.8) * alive)[:, None]
    times = np.array([a.time for a in stressed]) + manner.lag + rng.normal(0, manner.jitter, len(stressed))
    sizes = manner.beat * np.array([a.strength for a in stressed]) * (rng.random(len(stressed)) < 0.85)
    beat = _bumps(at, times - 0.13, 0.016 * sizes, 0.08, 0.07) - _bumps(at, times, 0.014 * sizes, 0.06, 0.10)
    states[:, 1] += beat * alive
    states[:, 5] -= 300 * beat * alive


def _bumps(at: np.ndarray, centres: np.ndarray, sizes: np.ndarray, rise: float, fall: float) -> np.ndarray:
    """Sum of lopsided bells, each laid only where it is not nothing."""
    total, reach = np.zeros(len(at)), 3 * max(rise, fall)
    for centre, size in zip(centres, sizes, strict=True):
        first, last = np.searchsorted(at, (centre - reach, centre + reach))
        offset = at[first:last] - centre
        total[first:last] += size * np.exp(-((offset / np.where(offset < 0, rise, fall)) ** 2))
    return total


def _trunk_and_head(
    poses: np.ndarray, strokes: list[tuple[float, float, Gesture]], stressed: list[Accent], phrases: list[float],
    manner: Manner, rng: np.random.Generator, at: np.ndarray, calm: np.ndarray,
) -> None:  # fmt: skip
    from scipy.ndimage import gaussian_filter1d

    alive = gaussian_filter1d(1 - 0.85 * calm, 4)
    times = np.array([s[0] for s in strokes])
    lean = _bumps(at, times, np.array([g.sway for _, _, g in strokes], float), 0.45, 0.8)
    lean = manner.sway * gaussian_filter1d(np.clip(lean, -7, 7), 5)
    breath = np.sin(2 * np.pi * at / rng.uniform(3.2, 4.4) + rng.uniform(0, 6))
    shift = _steps(at, phrases, rng, manner.sway * np.array([1.2, 2.6, 1.0]), 0.8)  # posture changes with the phrase
    yaw = 0.5 * lean + 1.2 * manner.idle * drift(at, rng, 7.0) * alive + shift[:, 1]
    roll = -0.12 * lean + 0.6 * manner.idle * drift(at, rng, 6.0) * alive + shift[:, 2]
    pitch = 0.7 * manner.idle * drift(at, rng, 5.0) * alive + shift[:, 0] + 1.2
    for name, share in (("spine1", 0.3), ("spine2", 0.35), ("spine3", 0.35)):
        poses[:, JOINT[name]] = np.deg2rad(np.stack([pitch, yaw, roll], 1) * share)
    poses[:, JOINT["spine3"], 0] -= np.deg2rad(0.45) * breath
    for side, sign in (("left", 1), ("right", -1)):
        poses[:, JOINT[f"{side}_collar"], 2] = sign * np.deg2rad(0.5 + 0.35 * breath)
    moments = np.array([a.time for a in stressed]) + 0.02 + rng.normal(0, manner.jitter, len(stressed))
    sizes = manner.nod * np.array([a.strength for a in stressed]) * rng.uniform(2, 7, len(stressed))
    sizes *= rng.random(len(stressed)) < 0.8
    nods = _bumps(at, moments, sizes, 0.12, 0.22)
    refusals = np.array([a.time for a in stressed if MEANING_OF.get(a.text) == "refuse"])
    shake = np.zeros(len(at))
    if len(refusals):
        shake = _bumps(at, refusals, np.full(len(refusals), 5.0), 0.3, 0.4) * np.sin(2 * np.pi * 2.6 * at)
    look = _steps(at, phrases, rng, manner.nod * np.array([1.5, 5.0, 2.0]), 0.45)
    head = np.stack([
        nods - 1.5 + 1.1 * manner.idle * drift(at, rng, 4.0) * alive + look[:, 0] - 0.6 * pitch,
        shake + 2.0 * manner.idle * drift(at, rng, 6.5) * alive + look[:, 1] - 0.5 * yaw,
        1.2 * manner.idle * drift(at, rng, 5.5) * alive + look[:, 2] - 0.5 * roll,
    ], 1)  # fmt: skip
    poses[:, JOINT["neck"]], poses[:, JOINT["head"]] = np.deg2rad(0.45 * head), np.deg2rad(0.55 * head)


def _steps(
    at: np.ndarray, starts: list[float], rng: np.random.Generator, size: np.ndarray, seconds: float
) -> np.ndarray:
    """(T, 3) a place that changes smoothly within `seconds` of each start."""
    key = [(-1.0, rng.normal(0, 0.6, 3) * size)]
    for start in starts:
        _hold(key, start - 0.1)
        _reach(key, key[-1][0] + seconds * rng.uniform(0.8, 1.3), rng.normal(0, 0.6, 3) * size)
    return _sample(key, at)


def _scatter(rng: np.random.Generator, count: int, columns: int) -> np.ndarray:
    """(count, columns) of about unit size: what a smoothed fit leaves, some fast, some slow."""
    from scipy.ndimage import gaussian_filter1d

    fast = gaussian_filter1d(rng.normal(0, 1, (count, columns)), 1.2, axis=0) * 1.5
    slow = gaussian_filter1d(rng.normal(0, 1, (count, columns)), 9, axis=0) * 5.5
    return 0.5 * fast + 0.8 * slow
