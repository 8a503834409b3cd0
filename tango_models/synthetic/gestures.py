"""Speech to motion: beats on stressed words, rests in pauses, a head that nods, eyes that blink, lips that speak.

The timing follows what gesture studies call phases (Kendon; McNeill): preparation, stroke, hold, retraction. A stroke
ends on the vowel of a stressed word; every movement between two held places is minimum-jerk. Randomness (which gesture,
how large, when to blink) comes from one seeded generator, so a seed is a performance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tango_models.body.motion_io import Motion
from tango_models.body.skeleton import EXPRESSIONS, JAW, JOINT, LEFT_EYE, POSE_SIZE, RIGHT_EYE
from tango_models.synthetic.arms import ArmState, solve_arm
from tango_models.synthetic.face import eyes_and_brows, mouth
from tango_models.synthetic.vocabulary import COUNT_ARM, COUNT_WORDS, COUNTS, GESTURES, REST, WAITING, Gesture
from tango_models.synthetic.voice import Utterance, Word

FPS = 30
RETRACT_AFTER = 0.55  # a pause this long (s) lets the hands come down
MIN_BETWEEN_STROKES = 0.42  # s; faster stress gets a small beat or nothing
STROKE, PREPARATION, RETRACTION = 0.24, 0.34, 0.62  # s, before variation


@dataclass(frozen=True)
class Style:
    """How somebody gestures: size of the movements, share of stressed words beaten, calm of the head."""

    size: float = 1.0
    liveliness: float = 0.85
    head: float = 1.0


@dataclass(frozen=True)
class Stroke:
    """A planned stroke: the time (s) it ends at and what it looks like."""

    time: float
    gesture: Gesture
    word: Word


def plan_strokes(utterance: Utterance, rng: np.random.Generator, style: Style) -> list[Stroke]:
    """Strokes in order, on stressed words, at least MIN_BETWEEN_STROKES apart, no gesture twice running."""
    strokes: list[Stroke] = []
    last_name = ""
    recent: list[str] = []
    counting = _count_series(utterance.words)
    for index, word in enumerate(utterance.words):
        number = counting.get(index)
        if not word.stressed and number is None:
            continue
        vowel = next((p.start for p in utterance.phonemes if p.start >= word.start and p.name[:1] in "aeiouAEIOUV@03"),
                     word.start)  # fmt: skip
        time = min(vowel, word.end) + 0.04
        if strokes and time - strokes[-1].time < MIN_BETWEEN_STROKES * rng.uniform(0.9, 1.5):
            continue
        if number is None and rng.random() > style.liveliness:
            continue
        if number is not None:
            arm = replace(COUNT_ARM, curl=COUNTS[number]).moved(up=0.006 * number)
            gesture = Gesture(f"count_{number + 1}", None, arm, 0.035, -2)
        elif strokes and time - strokes[-1].time < 0.75 and rng.random() < 0.45:
            gesture = _again(strokes[-1].gesture, rng)  # a second beat of the same shape
        else:
            choices = [g for g in GESTURES if g.name != last_name and g.name not in recent[-3:]]
            gesture = choices[rng.integers(len(choices))]
            recent.append(gesture.name)
        last_name = gesture.name
        strokes.append(Stroke(time, gesture, word))
    return strokes


def _count_series(words: tuple[Word, ...]) -> dict[int, int]:
    """Index of word -> fingers shown less one, where number words follow one another as in counting."""
    found, expected = {}, 0
    for index, word in enumerate(words):
        value = COUNT_WORDS.get(word.text.strip(".,;:!?").lower())
        if value is not None and value == expected:
            found[index] = value
            expected += 1
    return found if len(found) >= 2 else {}


def _again(gesture: Gesture, rng: np.random.Generator) -> Gesture:
    move = {"out": rng.uniform(-0.02, 0.03), "up": rng.uniform(-0.03, 0.015), "front": rng.uniform(-0.01, 0.02)}
    arms = [a.moved(**move) if a else None for a in (gesture.left, gesture.right)]
    return replace(gesture, left=arms[0], right=arms[1], rise=gesture.rise * 0.75)


@dataclass
class _Track:
    """One arm's key frames: (time, state) with minimum-jerk travel between them."""

    times: list[float]
    states: list[np.ndarray]

    def hold_until(self, time: float) -> None:
        if time > self.times[-1] + 1e-6:
            self.times.append(time)
            self.states.append(self.states[-1])

    def reach(self, time: float, state: np.ndarray) -> None:
        self.times.append(max(time, self.times[-1] + 1 / FPS))
        self.states.append(state)

    def sample(self, at: np.ndarray) -> np.ndarray:
        times, states = np.array(self.times), np.stack(self.states)
        index = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
        share = np.clip((at - times[index]) / np.maximum(times[index + 1] - times[index], 1e-6), 0, 1)[:, None]
        ease = share**3 * (10 - 15 * share + 6 * share**2)
        return states[index] * (1 - ease) + states[index + 1] * ease


