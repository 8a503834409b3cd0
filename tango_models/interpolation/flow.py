"""`flow`: warp both runs toward each other along dense flow, and choose between them place by place.

What counts: no jump, no picture that stays double (two half-transparent hands), no blur. So a long cross-fade happens
only where both runs, warped, show nearly but not quite the same thing (a mouth, a fold, light), and behind the speaker.
Where they show the same, one is shown as it is; where they cannot be brought together, each place goes over at its own
moment and within a few frames (`changeover`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import cv2
import numpy as np

from tango_models.interpolation.alignment import torso_shift, torso_similarity
from tango_models.interpolation.arms import HAND, ArmFlow, steady
from tango_models.interpolation.changeover import on_grid, plan_changeover
from tango_models.interpolation.hand_layer import HandLayer, Shown, hidden, left_behind, paint
from tango_models.interpolation.matching import Match, arriving, blur, length, match_frames, sample, widest
from tango_models.interpolation.seam import Seam, settings_id

VERSION = 10
_ARM_ITSELF = 0.6, 0.95  # weight of an arm's movement that belongs to it rather than to what is around
_BEYOND = 0.5, 2.5  # px of the grid beyond the picture's edge over which a run is no longer believed
_ANY, _LAST_RESORT = 0.01, 0.0005  # weights of the run that is not shown, and of a hand that is painted elsewhere


@dataclass(frozen=True)
class FlowSettings:
    """flow_side: px, longer side of the grid on which flow is computed. same: difference (0..255) up to which both
    runs count as the same picture. other: difference from which they count as different things. exposure_limit: most
    that local exposure is moved (0..255). torso_shift: share of the longer side from which a torso's movement is given
    to the flow as a starting point. guess: how far pictures are bent where the flow is a guess, 1 for all the way.
    per_frame: grey levels by which a place may change in a frame when it goes over to the other run. longest: frames
    over which a place on the speaker goes over at most. around_person: share of the longer side that belongs to the
    speaker's outline. hands: bring hands as pictures of their own."""

    flow_side: int = 352
    same: float = 3.0
    other: float = 24.0
    exposure_limit: float = 30.0
    torso_shift: float = 0.015
    guess: float = 0.4
    per_frame: float = 2.0
    longest: float = 9.0
    around_person: float = 0.02
    hands: bool = True


class FlowInterpolator:
    """See the module. Works on any size; 0.14 s a frame at 768 x 768 on one core, 0.2 where the torso moved far."""

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
            arms = [(a.copy(), b) for a, b in zip(seam.outgoing_arms, seam.outgoing_arms + apart, strict=True)]
            if self.settings.hands:
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


@dataclass(frozen=True)
class Layer:
    """What one made frame takes from both runs, on the flow grid."""

    scale: float
    from_outgoing: np.ndarray  # (h, w, 2) where the in-between picture reads the outgoing frame, grid px
    from_incoming: np.ndarray
    exposure: np.ndarray  # (h, w, 3) slow difference incoming - outgoing
    fade: np.ndarray  # (h, w) 0..1: where to cross-fade
    rest: np.ndarray  # (h, w) grey levels that the two warped pictures are apart


def warp_layer(match: Match, alpha: float, settings: FlowSettings) -> Layer:
    """How two matched pictures are to be shown as one, `alpha` of the way from outgoing to incoming."""
    sure = np.maximum(match.forward_confidence, match.forward_face)
    from_outgoing = _moved(match.forward, sure, match.forward_arms, alpha, settings, match.scale)
    sure = np.maximum(match.backward_confidence, match.backward_face)
    from_incoming = _moved(match.backward, sure, match.backward_arms, 1 - alpha, settings, match.scale)
    a, b = sample(match.outgoing, from_outgoing), sample(match.incoming, from_incoming)
    outgoing_trust = _trust(match.forward_confidence, match.forward_arms, from_outgoing)
    incoming_trust = _trust(match.backward_confidence, match.backward_arms, from_incoming)
    trust = np.minimum(outgoing_trust, incoming_trust)
    difference = b - a
    # Exposure is what reliable places tell, over a tenth of the picture: slow enough to leave every object alone.
    steady = trust * (widest(difference) < 2 * settings.exposure_limit)
    spread = max(trust.shape) / 10
    exposure = blur(steady[..., None] * difference, spread) / (blur(steady, spread) + 0.02)[..., None]
    exposure = np.clip(exposure, -settings.exposure_limit, settings.exposure_limit).astype(np.float32)
    rest = cv2.GaussianBlur(widest(difference - exposure), (0, 0), 1.5)
    fade = trust * _ramp(rest, settings.same * 0.5, settings.same * 1.5)
    fade *= 1 - _ramp(rest, settings.other * 0.5, settings.other)
    fade = cv2.GaussianBlur(fade.astype(np.float32), (0, 0), 2.0)
    return Layer(
        match.scale,
        from_outgoing,
        from_incoming,
        exposure,
        fade,
        rest,
    )


