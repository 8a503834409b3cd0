"""Which real mouth is shown in each frame: the one whose shape the speech asks for, seen from where the head is seen,
and that goes on from the one before (unit selection guided by a trajectory: Wang et al. 2010, "Synthesizing photo-real
talking head via trajectory-guided sample selection"; joins as Liu & Ostermann 2009)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field

from tango_models.lips.library import MouthLibrary, width_speed
from tango_models.lips.visemes import LipTargets

_LOOKED_AT = 4000  # mouths per frame: two minutes of footage
_SETTLED_EVERY = 300  # frames
_PACE = 0.35  # price of half or twice the speed
_CLOSED = 0.2
"""Of the speaker's range: lips that are no further apart count as closed."""


class SelectionConfig(BaseModel):
    """
    Attributes:
        opening: price of an opening that is off by a fifth of the speaker's range; width: the same of the width.
        turned: of a head that is turned by 8 degrees more; light: of a face that is 12 grey levels brighter.
        join: of lips that move by a fifth of the range between two frames; jump: of any change of the source.
        moving: of a mouth whose width changes by a quarter of the speaker's range in a frame.
        stay: frames of a source shown at least.
        own: of a mouth that is not the frame's own.
        candidates: mouths considered per frame.
    """

    opening: float = Field(1.0, ge=0)
    width: float = Field(0.5, ge=0)
    turned: float = Field(1.0, ge=0)
    light: float = Field(0.5, ge=0)
    join: float = Field(1.0, ge=0)
    jump: float = Field(1.0, ge=0)
    moving: float = Field(1.0, ge=0)
    stay: int = Field(3, ge=1, le=8)
    own: float = Field(0.3, ge=0)
    candidates: int = Field(160, ge=8)


@dataclass(frozen=True)
class Heads:
    """How the head is seen in each of T frames to be filled; NaN where there is no face.

    Attributes:
        yaw, pitch: (T,) degrees; light: (T, 3) mean colour around the mouth.
        own: (T,) number in the library of the frame's own mouth; -1 where it has none.
    """

    yaw: np.ndarray
    pitch: np.ndarray
    light: np.ndarray
    own: np.ndarray


def select_mouths(
    targets: LipTargets, heads: Heads, library: MouthLibrary, config: SelectionConfig | None = None
) -> np.ndarray:
    """(T,) number in the library of the mouth to show in each frame.

    The cheapest path through the best candidates of every frame and those that follow the survivors of the frame before
    (Viterbi with a beam): a source goes on with the next frame, or at half or twice its speed, or, after `stay` frames,
    gives way to another.

    Raises:
        ValueError: no mouth of the library can be used.
    """
    config = config or SelectionConfig()
    usable = np.flatnonzero(library.usable)
    if not len(usable):
        raise ValueError("no mouth can be used")
    costs, ends = _Costs(targets, heads, library, config), _last_of_run(library)
    usable = usable[np.argsort(library.mouths.opening[usable], kind="stable")]
    mouth = costs.best(0, usable)
    cost, age = costs.of(0, mouth), np.ones(len(mouth), int)
    way = _WayBack(len(targets))
    way.add(mouth, np.zeros(len(mouth), int))
    for t in range(1, len(targets)):
        parts: list[tuple[np.ndarray, ...]] = []
        for step, extra in ((1, 0.0), (0, _PACE), (2, _PACE)):
            after = mouth + step
            kept = np.flatnonzero((after <= ends[mouth]) & library.usable[np.minimum(after, len(library) - 1)])
            parts.append((after[kept], kept, cost[kept] + extra, np.minimum(age[kept] + 1, config.stay)))
        free = np.flatnonzero(age >= config.stay)
        if not any(len(names) for names, *_ in parts):  # all are at their ends
            free = np.arange(len(mouth))
        if len(free):
            best = costs.best(t, usable)
            total = cost[free][:, None] + costs.join(mouth[free], best)
            cheapest = np.argmin(total, axis=0)
            parts.append((best, free[cheapest], total[cheapest, np.arange(len(best))], np.ones(len(best), int)))
        found, before, price, old = (np.concatenate(column) for column in zip(*parts, strict=True))
        price = price + costs.of(t, found)
        kept = _best_states(found, old, price, 3 * config.candidates)
        mouth, cost, age = found[kept], price[kept], old[kept]
        way.add(mouth, before[kept])
    return way.back_from(int(np.argmin(cost)))


