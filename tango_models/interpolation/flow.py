"""`flow`: warp both runs toward each other along dense flow, and choose between them place by place.

What counts, in this order: no double picture (two half-transparent hands), no blur, no jump. So a cross-fade happens
only where both runs, warped, show nearly but not quite the same thing (a mouth, a fold, light). Where they show the
same, one is shown as it is; where they cannot be brought together, the picture changes over at one moment.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np

from tango_models.interpolation.alignment import torso_shift, torso_similarity
from tango_models.interpolation.arms import ArmFlow, steady_arms
from tango_models.interpolation.matching import Match, arriving, blur, length, match_frames, sample, widest
from tango_models.interpolation.seam import Seam, settings_id

VERSION = 4


@dataclass(frozen=True)
class FlowSettings:
    """flow_side: px, longer side of the grid on which flow is computed. same: difference (0..255) up to which both
    runs count as the same picture. other: difference from which they count as different things. exposure_limit: most
    that local exposure is moved (0..255). torso_shift: share of the longer side from which a torso's movement is given
    to the flow as a starting point. guess: how far pictures are bent where the flow is a guess, 1 for all the way."""

    flow_side: int = 352
    same: float = 3.0
    other: float = 24.0
    exposure_limit: float = 30.0
    torso_shift: float = 0.015
    guess: float = 0.4


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
        arms = None
        if seam.outgoing_arms is not None and seam.incoming_arms is not None:
            apart = steady_arms(seam.outgoing_arms, seam.incoming_arms)
            arms = [(a, b) for a, b in zip(seam.outgoing_arms, seam.outgoing_arms + apart, strict=True)]
        layers = [self._layer(seam, k, float(alphas[k]), arms[k] if arms else None) for k in between]
        change = changeover(
            [layer.disagreement for layer in layers],
            [layer.outgoing_strain for layer in layers],
            [layer.incoming_strain for layer in layers],
        )
        change += between[0] - 1
        out = seam.cut_at(int(np.searchsorted(alphas, 1.0)))  # the frames at 0 and 1 are as they were filmed
        for k, layer in zip(between, layers, strict=True):
            out[k] = compose(seam.outgoing[k], seam.incoming[k], layer, float(alphas[k]), k >= change)
        return out

    def _layer(self, seam: Seam, index: int, alpha: float, arms: tuple[np.ndarray, np.ndarray] | None) -> Layer:
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
        match = match_frames(
            seam.outgoing[index],
            seam.incoming[index],
            torso,
            flow_side=self.settings.flow_side,
            arms=arms,
            heads=heads,
            alpha=alpha,
        )
        return warp_layer(match, alpha, self.settings)


@dataclass(frozen=True)
class Layer:
    """What one made frame takes from both runs, on the flow grid."""

    scale: float
    from_outgoing: np.ndarray  # (h, w, 2) where the in-between picture reads the outgoing frame, grid px
    from_incoming: np.ndarray
    exposure: np.ndarray  # (h, w, 3) slow difference incoming - outgoing
    fade: np.ndarray  # (h, w) 0..1: where to cross-fade
    disagreement: float  # how much the two warped pictures show different things
    outgoing_strain: float  # how far the outgoing picture is bent where the flow is a guess
    incoming_strain: float


def warp_layer(match: Match, alpha: float, settings: FlowSettings) -> Layer:
    """How two matched pictures are to be shown as one, `alpha` of the way from outgoing to incoming."""
    from_outgoing = _moved(match.forward, match.forward_confidence, match.forward_arms, alpha, settings, match.scale)
    from_incoming = _moved(
        match.backward, match.backward_confidence, match.backward_arms, 1 - alpha, settings, match.scale
    )
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
    disagreement = float((np.minimum(rest, 60.0) * _ramp(rest, settings.other * 0.5, settings.other)).mean())
    return Layer(
        match.scale,
        from_outgoing,
        from_incoming,
        exposure,
        fade,
        disagreement,
        outgoing_strain=_strain(from_outgoing, outgoing_trust, match.forward_arms),
        incoming_strain=_strain(from_incoming, incoming_trust, match.backward_arms),
    )


def compose(outgoing: np.ndarray, incoming: np.ndarray, layer: Layer, alpha: float, changed: bool) -> np.ndarray:
    """(H, W, 3) uint8; `changed`: whether the incoming run is shown where the two cannot be brought together."""
    height, width = outgoing.shape[:2]
    a = _warp_full(outgoing, layer.from_outgoing, layer.scale)
    b = _warp_full(incoming, layer.from_incoming, layer.scale)
    if np.abs(layer.exposure).max() > 0.75:
        exposure = cv2.resize(layer.exposure, (width, height), interpolation=cv2.INTER_LINEAR)
        a = np.clip(a + alpha * exposure + 0.5, 0, 255).astype(np.uint8)
        b = np.clip(b - (1 - alpha) * exposure + 0.5, 0, 255).astype(np.uint8)
    # Share of the incoming picture: alpha where cross-fading helps, all or nothing elsewhere.
    small = (layer.fade * alpha + (1 - layer.fade) * float(changed)).astype(np.float32)
    share = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.blendLinear(a, b, 1 - share, share)


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


def _trust(confidence: np.ndarray, arms: ArmFlow | None, places: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: does dense flow vouch for what is read from `places`? It does not for an arm that it lost."""
    trust = sample(confidence, places)
    return trust if arms is None else trust * (1 - arms.weight * (1 - sample(arms.found, places)))


def _strain(places: np.ndarray, trust: np.ndarray, arms: ArmFlow | None) -> float:
    """How far a picture is bent, on average, where nothing vouches for it."""
    vouched = trust if arms is None else np.maximum(trust, arms.weight)
    return float(((1 - vouched) * length(places)).mean())


def changeover(disagreements: list[float], outgoing_strain: list[float], incoming_strain: list[float]) -> int:
    """Index of the first frame that shows the incoming run where the two cannot be brought together.

    It lies where they differ least and where neither has to be bent far on a guess, within the middle half of the
    window; the middle itself in case of doubt. Arguments: one value for each of frames 1 .. count-2.
    """
    count = len(disagreements) + 2
    middle = count // 2
    best, best_cost = middle, np.inf
    for index in sorted(range(1, count), key=lambda i: abs(i - middle)):
        # Between index-1 and index: the mean of both sides (the ends of the window are not measured).
        sides = [disagreements[i - 1] for i in (index - 1, index) if 1 <= i <= count - 2]
        if abs(index - middle) > count / 4 or not sides:
            continue
        strain = sum(outgoing_strain[: index - 1]) + sum(incoming_strain[index - 1 :])
        cost = float(np.mean(sides)) * (1 + 0.2 * abs(index - middle)) + strain
        if cost < best_cost * 0.999:
            best, best_cost = index, cost
    return best


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