def _varied(state: ArmState, rng: np.random.Generator, size: float) -> ArmState:
    """Human scatter around the gesture's shape, and its overall size about the waiting place."""

    def scaled(value: float, about: float) -> float:
        return about + (value - about) * size

    state = replace(state, out=scaled(state.out, WAITING.out), up=scaled(state.up, WAITING.up),
                    front=scaled(state.front, WAITING.front))  # fmt: skip
    moved = state.moved(out=rng.normal(0, 0.014), up=rng.normal(0, 0.016), front=rng.normal(0, 0.010),
                        twist=rng.normal(0, 7), flex=rng.normal(0, 4), lift=rng.normal(0, 0.04))  # fmt: skip
    return replace(moved, out=max(moved.out, 0.165), front=max(moved.front, 0.20))


def arm_tracks(
    utterance: Utterance, strokes: list[Stroke], rng: np.random.Generator, style: Style, seconds: float
) -> tuple[dict[str, _Track], list[tuple[float, float]]]:
    """Key frames of both arms, and the intervals (s) in which the hands are at rest."""
    rest = {"left": REST.moved(up=0.004), "right": REST.moved(up=-0.004, front=0.004)}
    tracks = {side: _Track([0.0], [rest[side].vector()]) for side in rest}
    rests: list[tuple[float, float]] = []
    resting_since: float | None = 0.0
    pauses = _pauses(utterance, seconds)
    for index, stroke in enumerate(strokes):
        following = strokes[index + 1].time if index + 1 < len(strokes) else np.inf
        arms = {"left": stroke.gesture.left, "right": stroke.gesture.right}
        begin = stroke.time - STROKE * rng.uniform(0.9, 1.15)
        lead = PREPARATION * rng.uniform(0.9, 1.3)
        if resting_since is not None:
            lead += 0.16
            rests.append((resting_since, begin - lead))
        resting_since = None
        for side, track in tracks.items():
            asked = arms[side]
            active = asked is not None
            target = _varied(WAITING, rng, 1.0) if asked is None else _varied(asked, rng, style.size)
            recent = track.times[-1] > stroke.time - 1.2 and not _is_rest(track.states[-1], rest[side])
            if not active and recent and rng.random() < 0.5:
                continue  # an arm not asked for stays where it is a while, then sinks to its waiting place
            free = track.times[-1]
            raised = target.moved(up=stroke.gesture.rise if active else 0.0,
                                  out=rng.uniform(-0.02, 0.0) if active else 0.0, flex=-6 if active else 0)  # fmt: skip
            late = 0.0 if active else rng.uniform(0.0, 0.08)
            start = max(free, begin - lead + late)
            track.hold_until(start)
            if active and begin - start > 0.12:
                track.reach(begin, raised.vector())
            track.reach(max(stroke.time + late, track.times[-1] + 0.12), target.vector())
            if active and following - stroke.time > 0.5:  # the hand rebounds a little
                track.reach(stroke.time + 0.17, target.moved(up=0.010, flex=-2).vector())
        pause = next((p for p in pauses if stroke.time - 0.2 <= p[0] < following), None)
        if pause is not None and pause[1] - pause[0] >= RETRACT_AFTER:
            down = RETRACTION * rng.uniform(0.92, 1.12)
            start = max(pause[0] - 0.05, stroke.time + 0.22)
            for side, track in tracks.items():
                track.hold_until(max(start + rng.uniform(0, 0.05), track.times[-1]))
                track.reach(track.times[-1] + down, rest[side].vector())
            resting_since = max(t.times[-1] for t in tracks.values())
    if resting_since is not None:
        rests.append((resting_since, seconds))
    for track in tracks.values():
        track.hold_until(seconds + 1)
    return tracks, [(a, b) for a, b in rests if b - a > 0.1]


