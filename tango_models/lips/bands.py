"""Pictures put together band by band (Burt & Adelson 1983, "A multiresolution spline"), so that none is blurred."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_LEVELS = 4  # of the pyramids that are blended: the widest band is blended over 16 px
_FINE = 2  # bands, of details up to 4 px, that are not mixed from two mouths


def mixed(layers: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Layers (h, w, 3) by their weights, but the fine bands of the heaviest alone: pores and the edges of teeth of two
    pictures do not lie upon each other, and a mean of them is a blur or a ghost."""
    import cv2

    first = layers[int(np.argmax(weights))]
    total = first.copy()
    for layer, weight in zip(layers, weights, strict=True):
        if layer is first:
            continue
        coarse, sizes = layer - first, []
        for _ in range(_FINE):
            sizes.append(coarse.shape[1::-1])
            coarse = cv2.pyrDown(coarse)
        for size in reversed(sizes):
            coarse = cv2.pyrUp(coarse, dstsize=size)
        total += weight / sum(weights) * coarse
    return total


def blended(under: np.ndarray, over: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """`over` (h, w, 3) upon `under` where alpha (h, w) is 1, each band over its own width."""
    import cv2

    levels = max(0, min(_LEVELS, int(np.log2(max(1, min(alpha.shape) // 8)))))
    difference, mask = over - under, alpha
    stack = []
    for _ in range(levels):
        half, thin = cv2.pyrDown(difference), cv2.pyrDown(mask)
        stack.append((difference - cv2.pyrUp(half, dstsize=difference.shape[1::-1]), mask))
        difference, mask = half, thin
    total = difference * mask[..., None]
    for fine, weight in reversed(stack):
        total = cv2.pyrUp(total, dstsize=fine.shape[1::-1]) + fine * weight[..., None]
    return under + total