def compose(
    outgoing: np.ndarray,
    incoming: np.ndarray,
    layer: Layer,
    alpha: float,
    changed: np.ndarray | float,
    without: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """(H, W, 3) uint8; `changed`: share (h, w) of the incoming run where the two cannot be brought together.
    `without`: (h, w) 0..1, what of each frame is not to be shown if the other has something there; nor is what lies
    beyond its edge."""
    height, width = outgoing.shape[:2]
    a = _warp_full(outgoing, layer.from_outgoing, layer.scale)
    b = _warp_full(incoming, layer.from_incoming, layer.scale)
    if np.abs(layer.exposure).max() > 0.75:
        exposure = cv2.resize(layer.exposure, (width, height), interpolation=cv2.INTER_LINEAR)
        a = np.clip(a + alpha * exposure + 0.5, 0, 255).astype(np.uint8)
        b = np.clip(b - (1 - alpha) * exposure + 0.5, 0, 255).astype(np.uint8)
    # Share of the incoming picture: alpha where cross-fading helps, as it was planned elsewhere.
    small = (layer.fade * alpha + (1 - layer.fade) * changed).astype(np.float32)
    reads = (layer.from_outgoing, layer.from_incoming)
    seen = [_in_picture(place) for place in reads]
    if without is not None:
        seen = [s * (1 - sample(gone, place)) for s, gone, place in zip(seen, without, reads, strict=True)]
    elif min(float(s.min()) for s in seen) == 1:
        share = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        return cv2.blendLinear(a, b, 1 - share, share)
    old = (1 - small + _ANY) * np.clip(seen[0], _LAST_RESORT, 1)
    new = (small + _ANY) * np.clip(seen[1], _LAST_RESORT, 1)
    share = cv2.resize(new / (old + new), (width, height), interpolation=cv2.INTER_LINEAR)
    return filled(cv2.blendLinear(a, b, 1 - share, share), np.maximum(*seen))


def _in_picture(displacement: np.ndarray) -> np.ndarray:
    """(h, w) 1 where something is read from within the picture, 0 where from so far beyond its edge that the edge's
    pixels would be drawn out into lines."""
    height, width = displacement.shape[:2]
    x = displacement[..., 0] + np.arange(width, dtype=np.float32)
    y = displacement[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    beyond = np.maximum(np.maximum(-x, x - (width - 1)), np.maximum(-y, y - (height - 1)))
    return (1 - _ramp(beyond, *_BEYOND)).astype(np.float32)


def filled(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """`picture` (H, W, 3) uint8 with what is around continued, smoothly, into where it is not `known` (h, w) 0..1."""
    if known.min() > 0.9:
        return picture
    height, width = picture.shape[:2]
    rows, columns = np.nonzero(known < 0.9)
    margin = max(known.shape) // 12
    top, left = max(0, int(rows.min()) - margin), max(0, int(columns.min()) - margin)
    bottom, right = int(rows.max()) + 1 + margin, int(columns.max()) + 1 + margin
    weight = known[top:bottom, left:right]
    y, x = height / known.shape[0], width / known.shape[1]
    box = (slice(round(top * y), round(bottom * y)), slice(round(left * x), round(right * x)))
    inside = picture[box]
    small = cv2.resize(inside, weight.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    total, mass = np.zeros_like(small), np.full(weight.shape, 1e-6, np.float32)
    for spread, part in ((2.0, 1.0), (6.0, 0.01), (20.0, 1e-4)):
        total += part * blur((weight**2)[..., None] * small, spread)
        mass += part * blur(weight**2, spread)
    around = cv2.resize((total / mass[..., None]).clip(0, 255).astype(np.uint8), inside.shape[1::-1])
    share = cv2.resize(_ramp(weight, 0.1, 0.6).astype(np.float32), inside.shape[1::-1])
    picture[box] = cv2.blendLinear(inside, around, share, 1 - share)
    return picture


def _moved(
    flow: np.ndarray,
    confidence: np.ndarray,
    arms: ArmFlow | None,
    share: float,
    settings: FlowSettings,
    scale: float,
) -> np.ndarray:
    """(h, w, 2) where a picture that moved `share` of the way reads its source: arms by their flow, the rest by dense
    flow."""
    places = arriving(_tamed(flow, confidence, settings), share)
    if arms is not None:
        places = places + arms.weight[..., None] * (arriving(arms.flow, share) - places)
    return _still(places, scale)


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
    return replace(arms, weight=arms.weight * np.maximum(person, _ramp(arms.weight, *_ARM_ITSELF)))


def _trust(confidence: np.ndarray, arms: ArmFlow | None, places: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: does dense flow vouch for what is read from `places`? It does not for an arm that it lost."""
    trust = sample(confidence, places)
    return trust if arms is None else trust * (1 - arms.weight * (1 - sample(arms.found, places)))


def _tamed(flow: np.ndarray, confidence: np.ndarray, settings: FlowSettings) -> np.ndarray:
    """Less movement around places where the flow is a guess: bending a hand there tears it, leaving it does not."""
    trust = blur(confidence, max(confidence.shape) / 40)
    return flow * (settings.guess + (1 - settings.guess) * trust)[..., None]


def _still(displacement: np.ndarray, scale: float) -> np.ndarray:
    """Displacements under a third of a frame pixel are noise of the flow: dropped, so that what stands still keeps its
    every pixel."""
    size = length(displacement)[..., None] / scale
    return (displacement * _ramp(size, 0.2, 0.5)).astype(np.float32)


def _warp_full(image: np.ndarray, displacement: np.ndarray, scale: float) -> np.ndarray:
    height, width = image.shape[:2]
    full = cv2.resize(displacement, (width, height), interpolation=cv2.INTER_LINEAR) / scale
    return sample(image, full, interpolation=cv2.INTER_CUBIC)


def _ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, smoothstep between."""
    x = np.clip((value - low) / (high - low), 0, 1)
    return x * x * (3 - 2 * x)