def _is_rest(state: np.ndarray, rest: ArmState) -> bool:
    return bool(np.allclose(state[:3], rest.vector()[:3], atol=1e-6))


def _pauses(utterance: Utterance, seconds: float) -> list[tuple[float, float]]:
    """Silences between words and after the last one, (start, end) s."""
    ends = [w.end for w in utterance.words]
    starts = [w.start for w in utterance.words[1:]] + [seconds]
    return [(e, s) for e, s in zip(ends, starts, strict=True) if s - e > 0.25]


def _bumps(at: np.ndarray, centres: list[float], sizes: np.ndarray, rise: float, fall: float) -> np.ndarray:
    total = np.zeros(len(at))
    for centre, size in zip(centres, sizes, strict=True):
        width = np.where(at < centre, rise, fall)
        total += size * np.exp(-(((at - centre) / width) ** 2))
    return total


def drift(at: np.ndarray, rng: np.random.Generator, period: float) -> np.ndarray:
    """Slow smooth wander of about unit size, (T,)."""
    total = np.zeros(len(at))
    for k, weight in ((1.0, 0.7), (1.9, 0.45), (3.3, 0.25)):
        total += weight * np.sin(2 * np.pi * k * at / (period * rng.uniform(0.85, 1.15)) + rng.uniform(0, 2 * np.pi))
    return total


