"""`refiner`: what `flow` made, finished around the hands by the refiner."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tango_models.interpolation.acinterp.refiner_input import Box, Sight, flow_frames, sights
from tango_models.interpolation.acinterp.weight_files import REFINER, read_header
from tango_models.interpolation.seam import Seam, settings_id
from tango_models.interpolation.warping.flow import FlowInterpolator

if TYPE_CHECKING:
    from tango_models.interpolation.acinterp.refiner import Refiner

VERSION = 2
_SIDE = 256  # px of a box's longer side as the network sees it at most
_SOFT = 12  # px over which what is made goes over into what is around it


class RefinerInterpolator:
    """See the module. What lies outside the hands' boxes, and what a speaker without known hands shows, is `flow`'s.

    Args:
        weights: a file of `tango train acinterp --stage refiner`.
        content: what stands for the file in `id`; None takes its path.

    Raises:
        InputError: no such file, or not of this kind.
    """

    def __init__(self, weights: Path, *, content: str | None = None, device: str | None = None) -> None:
        read_header(weights, REFINER)
        self.weights, self._content, self._device = weights, content or str(weights.absolute()), device

    @property
    def id(self) -> str:
        """`refiner-version-hash` of the weights and of the flow beneath."""
        return settings_id("refiner", VERSION, {"weights": self._content, "flow": FlowInterpolator().id})

    def interpolate(self, seam: Seam) -> np.ndarray:
        """(2m, H, W, 3) uint8; the first frame is outgoing[0], the last incoming[-1], bit for bit."""
        import torch

        made = flow_frames(seam)
        device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        network = _network(self.weights, device)
        for sight in sights(seam, made.copy()):
            for box in sight.boxes:
                refine_box(network, sight, box, made[sight.index])
        return made


def refine_box(network: Refiner, sight: Sight, box: Box, frame: np.ndarray) -> None:
    """Finish a box of `frame` (H, W, 3) uint8 in place.

    The network sees a large box reduced. Its shares are enlarged and choose among the pictures as they are, so that
    what is copied stays as sharp as it was filmed.
    """
    import torch

    from tango_models.interpolation.acinterp.refiner import LAYERS

    rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
    given, inside = network_input(sight.channels(rows, columns))
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(sight.index)
    with torch.inference_mode():
        shares, added = network(torch.from_numpy(given)[None].to(device), generator)
    answer = torch.cat([shares, added], 1)[0, :, : inside[0], : inside[1]].float().cpu().numpy().transpose(1, 2, 0)
    size = (box[2] - box[0], box[3] - box[1])
    answer = np.concatenate(
        [cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_LINEAR)
         for part in (answer[..., :LAYERS], answer[..., LAYERS:])], axis=-1
    )  # fmt: skip
    shown = (sight.pictures[:, rows, columns] * answer[..., :LAYERS].transpose(2, 0, 1)[..., None]).sum(0)
    shown = shown + 255 * answer[..., LAYERS:]
    part = _ramp_in(box, frame.shape[1], frame.shape[0])[..., None]
    frame[rows, columns] = np.clip(np.rint(frame[rows, columns] * (1 - part) + shown * part), 0, 255)


def network_input(channels: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """(C, h', w') with sides that the network takes, of channels (C, h, w); and its rows and columns that show them."""
    from tango_models.interpolation.acinterp.refiner import MULTIPLE

    height, width = channels.shape[1:]
    scale = min(1.0, _SIDE / max(height, width))
    inside = max(1, round(height * scale)), max(1, round(width * scale))
    if scale < 1:
        planes = [cv2.resize(plane, inside[::-1], interpolation=cv2.INTER_AREA) for plane in channels]
        channels = np.stack(planes)
    room = [(0, 0), *((0, -side % MULTIPLE) for side in inside)]
    return np.pad(channels, room, mode="edge"), inside


def _ramp_in(box: Box, width: int, height: int) -> np.ndarray:
    """(h, w) float32: 1 inside a box, falling to 0 at those of its sides that are not the picture's."""
    sides = []
    for start, stop, limit in ((box[1], box[3], height), (box[0], box[2], width)):
        place = np.arange(stop - start, dtype=np.float32)
        side = np.ones_like(place)
        if start > 0:
            side = np.minimum(side, (place + 1) / _SOFT)
        if stop < limit:
            side = np.minimum(side, (stop - start - place) / _SOFT)
        sides.append(side)
    return sides[0][:, None] * sides[1][None]


@lru_cache(maxsize=2)
def _network(path: Path, device: str) -> Refiner:
    from tango_models.interpolation.acinterp.refiner import load_refiner

    return load_refiner(path).to(device)
