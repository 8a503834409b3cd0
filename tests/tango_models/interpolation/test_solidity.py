"""Hands that are half there are told from hands that are there."""

import numpy as np
import pytest

from tango_models.interpolation import auto
from tango_models.interpolation.auto import AutoInterpolator
from tango_models.interpolation.seam import Seam
from tango_models.interpolation.solidity import hand_solidity

COUNT, SIDE = 8, 96


def hands(x: float) -> np.ndarray:
    """(2, 24, 2): two hands of 24 px, one above the other."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 24, (2, 24, 2))
    points[:, 3], points[:, 4] = 0, 24
    return points + np.array([[[x, 10.0]], [[x, 56.0]]])


def frame(arms: np.ndarray, *, shown: float = 1.0) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8: hands with edges, as much as `shown`, on a wall beside a shelf with stronger ones."""
    picture = np.full((SIDE, SIDE, 3), 90.0)
    picture[:, 82:] += np.kron(np.indices((48, 7)).sum(0) % 2, np.ones((2, 2)))[..., None] * 120 - 60
    pattern = np.kron(np.indices((6, 6)).sum(0) % 2, np.ones((4, 4)))[..., None] * 80 - 40
    for arm in arms:
        left, top = np.rint(arm[3:].min(0)).astype(int)
        picture[top : top + 24, left : left + 24] += shown * pattern
    return picture.astype(np.uint8)


@pytest.fixture
def seam() -> Seam:
    starts, ends = [hands(10.0 + k) for k in range(COUNT)], [hands(50.0 + k) for k in range(COUNT)]
    return Seam(
        np.stack([frame(arms) for arms in starts]), np.stack([frame(arms) for arms in ends]),
        outgoing_arms=np.stack(starts), incoming_arms=np.stack(ends),
    )  # fmt: skip


def brought(seam: Seam, *, shown: float) -> np.ndarray:
    """Frames in which the hands go from where they were to where they will be."""
    made = seam.outgoing.copy()
    for k, alpha in enumerate(seam.alphas):
        arms = seam.outgoing_arms[k] + alpha * (seam.incoming_arms[k] - seam.outgoing_arms[k])
        made[k] = frame(arms, shown=shown if 0 < alpha < 1 else 1.0)
    made[-1] = seam.incoming[-1]
    return made


@pytest.mark.parametrize("shown", [1.0, 0.7, 0.5, 0.2])
def test_a_hand_is_as_solid_as_it_is_shown(seam, shown):
    assert hand_solidity(seam, brought(seam, shown=shown)) == pytest.approx(shown, abs=0.1)


def test_hands_that_are_not_there_are_not_solid_and_without_known_hands_all_is(seam):
    assert hand_solidity(seam, np.full_like(seam.outgoing, 90)) == 0.0
    assert hand_solidity(Seam(seam.outgoing, seam.incoming), np.full_like(seam.outgoing, 90)) == 1.0
    unknown = np.full_like(seam.outgoing_arms, np.nan)
    nowhere = Seam(seam.outgoing, seam.incoming, outgoing_arms=unknown, incoming_arms=seam.incoming_arms)
    assert hand_solidity(nowhere, np.full_like(seam.outgoing, 90)) == 1.0


@pytest.mark.parametrize("x", [-30.0, -8.0, 90.0, 200.0])
def test_hands_at_and_beyond_the_edge_of_the_picture_raise_nothing(seam, x):
    moved = np.stack([hands(x)] * COUNT)
    seam = Seam(seam.outgoing, seam.incoming, outgoing_arms=moved, incoming_arms=moved)
    assert hand_solidity(seam, seam.outgoing) == 1.0


class Way:
    def __init__(self, name: str, frames: np.ndarray) -> None:
        self.id, self.frames = name, frames

    def interpolate(self, seam: Seam) -> np.ndarray:
        return self.frames


@pytest.mark.parametrize(("shown", "taken"), [(1.0, "later"), (0.95, "later"), (0.7, "first"), (0.4, "first")])
def test_a_way_that_is_seen_less_is_taken_only_if_its_hands_are_as_solid(seam, monkeypatch, shown, taken):
    seen = iter([3.0, 2.0])
    monkeypatch.setattr(auto, "made_visibility", lambda made, usual: next(seen))
    first, later = brought(seam, shown=1.0), brought(seam, shown=shown)
    made = AutoInterpolator({"first": Way("first", first), "later": Way("later", later)}).choose(seam)
    assert made.way == taken and ("its hands are fainter" in made.why) == (taken == "first")
