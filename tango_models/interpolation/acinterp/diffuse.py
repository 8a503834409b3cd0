"""The frames of a seam by the diffusion model, put into what `flow` made where the arms are."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.poses import (
    PosePath,
    Poses,
    arm_mask,
    blended_path,
    body_mask,
    draw_poses,
    seam_poses,
)
from tango_models.interpolation.flow import FlowInterpolator
from tango_models.interpolation.seam import Seam, settings_id

if TYPE_CHECKING:
    from torch import Tensor

    from tango_models.interpolation.acinterp.configuration import SamplingConfig
    from tango_models.interpolation.acinterp.modeling import ACInterp

VERSION = 1
_CONTEXT = 2  # frames before and after that the reference motion module sees
_SOFT = 0.02  # of the longer side, over which made pixels go over into true ones
_SLOW = 1 / 16  # of the square: what the autoencoder shifts is slower than this


class DiffusionInterpolator:
    """See the module. What lies away from the arms, face and room above all, is `flow`'s, which is as sharp as it was
    filmed.

    Args:
        weights: a file of `tango train acinterp` or `tango import-weights acinterp`.
        content: what stands for the file in `id`; None takes its path.
        sampling: how frames come out of noise; None takes the default.
        path: the poses on the way.

    Raises:
        InputError: no such file, or not of this kind.
    """

    def __init__(
        self,
        weights: Path,
        *,
        content: str | None = None,
        device: str | None = None,
        sampling: SamplingConfig | None = None,
        path: PosePath = blended_path,
    ) -> None:
        from tango_models.interpolation.acinterp.configuration import SamplingConfig
        from tango_models.interpolation.acinterp.weight_files import ACINTERP, read_header

        self.side = int(read_header(weights, ACINTERP)["notes"].get("side", 512))
        self.weights, self._content, self._device = weights, content or str(weights.absolute()), device
        self.sampling, self.path = sampling or SamplingConfig(), path

    @property
    def id(self) -> str:
        """`acinterp-version-hash` of the weights, of how it samples and of the flow beneath."""
        chosen = {"weights": self._content, "flow": FlowInterpolator().id, "path": self.path.__name__}  # type: ignore[attr-defined]
        return settings_id("acinterp", VERSION, chosen | vars(self.sampling))

    def interpolate(self, seam: Seam) -> np.ndarray:
        """(2m, H, W, 3) uint8; the first frame is outgoing[0], the last incoming[-1], bit for bit.

        Raises:
            InputError: the seam has more frames than the model tells apart, or the memory does not suffice.
        """
        import torch

        from tango_models.interpolation.acinterp.squares import cut_square, person_square, poses_in_square
        from tango_models.interpolation.acinterp.windows import conditions, on_device, window_of

        made = FlowInterpolator().interpolate(seam)
        first, last = int(np.flatnonzero(seam.alphas <= 0)[-1]), int(np.flatnonzero(seam.alphas >= 1)[0])
        if last - first < 2:
            return made
        device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        model = _model(self.weights, device)
        frames = np.arange(first, last + 1)
        context = min(_CONTEXT, (model.config.motion_positions - len(frames)) // 2)
        if context < 0:
            fault = f"is longer than the {model.config.motion_positions} frames that the model tells apart"
            raise InputError(f"a seam of {len(frames)} frames", fault, "choose the flow interpolator")
        height, width = made.shape[1:3]
        outgoing, incoming = seam_poses(seam)
        way = self.path(outgoing, incoming, seam.alphas)
        person = np.stack([body_mask(way, k, width, height) for k in frames.tolist()])
        square = person_square(person, width, height)
        x, y, size = square
        before = [seam.outgoing[max(0, first - k)] for k in range(context, 0, -1)]
        after = [seam.incoming[min(len(seam) - 1, last + k)] for k in range(1, context + 1)]
        around = cut_square(np.stack([*before, *after]), square, self.side) if context else None
        ends = cut_square(made[frames], square, self.side)
        poses = draw_poses(poses_in_square(way.at(frames), square, self.side), self.side, self.side)
        window = window_of(ends, poses, ends[0], around, person[:, y : y + size, x : x + size])
        with torch.inference_mode():
            pictures = self._pictures(model, conditions(model, on_device(window, device)), window.frames.to(device))
        shown = pictures.float().cpu().permute(0, 2, 3, 1).numpy()
        for k, picture in zip(frames[1:-1].tolist(), shown, strict=True):
            part = _arms([outgoing, way, incoming], k, width, height)[y : y + size, x : x + size, None]
            full = 255 * cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC)
            place = made[k, y : y + size, x : x + size]
            place[:] = np.clip(np.rint(place * (1 - part) + full * part), 0, 255)
        return made

    def _pictures(self, model: ACInterp, given, frames: Tensor) -> Tensor:
        """(F - 2, 3, S, S): those between, without the shift of colours that the autoencoder leaves at the ends."""
        import torch

        from tango_models.interpolation.acinterp.sampling import sample

        try:
            latents = sample(model, given, self.sampling)
        except torch.OutOfMemoryError as error:
            remedy = "give the workers a larger GPU, train at a smaller side, or choose the flow interpolator"
            raise InputError(f"{frames.shape[1]} frames of {self.side} px", "do not fit into memory", remedy) from error
        # Frame by frame: the autoencoder at full size needs more memory than the network.
        made = torch.cat([model.decode(latents[:, k]) for k in range(latents.shape[1])])
        shift = frames[0, [0, -1]] - made[[0, -1]]
        small = max(2, round(1 / _SLOW))
        slow = torch.nn.functional.interpolate(shift, (small, small), mode="area")
        slow = torch.nn.functional.interpolate(slow, shift.shape[-2:], mode="bicubic", align_corners=False)
        share = torch.linspace(0, 1, len(made), device=made.device).view(-1, 1, 1, 1)
        return (made + (1 - share) * slow[:1] + share * slow[1:])[1:-1].clamp(0, 1)


def _arms(runs: list[Poses], frame: int, width: int, height: int) -> np.ndarray:
    """(height, width) float32, 1 where the arms are in one of some runs, falling off around."""
    mask = np.any([arm_mask(poses, frame, width, height) for poses in runs], axis=0).astype(np.float32)
    spread = _SOFT * max(width, height)
    grown = cv2.dilate(mask, np.ones((2 * round(spread) + 1,) * 2, np.uint8))
    return cv2.GaussianBlur(grown, (0, 0), spread / 2)


@lru_cache(maxsize=1)
def _model(path: Path, device: str) -> ACInterp:
    from tango_models.interpolation.acinterp.checkpoints import load

    return load(path).to(device)
