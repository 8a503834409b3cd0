"""Hands as pictures of their own, in front of the rest: cut out of both runs and brought along one path.

A hand moves by more than dense flow can follow and changes its shape on the way. Its 21 points say how: the hands of
both runs are bent to the same points between them, so that one turns into the other finger by finger, and what lies
behind is shown without either.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tango_models.interpolation.seam import Seam
from tango_models.interpolation.warping.alignment import similarity
from tango_models.interpolation.warping.arms import ELBOW, FARTHEST, HAND
from tango_models.interpolation.warping.hand_matte import ENDS, Matte, forearm_matte, hand_matte, hand_size

_COARSE = 4  # px of a grid on which a smooth movement is told
_REACH = 0.3  # of a hand's size: how far a point bends what is around it
_BENDS = 0.5  # of a hand's size: most that a point goes beyond what the whole hand does
_AROUND = 0.55  # of a hand's size around its points: what is painted
_HIDES = 0.1  # of a hand's size: rim of a hand that is taken away with it
_GONE = 0.15  # of its size: a hand that moved so far takes all between its fingers away
_LOOSE = 1.0, 1.3  # of its size around a forearm: what may be its sleeve
_SLOWEST, _QUICKEST = 8.0, 4.0  # frames over which one hand turns into the other
_AT_ONCE = 2.0  # frames over which a hand goes over to a run that does not know it
_ALIKE = 0.04  # of its size by which a hand may change in a frame
_HEAD_POINTS = 24


@dataclass(frozen=True)
class Cut:
    """A hand or a forearm cut out of a frame: its points (21, 2) px, or wrist and elbow (2, 2), and its matte."""

    points: np.ndarray
    matte: Matte
    size: float  # of the hand, px


@dataclass(frozen=True)
class Shown:
    """A hand or a forearm in a made frame: its arm, where its points lie, what it is made of, the incoming run's share,
    and how opaque it is."""

    side: int
    place: np.ndarray
    outgoing: Cut | None
    incoming: Cut | None
    share: float
    opaque: float = 1.0


class HandLayer:
    """The hands of a seam.

    Args:
        apart: (2m, 2, 24, 2) px from the outgoing arm to the incoming one, without jitter.
    """

    def __init__(self, seam: Seam, apart: np.ndarray) -> None:
        assert seam.outgoing_arms is not None and seam.incoming_arms is not None
        self._alphas = seam.alphas
        self._frames, self._heads = (seam.outgoing, seam.incoming), (seam.outgoing_heads, seam.incoming_heads)
        self._arms = (seam.outgoing_arms, seam.incoming_arms)
        self._apart = np.stack([_continued(apart[:, side, HAND:]) for side in (0, 1)], axis=1)
        farthest = FARTHEST * max(seam.outgoing.shape[1:3])
        gaps = np.linalg.norm(self._apart, axis=-1).mean(axis=-1)
        self.sides = [side for side in (0, 1) if bool((gaps[:, side] < farthest).all())]
        plans = {side: self._plan(side) for side in self.sides}
        self._share = {side: plan[0] for side, plan in plans.items()}
        self._opaque = {side: plan[1] for side, plan in plans.items()}

    def at(self, k: int) -> list[Shown]:
        """The forearms and hands of frame `k` that can be brought, from back to front."""
        arms: list[Shown] = []
        hands: list[Shown] = []
        for side in self.sides:
            cuts = [self._hand(run, k, side) for run in (0, 1)]
            if cuts[0] is None and cuts[1] is None:
                continue
            # what one run does not show is the other's alone
            share = float(self._share[side][k]) if all(cuts) else float(cuts[0] is None)
            apart, opaque = self._apart[k, side], float(self._opaque[side][k])
            old = cuts[0].points if cuts[0] else cuts[1].points - apart  # type: ignore[union-attr]
            place = between_hands(old, old + apart, float(self._alphas[k]))
            hands.append(Shown(side, place, cuts[0], cuts[1], share, opaque))
            elbows = [arm[k, side, ELBOW] for arm in self._arms]
            if np.isfinite(elbows).all():
                elbow = elbows[0] + self._alphas[k] * (elbows[1] - elbows[0])
                parts = [self._forearm(run, k, cut, elbows[run]) for run, cut in enumerate(cuts)]
                if all(parts):
                    at = np.stack([place[0], elbow]).astype(np.float32)
                    arms.append(Shown(side, at, parts[0], parts[1], share, opaque))
        return arms + hands

    def _forearm(self, run: int, k: int, hand: Cut | None, elbow: np.ndarray) -> Cut | None:
        if hand is None:
            return None
        matte = forearm_matte(self._frames[run][k], hand.points[0], elbow, hand.size)
        return None if matte is None else Cut(np.stack([hand.points[0], elbow]), matte, hand.size)

    def _hand(self, run: int, k: int, side: int) -> Cut | None:
        points, heads = self._arms[run][k, side, HAND:], self._heads[run]
        if not np.isfinite(points).all():
            return None
        others = []
        if np.isfinite(other := self._arms[run][k, 1 - side, HAND:]).all():
            others.append(other)
        if heads is not None and np.isfinite(heads[k]).all():
            turn = np.linspace(0, 2 * np.pi, _HEAD_POINTS)
            others.append(heads[k, :2] + heads[k, 2] * np.column_stack([np.cos(turn), np.sin(turn)]))
        matte = hand_matte(self._frames[run][k], points, others)
        return None if matte is None else Cut(points, matte, hand_size(points))

    def _plan(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """(2m,) share of the incoming hand: it takes over where both are most alike in shape. (2m,) how opaque the hand
        is: one that the incoming run does not know to the end, or the outgoing one not from the start, goes over to
        what that run shows when the other would have taken over, and at once."""
        inner = np.flatnonzero((self._alphas > 0) & (self._alphas < 1))
        apart = np.array([unlikeness(*(arm[k, side, HAND:] for arm in self._arms)) for k in inner])
        known = np.isfinite(apart)
        middle = (inner[0] + inner[-1]) / 2
        weight = np.exp(-0.5 * ((inner - middle) / (0.2 * len(inner) + 1)) ** 2)
        length = _SLOWEST
        if known.any():
            least = float(apart[known].min())
            length = float(np.clip(least / _ALIKE, _QUICKEST, _SLOWEST))
            weight = weight * np.where(known, ((least + 0.05) / (np.where(known, apart, 1) + 0.05)) ** 4, 1e-6)
        length = min(length, float(len(inner) + 1))
        moment = float(
            np.clip((weight * inner).sum() / weight.sum(), inner[0] - 1 + length / 2, inner[-1] + 1 - length / 2)
        )
        late = np.arange(len(self._alphas)) - moment
        opaque = np.ones(len(late))
        old, new = (np.isfinite(arm[:, side, HAND:]).all(axis=(1, 2)) for arm in self._arms)
        never = np.cumsum(old) == 0, np.cumsum(new[::-1])[::-1] == 0
        for lost, gone in zip(never, (late, -late), strict=True):
            opaque[lost] = np.clip(gone[lost] / _AT_ONCE + 0.5, 0, 1)
        return np.clip(late / length + 0.5, 0, 1), opaque


def unlikeness(old: np.ndarray, new: np.ndarray) -> float:
    """How far two hands (21, 2) are apart in shape, of their size; NaN when either is unknown."""
    matrix = similarity(old, new, scale=3.0, turn=180.0, clip=True)
    if matrix is None or not (np.isfinite(old).all() and np.isfinite(new).all()):
        return float("nan")
    moved = old @ matrix[:, :2].T + matrix[:, 2]
    turned = abs(float(np.arctan2(matrix[1, 0], matrix[0, 0])))
    return float(np.linalg.norm(moved - new, axis=-1).mean()) / hand_size(new) + 0.1 * turned


def between_hands(old: np.ndarray, new: np.ndarray, alpha: float) -> np.ndarray:
    """(21, 2) the hand `alpha` of the way from `old` to `new`: it turns and grows evenly while its fingers bend. One
    that is turned over grows narrow on the way, as a hand does, and never larger than at either end."""
    a, b = (points.astype(np.float64) @ np.array([1, 1j]) for points in (old, new))
    from_middle, to_middle = a - a.mean(), b - b.mean()
    turn = np.angle((np.conj(from_middle) * to_middle).sum())
    grows = np.linalg.norm(to_middle) / max(float(np.linalg.norm(from_middle)), 1e-6)
    factor = max(float(grows), 1e-3) * np.exp(1j * turn)
    bent = from_middle + alpha * (to_middle / factor - from_middle)
    turned = factor**alpha * bent + (1 - alpha) * a.mean() + alpha * b.mean()
    return np.column_stack([turned.real, turned.imag]).astype(np.float32)


def hidden(shown: list[Shown], shape: tuple[int, int], scale: float, *, incoming: bool) -> np.ndarray:
    """(h, w) float32 0..1, on a grid of `scale` px per px: what of a run's frame is painted elsewhere. That is all
    around a hand that goes away, as fingers in motion have no edge, and less around one that hardly moves."""
    total = np.zeros(shape, np.float32)
    for hand in shown:
        cut = hand.incoming if incoming else hand.outgoing
        if cut is None:
            continue
        moved = float(np.linalg.norm(hand.place - cut.points, axis=-1).max()) / cut.size
        rim = 2 * max(1, round(min(_HIDES, 0.6 * moved) * cut.size * scale)) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim))
        matte = cut.matte
        left, top = round(matte.left * scale), round(matte.top * scale)
        right = min(shape[1], round((matte.left + matte.alpha.shape[1]) * scale))
        bottom = min(shape[0], round((matte.top + matte.alpha.shape[0]) * scale))
        if right - left < 2 or bottom - top < 2:
            continue
        gone = cv2.resize(matte.alpha, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        gone = cv2.dilate(gone, kernel)
        if len(cut.points) > 2:
            hull: np.ndarray = np.zeros(gone.shape, np.float32)
            around = cv2.convexHull(np.rint(cut.points * scale - [left, top]).astype(np.int32))
            cv2.fillConvexPoly(hull, around, (1.0,))
            hull = cv2.GaussianBlur(cv2.dilate(hull, kernel), (0, 0), max(1.0, rim / 4))
            gone = np.maximum(gone, hull * min(1.0, moved / _GONE))
        part = total[top:bottom, left:right]
        np.maximum(part, gone, out=part)
    return total


def left_behind(
    shown: list[Shown], arms: np.ndarray, person: tuple[np.ndarray, np.ndarray], shape: tuple[int, int], scale: float,
    *, incoming: bool, gone: float,
) -> np.ndarray:  # fmt: skip
    """(h, w) float32 0..1, on a grid of `scale` px per px: sleeve of a run's frame around a forearm that is painted
    elsewhere, where the other run has what stands behind it. A loose cuff is wider than any forearm that can be cut
    out, and would stay where it was.

    Args:
        arms: (2, 24, 2) px of the run. person: (h, w) 0..1 on the grid, of the run and of the other one. gone: 0..1,
            how much of the way from this run to the other is done: the elbow follows last.
    """
    total = np.zeros(shape, np.float32)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    for hand in shown:
        cut = hand.incoming if incoming else hand.outgoing
        if cut is None or len(cut.points) == 2:
            continue
        moved = float(np.linalg.norm(hand.place - cut.points, axis=-1).max()) / cut.size
        wrist, elbow = cut.points[0] * scale, arms[hand.side, ELBOW] * scale
        axis = elbow - wrist if np.isfinite(elbow).all() else np.zeros(2)
        along = np.clip(((x - wrist[0]) * axis[0] + (y - wrist[1]) * axis[1]) / max(float(axis @ axis), 1.0), 0, 1)
        off = np.hypot(x - wrist[0] - along * axis[0], y - wrist[1] - along * axis[1]) / (cut.size * scale)
        near = np.clip((_LOOSE[1] - off) / (_LOOSE[1] - _LOOSE[0]), 0, 1)
        near *= np.clip((ENDS[1] + gone - along) / (ENDS[1] - ENDS[0]), 0, 1)
        np.maximum(total, near * min(1.0, moved / _GONE), out=total)
    return np.clip(2.5 * total * person[0] * (1 - person[1]) - 0.5, 0, 1)


def paint(frame: np.ndarray, hand: Shown, outgoing: np.ndarray, incoming: np.ndarray) -> None:
    """Put a hand before a made frame (H, W, 3) uint8, which is changed; `outgoing`, `incoming`: the runs' frames."""
    height, width = frame.shape[:2]
    size = (
        _AROUND * hand_size(hand.place)
        if len(hand.place) > 2
        else max(c.size for c in (hand.outgoing, hand.incoming) if c)
    )
    low = np.maximum(np.floor(hand.place.min(axis=0) - size).astype(int), 0)
    high = np.minimum(np.ceil(hand.place.max(axis=0) + size).astype(int), [width, height])
    if (high - low < 2).any():
        return
    box = (slice(low[1], high[1]), slice(low[0], high[0]))
    behind = frame[box].astype(np.float32)
    covered, colour = np.zeros(behind.shape[:2], np.float32), np.zeros_like(behind)
    for cut, picture, weight in ((hand.outgoing, outgoing, 1 - hand.share), (hand.incoming, incoming, hand.share)):
        weight *= hand.opaque
        if cut is None or weight <= 0:
            continue
        x, y = _reads(hand.place, cut.points, low, high)
        alpha = cv2.remap(cut.matte.alpha, x - cut.matte.left, y - cut.matte.top, cv2.INTER_LINEAR, borderValue=0)
        seen = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        covered += weight * alpha
        colour += (weight * alpha)[..., None] * seen
    frame[box] = np.clip(behind * (1 - covered[..., None]) + colour + 0.5, 0, 255).astype(np.uint8)