class _WayBack:
    """The states of each frame and which of the frame before they go on from. What all that are left have in common is
    decided, and forgotten: an hour's states would take a gigabyte."""

    def __init__(self, frames: int) -> None:
        self._path, self._decided = np.empty(frames, int), 0
        self._open: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, mouths: np.ndarray, before: np.ndarray) -> None:
        """The next frame: the mouth of each state, and the number of its state in the frame before."""
        self._open.append((mouths.astype(np.int32), before.astype(np.int32)))
        if len(self._open) % _SETTLED_EVERY == 0:
            left = np.arange(len(mouths))
            for k in range(len(self._open) - 1, -1, -1):
                if len(left) == 1:
                    self._decide(k, int(left[0]))
                    break
                left = np.unique(self._open[k][1][left])

    def back_from(self, state: int) -> np.ndarray:
        """(T,) the mouths of the path that ends in a state of the last frame."""
        self._decide(len(self._open) - 1, state)
        return self._path

    def _decide(self, last: int, state: int) -> None:
        for k in range(last, -1, -1):
            mouths, before = self._open[k]
            self._path[self._decided + k], state = mouths[state], int(before[state])
        del self._open[: last + 1]
        self._decided += last + 1


class _Costs:
    def __init__(self, targets: LipTargets, heads: Heads, library: MouthLibrary, config: SelectionConfig) -> None:
        limits, self._config, self._heads, self._library = library.range, config, heads, library
        self._span = max(limits.span, 1e-3)
        self._gap = limits.gap(targets.opening)
        self._breadth = limits.breadth(targets.width)
        self._closed = targets.closed
        self._wide = max(limits.broad - limits.narrow, 1e-3)
        self._moving = config.moving * np.minimum((width_speed(library) / 0.25) ** 2, 4.0)
        self._sharp = np.nanmedian(library.mouths.sharpness)

    def of(self, t: int, mouths: np.ndarray) -> np.ndarray:
        """(M,) how little each of some mouths suits frame `t`."""
        config, seen, heads = self._config, self._library.mouths, self._heads
        opening = (seen.opening[mouths] - self._gap[t]) / (0.2 * self._span)
        # A mouth that is opened from closed lips has nothing inside to show.
        cost = config.opening * np.minimum(opening**2 * np.where(opening < 0, 1.3, 1.0), 12.0)
        width = (seen.width[mouths] - self._breadth[t]) / (0.3 * self._wide)
        cost = cost + config.width * np.minimum(width**2, 8.0)
        if self._closed[t]:
            cost = cost + 4.0 * np.maximum(
                0, (seen.opening[mouths] - self._library.range.closed) / self._span - _CLOSED
            )
        turned = ((seen.yaw[mouths] - heads.yaw[t]) / 8) ** 2 + ((seen.pitch[mouths] - heads.pitch[t]) / 8) ** 2
        light = (np.abs(seen.light[mouths] - heads.light[t]).mean(1) / 12) ** 2
        cost = cost + config.turned * np.nan_to_num(turned) + config.light * np.nan_to_num(np.minimum(light, 6.0))
        blur = np.maximum(0, np.log(self._sharp / np.maximum(seen.sharpness[mouths], 1e-3)))
        return cost + 2.0 * blur + self._moving[mouths] + config.own * (mouths != heads.own[t])

    def best(self, t: int, usable: np.ndarray) -> np.ndarray:
        """(M,) those of the usable mouths, in order of their opening, that suit frame `t` best, its own among them. Of
        hours of footage only those are looked at whose opening is nearest."""
        at = int(np.searchsorted(self._library.mouths.opening[usable], self._gap[t]))
        first = max(0, min(at - _LOOKED_AT // 2, len(usable) - _LOOKED_AT))
        usable = usable[first : first + _LOOKED_AT]
        cost, most = self.of(t, usable), self._config.candidates
        found = usable if len(usable) <= most else usable[np.argpartition(cost, most)[:most]]
        own = self._heads.own[t]
        return np.union1d(found, [own]) if own >= 0 and self._library.usable[own] else found

    def join(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """(B, A) what it costs to show mouth `after` behind mouth `before`."""
        config, shape = self._config, self._library.shape
        reach = np.minimum(before + 1, len(shape) - 1)
        going = np.where(self._library.follows[reach] & (reach > before), reach, before)
        a, b = (shape[rows][..., :2].reshape(len(rows), -1) for rows in (going, after))
        apart = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
        apart = np.sqrt(np.maximum(apart, 0) / shape.shape[1]) / (0.2 * self._span)
        return config.jump + config.join * np.minimum(apart**2, 9.0)


def _last_of_run(library: MouthLibrary) -> np.ndarray:
    """(N,) number of the last mouth of the uncut run that each belongs to."""
    begins = np.flatnonzero(~library.follows)
    ends = np.append(begins[1:], len(library)) - 1
    return ends[np.cumsum(~library.follows) - 1]


def _best_states(mouth: np.ndarray, age: np.ndarray, cost: np.ndarray, most: int) -> np.ndarray:
    """Of equal states the cheapest, and of those the cheapest `most`."""
    order = np.argsort(cost, kind="stable")
    key = mouth[order].astype(np.int64) * 16 + age[order]
    _, first = np.unique(key, return_index=True)
    kept = order[np.sort(first)]
    return kept[:most]
