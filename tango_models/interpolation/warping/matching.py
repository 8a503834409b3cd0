"""Dense correspondence of two frames: DIS flow both ways, its reliability, and a guess where it has none.

Dense Inverse Search: Kroeger et al., ECCV 2016, as in OpenCV.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tango_models.interpolation.warping.alignment import similarity_flow
from tango_models.interpolation.warping.arms import ArmFlow, arm_flow
from tango_models.interpolation.warping.face_flow import FaceFlow, face_flow
from tango_models.media.pictures.dense_flow import dense_flow

_AGREES = 3.0  # grid px that dense flow may differ from the landmarks' and be taken for the same movement
_LOST, _SURE = 0.4, 0.8  # confidence of dense flow around: below, bones say where an arm goes; above, it does itself


@dataclass(frozen=True)
class Match:
    """On the flow grid (h, w), `scale` grid px per frame px; flows in grid px."""

    scale: float
    outgoing: np.ndarray  # (h, w, 3) float32 RGB 0..255
    incoming: np.ndarray
    forward: np.ndarray  # (h, w, 2): outgoing pixel -> its place in incoming; filled in where it is unreliable
    backward: np.ndarray  # (h, w, 2): incoming pixel -> its place in outgoing
    forward_confidence: np.ndarray  # (h, w) 0..1
    backward_confidence: np.ndarray
    forward_face: np.ndarray  # (h, w) 0..1: the face's points say where this place goes, and dense flow did not know
    backward_face: np.ndarray
    forward_arms: ArmFlow | None = None  # what moves with the arms' landmarks instead
    backward_arms: ArmFlow | None = None


def match_frames(
    outgoing: np.ndarray,
    incoming: np.ndarray,
    torso: np.ndarray | None,
    *,
    flow_side: int,
    arms: tuple[np.ndarray, np.ndarray] | None = None,
    brought: Sequence[int] = (),
    heads: tuple[np.ndarray, np.ndarray] | None = None,
    faces: tuple[np.ndarray, np.ndarray] | None = None,
    alpha: float = 0.5,
) -> Match:
    """Match of two (H, W, 3) uint8 frames; `torso` (2, 3) takes outgoing px to incoming px, or None.

    With `torso`, flow is computed twice: from rest, which suits a static background, and from the torso's
    movement, which suits the person; per place the one that explains the picture better is kept.

    With `arms`, the places (2, 24, 2) px of the arms' points in outgoing and incoming, hands and forearms go where
    their points go; `alpha` is the way from outgoing to incoming at which the two will meet; `brought` are those arms,
    0 and 1, whose hands are pictures of their own. `heads`, (3,) middle and radius of both, are not bent by hands
    beside them. With `faces`, (P, 2) px of the face's points in both, a face goes where they go.
    """
    height, width = outgoing.shape[:2]
    scale = min(1.0, flow_side / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = [cv2.resize(f, size, interpolation=cv2.INTER_AREA) if scale < 1 else f for f in (outgoing, incoming)]
    gray = [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in small]
    guesses: list[np.ndarray | None] = [None]
    if torso is not None:
        guesses.append(similarity_flow(torso, size[1], size[0], scale))
    forward = _best_flow(gray[0], gray[1], guesses)
    back_guesses = [None if g is None else _compose_inverse(g) for g in guesses]
    backward = _best_flow(gray[1], gray[0], back_guesses)
    a, b = small[0].astype(np.float32), small[1].astype(np.float32)
    forward_confidence = _consistency(forward, backward) * _likeness(a, b, forward) * _foldlessness(forward)
    backward_confidence = _consistency(backward, forward) * _likeness(b, a, backward) * _foldlessness(backward)
    there, back = (arms, arms[::-1]) if arms is not None else (None, None)
    on_there, on_back = (faces, faces[::-1]) if faces is not None else (None, None)
    forward, forward_face = _with_face(forward, forward_confidence, on_there, scale=size[0] / width)
    backward, backward_face = _with_face(backward, backward_confidence, on_back, scale=size[0] / width)
    forward = _filled(forward, np.maximum(forward_confidence, forward_face))
    backward = _filled(backward, np.maximum(backward_confidence, backward_face))
    return Match(
        scale=size[0] / width,
        outgoing=a,
        incoming=b,
        forward=forward,
        backward=backward,
        forward_confidence=forward_confidence,
        backward_confidence=backward_confidence,
        forward_face=forward_face,
        backward_face=backward_face,
        forward_arms=_arms(forward, forward_confidence, there, heads, brought, scale=size[0] / width, share=alpha),
        backward_arms=_arms(
            backward, backward_confidence, back, heads, brought, scale=size[0] / width, share=1 - alpha
        ),
    )


def _with_face(
    flow: np.ndarray, confidence: np.ndarray, faces: tuple[np.ndarray, np.ndarray] | None, *, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """The flow with the face's own, and (h, w) 0..1 where that is told by its points. Where dense flow says about the
    same it knows better, since points are told to a pixel or two."""
    guide: FaceFlow | None = None
    if faces is not None:
        guide = face_flow(*faces, height=flow.shape[0], width=flow.shape[1], scale=scale)
    if guide is None:
        return flow, np.zeros(flow.shape[:2], np.float32)
    told = guide.weight * (1 - _agreement(flow, guide.flow, confidence))
    return flow + told[..., None] * (guide.flow - flow), told


def _agreement(flow: np.ndarray, guide: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: is dense flow sure, and does it say what landmarks do?"""
    return blur(confidence * np.exp(-0.5 * (length(flow - guide) / _AGREES) ** 2), max(confidence.shape) / 60)


