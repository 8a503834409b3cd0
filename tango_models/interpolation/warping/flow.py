"""`flow`: warp both runs toward each other along dense flow, and choose between them place by place.

What counts: no jump, no picture that stays double (two half-transparent hands), no blur. So a long cross-fade happens
only where both runs, warped, show nearly but not quite the same thing (a mouth, a fold, light), and behind the speaker.
Where they show the same, one is shown as it is; where they cannot be brought together, each place goes over at its own
moment and within a few frames (`changeover`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np

from tango_models.interpolation.seam import Seam, settings_id
from tango_models.interpolation.warping.alignment import torso_shift, torso_similarity
from tango_models.interpolation.warping.arms import HAND, ArmFlow, steady
from tango_models.interpolation.warping.changeover import on_grid, plan_changeover
from tango_models.interpolation.warping.hand_layer import HandLayer, Shown, hidden, left_behind, paint
from tango_models.interpolation.warping.layers import FlowSettings, Layer, compose, ramp, warp_layer
from tango_models.interpolation.warping.matching import match_frames

VERSION = 10
_ARM_ITSELF = 0.6, 0.95  # weight of an arm's movement that belongs to it rather than to what is around


class FlowInterpolator:
    """See the module. Works on any size; 0.27 s a frame at 768 x 768 on one core, hands and the look at it included."""

    def __init__(self, **settings) -> None:
        self.settings = FlowSettings(**settings)

    @property
    def id(self) -> str:
        """`flow-version-hash of the settings`."""
        return settings_id("flow", VERSION, asdict(self.settings))

    def interpolate(self, seam: Seam) -> np.ndarray:
        """(2m, H, W, 3) uint8; the first frame is outgoing[0], the last incoming[-1], bit for bit."""
        alphas = seam.alphas
        between = [k for k in range(1, len(seam) - 1) if 0 < alphas[k] < 1]
        if not between:
            return seam.cut_at(seam.half)
        arms: list[tuple[np.ndarray, np.ndarray]] | None = None
        shown: dict[int, list[Shown]] = {}
        if seam.outgoing_arms is not None and seam.incoming_arms is not None:
            apart = steady(seam.outgoing_arms, seam.incoming_arms)
            arms = arm_pairs(seam)
            if arms and self.settings.hands:
                hands = HandLayer(seam, apart)
                shown = {k: hands.at(k) for k in between}
                for k in between:
                    _let_go(arms[k], shown[k])
        layers = [self._layer(seam, k, float(alphas[k]), arms[k] if arms else None, shown.get(k, [])) for k in between]
        plan = plan_changeover(
            [layer.rest for layer in layers],
            self._person(seam, layers[0].rest.shape),
            per_frame=self.settings.per_frame,
            longest=self.settings.longest,
        )
        out = seam.cut_at(int(np.searchsorted(alphas, 1.0)))  # the frames at 0 and 1 are as they were filmed
        for index, (k, layer) in enumerate(zip(between, layers, strict=True), start=1):
            runs, brought = (seam.outgoing[k], seam.incoming[k]), shown.get(k, [])
            without = None
            if brought:
                without = self._without(seam, k, brought, layer)
            out[k] = compose(*runs, layer, float(alphas[k]), plan.share(index), without)
            for hand in brought:
                paint(out[k], hand, *runs)
        return out

    def _without(self, seam: Seam, k: int, brought: list[Shown], layer: Layer) -> tuple[np.ndarray, np.ndarray]:
        """(h, w) 0..1 of both runs' frames: what is painted elsewhere, hands, forearms and sleeves around them."""
        grid = layer.rest.shape, layer.scale
        without = hidden(brought, *grid, incoming=False), hidden(brought, *grid, incoming=True)
        masks, arms = (seam.outgoing_person, seam.incoming_person), (seam.outgoing_arms, seam.incoming_arms)
        if masks[0] is None or masks[1] is None:
            return without
        persons = [self._grown([mask[k]], grid[0]) for mask in masks if mask is not None]
        for run, points in enumerate(arms):
            assert points is not None, "a hand is brought by its points"
            of, gone = (persons[run], persons[1 - run]), float(abs(run - seam.alphas[k]))
            left = left_behind(brought, points[k], of, *grid, incoming=bool(run), gone=gone)
            np.maximum(without[run], left, out=without[run])
        return without

    def _person(self, seam: Seam, shape: tuple[int, int]) -> np.ndarray | None:
        if seam.outgoing_person is None or seam.incoming_person is None:
            return None
        return self._grown([*seam.outgoing_person, *seam.incoming_person], shape)

    def _layer(
        self,
        seam: Seam,
        index: int,
        alpha: float,
        arms: tuple[np.ndarray, np.ndarray] | None,
        brought: Sequence[Shown] = (),
    ) -> Layer:
        torso = None
        if seam.outgoing_points is not None and seam.incoming_points is not None:
            points = seam.outgoing_points[index]
            torso = torso_similarity(points, seam.incoming_points[index])
            # A torso that hardly moved needs no second flow: small movements the first finds by itself.
            if torso is not None and torso_shift(torso, points) < self.settings.torso_shift * max(
                seam.outgoing.shape[1:3]
            ):
                torso = None
        heads = None
        if seam.outgoing_heads is not None and seam.incoming_heads is not None:
            heads = (seam.outgoing_heads[index], seam.incoming_heads[index])
        faces = None
        if seam.outgoing_faces is not None and seam.incoming_faces is not None:
            outgoing, incoming = seam.outgoing_faces, seam.incoming_faces
            faces = (outgoing[index], (outgoing + steady(outgoing, incoming))[index])
        match = match_frames(
            seam.outgoing[index],
            seam.incoming[index],
            torso,
            flow_side=self.settings.flow_side,
            arms=arms,
            brought=[hand.side for hand in brought],
            heads=heads,
            faces=faces,
            alpha=alpha,
        )
        if seam.outgoing_person is not None and seam.incoming_person is not None:
            person = self._grown([seam.outgoing_person[index], seam.incoming_person[index]], match.outgoing.shape[:2])
            match = replace(
                match,
                forward_arms=_on_person(match.forward_arms, person),
                backward_arms=_on_person(match.backward_arms, person),
            )
        return warp_layer(match, alpha, self.settings)

    def layer(self, seam: Seam, index: int, arms: Sequence[tuple[np.ndarray, np.ndarray]] | None) -> Layer:
        """What frame `index` takes from both runs; `arms`: those of `arm_pairs`."""
        return self._layer(seam, index, float(seam.alphas[index]), arms[index] if arms else None)

    def _grown(self, masks: Sequence[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
        return on_grid(masks, shape, around=self.settings.around_person * max(shape))


def arm_pairs(seam: Seam) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """(2, 24, 2) px of the arms in both runs for each frame of a seam, the incoming ones steady; None without any."""
    if seam.outgoing_arms is None or seam.incoming_arms is None:
        return None
    apart = steady(seam.outgoing_arms, seam.incoming_arms)
    return [(a.copy(), b) for a, b in zip(seam.outgoing_arms, seam.outgoing_arms + apart, strict=True)]


def _let_go(arms: tuple[np.ndarray, np.ndarray], brought: Sequence[Shown]) -> None:
    """A hand that is brought as a picture of its own bends nothing: its points in both runs (2, 24, 2) become unknown.
    Shoulder, elbow and wrist still say where its sleeve goes, of which only the forearm is brought."""
    for part in brought:
        for points in arms:
            points[part.side, HAND:] = np.nan


def _on_person(arms: ArmFlow | None, person: np.ndarray) -> ArmFlow | None:
    """Cloth gives way to a moving hand, what stands behind the speaker does not: there only the arm itself moves."""
    if arms is None:
        return None
    return replace(arms, weight=arms.weight * np.maximum(person, ramp(arms.weight, *_ARM_ITSELF)))
