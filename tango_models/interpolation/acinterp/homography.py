"""How the camera moved between two frames, told by the background, and what the background looks like between them.

TANGO's homography background flow: matches outside the person, a homography by RANSAC, and homographies on the way from
one frame to the other. The camera of most footage stands still; then all of it is exactly the identity.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_RATIO = 0.8  # Lowe 2004: a match counts when the second best is so much worse
_WITHIN = 1.0  # px that a match may lie off a homography
_FEWEST, _SHARE = 12, 0.3  # matches, and share of all, that a homography must explain
_STANDS = 0.5  # px: a camera that moves the picture's corners by less stands still
_FARTHEST = 0.4  # of the longer side; a corner that went further was matched wrongly
_AROUND = 0.02  # of the longer side around the person: masks are coarse


@dataclass(frozen=True)
class CameraMove:
    """matrix   (3, 3) takes pixels of the first frame to the second's; the identity where nothing tells otherwise"""

    matrix: np.ndarray

    @property
    def still(self) -> bool:
        return bool((self.matrix == np.eye(3)).all())


def camera_move(first: np.ndarray, second: np.ndarray, person: np.ndarray, other_person: np.ndarray) -> CameraMove:
    """The movement between two frames (H, W, 3) uint8.

    Args:
        person, other_person: (h, w) bool, of any size: where the speaker is in each.
    """
    height, width = first.shape[:2]
    detector = cv2.SIFT.create(nfeatures=1500)
    found = []
    for frame, mask in ((first, person), (second, other_person)):
        grey = cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY)
        found.append(detector.detectAndCompute(grey, (~around_person(mask, width, height)).astype(np.uint8)))
    (points, features), (other_points, other_features) = found
    if features is None or other_features is None or len(other_features) < 2:
        return CameraMove(np.eye(3))
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(features, other_features, k=2)
    good = [best for best, next_best in pairs if best.distance < _RATIO * next_best.distance]
    a = np.array([points[match.queryIdx].pt for match in good], np.float32).reshape(-1, 2)
    b = np.array([other_points[match.trainIdx].pt for match in good], np.float32).reshape(-1, 2)
    if len(good) < _FEWEST:
        return CameraMove(np.eye(3))
    cv2.setRNGSeed(0)  # the same frames give the same homography
    matrix, inside = cv2.findHomography(a, b, cv2.RANSAC, _WITHIN, maxIters=4000, confidence=0.999)
    inliers = 0 if inside is None else int(inside.sum())
    steady = int((np.linalg.norm(a - b, axis=1) < _WITHIN).sum())
    # Of two explanations that are about as good, the camera that stands is the likelier.
    if matrix is None or inliers < max(_FEWEST, _SHARE * len(good)) or steady > 0.9 * inliers:
        return CameraMove(np.eye(3))
    farthest = float(np.linalg.norm(_moved(matrix, width, height) - _corners(width, height), axis=1).max())
    if not _STANDS <= farthest <= _FARTHEST * max(width, height):
        return CameraMove(np.eye(3))
    return CameraMove(matrix / matrix[2, 2])


def on_the_way(matrix: np.ndarray, share: float, width: int, height: int) -> np.ndarray:
    """(3, 3) the homography `share` (0..1) of the way from the identity to `matrix`: each corner of the picture goes
    evenly to its place."""
    if (matrix == np.eye(3)).all():
        return np.eye(3)
    corners = _corners(width, height)
    goal = corners + share * (_moved(matrix, width, height) - corners)
    return cv2.getPerspectiveTransform(corners.astype(np.float32), goal.astype(np.float32)).astype(np.float64)


def background_between(
    first: np.ndarray, last: np.ndarray, person: np.ndarray, other_person: np.ndarray, move: CameraMove, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """The background as the camera saw it `share` of the way from `first` to `last` (H, W, 3) uint8.

    Returns:
        (H, W, 3) uint8, black where it is unknown, and (H, W) bool: where either frame shows it.
    """
    height, width = first.shape[:2]
    here = on_the_way(move.matrix, share, width, height)
    views: tuple[tuple[np.ndarray, np.ndarray, np.ndarray, float], ...] = (
        (first, around_person(person, width, height), here, 1 - share),
        (last, around_person(other_person, width, height), here @ np.linalg.inv(move.matrix), share),
    )
    total, weight = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    for frame, hidden, matrix, part in views:
        shown: np.ndarray = frame
        open_to_view: np.ndarray = (~hidden).astype(np.float32)
        if not move.still:
            shown = cv2.warpPerspective(frame, matrix, (width, height), flags=cv2.INTER_LINEAR)
            open_to_view = cv2.warpPerspective(open_to_view, matrix, (width, height), flags=cv2.INTER_LINEAR)
        seen = (open_to_view > 0.99) * np.float32(max(part, 1e-3))
        total += seen[..., None] * shown
        weight += seen
    known = weight > 0
    picture = total / np.maximum(weight, 1e-9)[..., None]
    return np.where(known[..., None], np.rint(picture), 0).astype(np.uint8), known


def around_person(mask: np.ndarray, width: int, height: int) -> np.ndarray:
    """(height, width) bool: a mask (h, w) of any size, grown by what it may be off."""
    full = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    side = 2 * round(_AROUND * max(width, height)) + 1
    return cv2.dilate(full, np.ones((side, side), np.uint8)) > 0


def _corners(width: int, height: int) -> np.ndarray:
    return np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)


def _moved(matrix: np.ndarray, width: int, height: int) -> np.ndarray:
    """(4, 2) where the corners go."""
    return cv2.perspectiveTransform(_corners(width, height)[None], matrix)[0]