def _arms(
    flow: np.ndarray,
    confidence: np.ndarray,
    arms: tuple[np.ndarray, np.ndarray] | None,
    heads: tuple[np.ndarray, np.ndarray] | None,
    brought: Sequence[int],
    *,
    scale: float,
    share: float,
) -> ArmFlow | None:
    """The arms' own flow. Where dense flow found an arm by itself, it knows fingers and folds better than bones do,
    whose ends are told to a few pixels."""
    if arms is None:
        return None
    size = {"height": flow.shape[0], "width": flow.shape[1]}
    guide = arm_flow(*arms, **size, scale=scale, share=share, heads=heads or (), brought=brought)
    if guide is None:
        return None
    agreement = _agreement(flow, guide.flow, confidence)
    sure = blur(confidence, max(confidence.shape) / 40)
    agreement = np.maximum(agreement, np.clip((sure - _LOST) / (_SURE - _LOST), 0, 1))
    return ArmFlow(guide.flow + agreement[..., None] * (flow - guide.flow), guide.weight, found=agreement)


def sample(image: np.ndarray, displacement: np.ndarray, *, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """`image` (h, w, C) read at (x, y) + displacement (h, w, 2)."""
    places = displacement.copy()
    places[..., 0] += np.arange(places.shape[1], dtype=np.float32)
    places[..., 1] += np.arange(places.shape[0], dtype=np.float32)[:, None]
    # map1 holds both coordinates, so there is no map2; OpenCV's type stubs do not know that form.
    return cv2.remap(image, places, None, interpolation, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]


def length(vectors: np.ndarray) -> np.ndarray:
    """(h, w) lengths of (h, w, 2) vectors; several times faster than a norm over the last axis."""
    return cv2.magnitude(np.ascontiguousarray(vectors[..., 0]), np.ascontiguousarray(vectors[..., 1]))


def widest(difference: np.ndarray) -> np.ndarray:
    """(h, w) largest absolute channel of (h, w, 3)."""
    red, green, blue = cv2.split(np.abs(difference))
    return cv2.max(cv2.max(red, green), blue)


def arriving(flow: np.ndarray, share: float, iterations: int = 3) -> np.ndarray:
    """(h, w, 2) displacement back to where a pixel came from, when everything moved `share` of `flow`.

    Solves y = x + share * flow(x) for x by fixed point; returns x - y.
    """
    moved = -share * flow
    if share == 0:
        return moved
    for _ in range(iterations):
        moved = -share * sample(flow, moved)
    return moved


def _best_flow(source: np.ndarray, target: np.ndarray, guesses: list[np.ndarray | None]) -> np.ndarray:
    best: np.ndarray | None = None
    for guess in guesses:
        engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        engine.setFinestScale(1)
        engine.setGradientDescentIterations(16)  # of 25: no visible change, a fifth faster
        start = None if guess is None else guess.copy()  # it is overwritten with the answer
        flow = dense_flow(engine, source, target, start)
        if len(guesses) == 1:
            return flow
        error = np.abs(sample(target, flow).astype(np.float32) - source)
        error = cv2.GaussianBlur(error, (0, 0), 4)
        if best is None:
            best, best_error = flow, error
        else:
            # A soft choice: a hard one would tear the picture along its border.
            weight = cv2.GaussianBlur((error + 1.0 < best_error).astype(np.float32), (0, 0), 3)[..., None]
            best = best + weight * (flow - best)
    return best  # type: ignore[return-value]


def _compose_inverse(flow: np.ndarray) -> np.ndarray:
    return arriving(flow, 1.0)


def _consistency(flow: np.ndarray, reverse: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: does going there and back return to the same place?"""
    gap = length(flow + sample(reverse, flow))
    tolerance = 1.0 + 0.05 * length(flow)
    return np.exp(-0.5 * (gap / tolerance) ** 2).astype(np.float32)


def _likeness(source: np.ndarray, target: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """(h, w) 0..1: does the flow lead to the same colours? Exposure, which changes slowly, is left out."""
    difference = sample(target, flow) - source
    difference -= blur(difference, max(flow.shape[:2]) / 8)
    error = cv2.GaussianBlur(widest(difference), (0, 0), 1.5)
    return np.exp(-0.5 * (error / 20.0) ** 2)


def _foldlessness(flow: np.ndarray) -> np.ndarray:
    """(h, w) 0..1, low where the flow tears or folds the picture: its Jacobian leaves 1/3 .. 3."""
    grown = cv2.GaussianBlur(flow, (0, 0), 1.0)
    u, v = np.ascontiguousarray(grown[..., 0]), np.ascontiguousarray(grown[..., 1])
    ux, uy = cv2.Sobel(u, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(u, cv2.CV_32F, 0, 1, scale=0.125)
    vx, vy = cv2.Sobel(v, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(v, cv2.CV_32F, 0, 1, scale=0.125)
    area = (1 + ux) * (1 + vy) - uy * vx
    shear = cv2.max(cv2.magnitude(ux, uy), cv2.magnitude(vx, vy))
    good = ((area > 1 / 3) & (area < 3) & (shear < 1.0)).astype(np.float32)
    return cv2.GaussianBlur(cv2.erode(good, np.ones((3, 3), np.uint8)), (0, 0), 2.0)


def _filled(flow: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Flow that keeps its reliable part and continues it smoothly into the rest."""
    side = max(flow.shape[:2])
    total = np.zeros_like(flow)
    weight = np.full(flow.shape[:2], 1e-6, np.float32)
    for spread, share in ((side / 40, 1.0), (side / 12, 0.05), (side / 4, 0.002)):
        weight += share * blur(confidence, spread)
        total += share * blur(confidence[..., None] * flow, spread)
    smooth = total / weight[..., None]
    return confidence[..., None] * flow + (1 - confidence[..., None]) * smooth


def blur(image: np.ndarray, spread: float) -> np.ndarray:
    """Gaussian blur of any width at the price of a narrow one: on a reduced copy."""
    factor = max(1, int(spread / 3))
    if factor == 1:
        return cv2.GaussianBlur(image, (0, 0), spread, borderType=cv2.BORDER_REPLICATE)
    height, width = image.shape[:2]
    reduced = cv2.resize(image, (max(1, width // factor), max(1, height // factor)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(reduced, (0, 0), spread / factor, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)