def perform(
    utterance: Utterance,
    *,
    joints: np.ndarray,
    betas: np.ndarray,
    seed: int = 0,
    style: Style | None = None,
) -> Motion:
    """Motion at 30 fps for the whole utterance, `round(seconds * 30)` frames.

    joints (55,3): the speaker's own T-pose, so that hands meet where they should on any body. Deterministic in its
    arguments. Expressions are the open body's (`skeleton.EXPRESSIONS`).
    """
    style = style or Style()
    rng = np.random.default_rng(seed)
    seconds = utterance.seconds
    count = max(round(seconds * FPS), 1)
    at = np.arange(count) / FPS
    strokes = plan_strokes(utterance, rng, style)
    tracks, rests = arm_tracks(utterance, strokes, rng, style, seconds)
    calm = _calm(at, rests)
    poses = np.zeros((count, POSE_SIZE // 3, 3))
    _arms(poses, tracks, at, calm, joints, rng)
    _trunk_and_head(poses, strokes, at, calm, rng, style)
    expressions = np.zeros((count, len(EXPRESSIONS)))
    poses[:, JAW, 0] = mouth(utterance, at, expressions)
    gaze = eyes_and_brows(utterance, [s.time for s in strokes], at, expressions, rng)
    head = poses[:, JOINT["neck"]] + poses[:, JOINT["head"]]
    for eye in (LEFT_EYE, RIGHT_EYE):  # eyes hold the camera while the head moves
        poses[:, eye, :2] = gaze - 0.75 * head[:, :2]
    return Motion(
        poses=poses.reshape(count, POSE_SIZE).astype(np.float32),
        trans=np.zeros((count, 3), np.float32),
        betas=np.asarray(betas, np.float32),
        expressions=expressions.astype(np.float32),
        fps=float(FPS),
    )


def _calm(at: np.ndarray, rests: list[tuple[float, float]]) -> np.ndarray:
    """1 where the speaker rests, 0 where not, eased over 0.3 s."""
    calm = np.zeros(len(at))
    for start, end in rests:
        calm = np.maximum(calm, np.clip((at - start + 0.1) / 0.3, 0, 1) * np.clip((end - at + 0.1) / 0.3, 0, 1))
    return calm


def _arms(poses: np.ndarray, tracks: dict[str, _Track], at: np.ndarray, calm: np.ndarray, joints: np.ndarray,
          rng: np.random.Generator) -> None:  # fmt: skip
    for side, track in tracks.items():
        states = track.sample(at)
        alive = (1 - 0.8 * calm)[:, None]
        wander = np.stack([drift(at, rng, 2.6) for _ in range(3)], 1)
        states[:, :3] += 0.0035 * wander * alive
        states[:, 4:6] += 1.2 * np.stack([drift(at, rng, 3.1), drift(at, rng, 2.3)], 1) * alive
        states[:, 7:12] += 1.5 * np.stack([drift(at, rng, 2.8) for _ in range(5)], 1) * alive
        for frame, state in enumerate(states):
            for name, rotation in solve_arm(state, joints, side).items():
                poses[frame, JOINT[name]] = rotation


def _trunk_and_head(poses: np.ndarray, strokes: list[Stroke], at: np.ndarray, calm: np.ndarray,
                    rng: np.random.Generator, style: Style) -> None:  # fmt: skip
    from scipy.ndimage import gaussian_filter1d

    degrees = np.pi / 180
    times = [s.time for s in strokes]
    lean = _bumps(at, times, np.array([s.gesture.sway for s in strokes]), 0.45, 0.8)
    lean = gaussian_filter1d(np.clip(lean, -7, 7), 5)
    alive = gaussian_filter1d(1 - 0.85 * calm, 4)
    breath = np.sin(2 * np.pi * at / 3.7 + rng.uniform(0, 6))
    yaw = 0.5 * lean + 1.4 * drift(at, rng, 7.0) * alive
    roll = -0.12 * lean + 0.7 * drift(at, rng, 6.0) * alive
    pitch = 0.8 * drift(at, rng, 5.0) * alive + 1.2
    for name, share in (("spine1", 0.3), ("spine2", 0.35), ("spine3", 0.35)):
        poses[:, JOINT[name]] = np.stack([pitch, yaw, roll], 1) * share * degrees
    poses[:, JOINT["spine3"], 0] -= 0.45 * breath * degrees
    for side, sign in (("left", 1), ("right", -1)):
        poses[:, JOINT[f"{side}_collar"], 2] = sign * (0.5 + 0.35 * breath) * degrees
    nods = _bumps(at, [t + 0.02 for t in times], rng.uniform(1.5, 5.0, len(times)) * style.head, 0.13, 0.28)
    turn = gaussian_filter1d(_bumps(at, times, rng.normal(0, 4.0, len(times)) * style.head, 0.4, 0.7), 3)
    tilt = gaussian_filter1d(_bumps(at, times, rng.normal(0, 2.0, len(times)) * style.head, 0.3, 0.6), 3)
    head = np.stack([
        nods - 1.0 + 1.2 * drift(at, rng, 4.0) * alive - 0.6 * pitch,
        np.clip(turn, -9, 9) + 2.2 * drift(at, rng, 6.5) * alive - 0.5 * yaw,
        tilt + 1.3 * drift(at, rng, 5.5) * alive - 0.5 * roll,
    ], 1) * degrees  # fmt: skip
    poses[:, JOINT["neck"]] = 0.45 * head
    poses[:, JOINT["head"]] = 0.55 * head