def _reads(place: np.ndarray, source: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of a box read a hand whose points lie at `source` to show it with its points at `place`."""
    x, y = np.meshgrid(np.arange(low[0], high[0] + _COARSE, _COARSE), np.arange(low[1], high[1] + _COARSE, _COARSE))
    at = np.stack([x, y], axis=-1).astype(np.float32)
    matrix = similarity(place, source, scale=3.0, turn=180.0, clip=True)
    if matrix is None:
        matrix = np.column_stack([np.eye(2), source.mean(axis=0) - place.mean(axis=0)])
    if len(place) == 2:
        return _grid((at @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32), _shape(low, high))
    rest = source - (place @ matrix[:, :2].T + matrix[:, 2])
    most = _BENDS * hand_size(source)
    rest *= np.minimum(1, most / np.maximum(np.linalg.norm(rest, axis=-1, keepdims=True), 1e-6))
    reach = _REACH * hand_size(place)
    squared = ((at[:, :, None] - place) ** 2).sum(-1) / reach**2  # (h, w, 21)
    near = 1 / (squared + 0.02) ** 1.5
    weight = near / near.sum(-1, keepdims=True) * np.exp(-np.clip(squared.min(-1), 0, 50))[..., None]
    reads = (at @ matrix[:, :2].T + matrix[:, 2] + weight @ rest).astype(np.float32)
    return _grid(reads, _shape(low, high))


def _shape(low: np.ndarray, high: np.ndarray) -> tuple[int, int]:
    return int(high[0] - low[0]), int(high[1] - low[1])


def _grid(reads: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A coarse grid, one value each `_COARSE` px from the first, on all pixels of (width, height)."""
    x, y = np.meshgrid(np.arange(shape[0], dtype=np.float32), np.arange(shape[1], dtype=np.float32))
    fine = cv2.remap(reads, x / _COARSE, y / _COARSE, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(fine[..., 0]), np.ascontiguousarray(fine[..., 1])


def _continued(points: np.ndarray) -> np.ndarray:
    """Points over time (T, P, 2), unknown ones as in the nearest frame in which all are known; NaN when none is."""
    known = np.flatnonzero(np.isfinite(points).all(axis=(1, 2)))
    if not len(known):
        return np.full_like(points, np.nan)
    nearest = np.abs(np.arange(len(points))[:, None] - known).argmin(axis=1)
    return points[known[nearest]]
