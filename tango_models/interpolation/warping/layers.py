"""What a made frame takes from both runs: where each of its places is read, how the two are mixed, and that done."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tango_models.interpolation.warping.arms import ArmFlow
from tango_models.interpolation.warping.matching import Match, arriving, blur, length, sample, widest

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
    fade = trust * ramp(rest, settings.same * 0.5, settings.same * 1.5)
    fade *= 1 - ramp(rest, settings.other * 0.5, settings.other)
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
    return (1 - ramp(beyond, *_BEYOND)).astype(np.float32)


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
    share = cv2.resize(ramp(weight, 0.1, 0.6).astype(np.float32), inside.shape[1::-1])
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
    return (displacement * ramp(size, 0.2, 0.5)).astype(np.float32)


def _warp_full(image: np.ndarray, displacement: np.ndarray, scale: float) -> np.ndarray:
    height, width = image.shape[:2]
    full = cv2.resize(displacement, (width, height), interpolation=cv2.INTER_LINEAR) / scale
    return sample(image, full, interpolation=cv2.INTER_CUBIC)


def ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, smoothstep between."""
    x = np.clip((value - low) / (high - low), 0, 1)
    return x * x * (3 - 2 * x)
