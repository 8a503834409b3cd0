"""The frames of a seam by the diffusion model, put into what `flow` made where the arms are."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tango_models.interpolation.acinterp.poses import (
    PosePath,
    Poses,
    arm_mask,
    blended_path,
    body_mask,
    draw_poses,
    seam_poses,
)
from tango_models.interpolation.seam import Seam, settings_id
from tango_models.interpolation.warping.flow import FlowInterpolator

if TYPE_CHECKING:
    from tango_models.interpolation.acinterp.configuration import SamplingConfig
    from tango_models.interpolation.acinterp.modeling import ACInterp

VERSION = 2
_AROUND = 2  # frames before and after that the reference motion module sees, where its weights do not say
_SOFT = 0.02  # of the longer side, over which made pixels go over into true ones


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

        header = read_header(weights, ACINTERP)
        self.side = int(header["notes"].get("side", 512))
        self.around = int(header["notes"].get("context", _AROUND))
        self.positions = int(header["config"]["motion_positions"])
        self.weights, self._content, self._device = weights, content or str(weights.absolute()), device
        self.sampling, self.path = sampling or SamplingConfig(), path

    @property
    def id(self) -> str:
        """`acinterp-version-hash` of the weights, of how it samples and of the flow beneath."""
        chosen = {"weights": self._content, "flow": FlowInterpolator().id, "path": self.path.__name__}  # type: ignore[attr-defined]
        return settings_id("acinterp", VERSION, chosen | vars(self.sampling))

    def interpolate(self, seam: Seam) -> np.ndarray:
        """(2m, H, W, 3) uint8; the first frame is outgoing[0], the last incoming[-1], bit for bit."""
        return self.tell(seam)[0]

    def tell(self, seam: Seam) -> tuple[np.ndarray, str]:
        """As `interpolate`, and what to say of it. Where memory does not suffice, or the seam is longer than the model
        tells apart, it is made from half as many frames at a time; where that does not do either, it is `flow`'s."""
        import torch

        from tango_models.interpolation.acinterp.fitting import fitting_pictures
        from tango_models.interpolation.acinterp.squares import cut_square, person_square, poses_in_square
        from tango_models.interpolation.acinterp.windows import window_of

        made = FlowInterpolator().interpolate(seam)
        first, last = int(np.flatnonzero(seam.alphas <= 0)[-1]), int(np.flatnonzero(seam.alphas >= 1)[0])
        if last - first < 2:
            return made, ""
        device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        frames = np.arange(first, last + 1)
        height, width = made.shape[1:3]
        outgoing, incoming = seam_poses(seam)
        way = self.path(outgoing, incoming, seam.alphas)
        person = np.stack([body_mask(way, k, width, height) for k in frames.tolist()])
        square = person_square(person, width, height)
        x, y, size = square
        beyond, lacking = frames_beyond(seam, first, last, self.around)
        ends = cut_square(made[frames], square, self.side)
        poses = draw_poses(poses_in_square(way.at(frames), square, self.side), self.side, self.side)
        around = cut_square(beyond, square, self.side) if self.around else None
        window = window_of(ends, poses, ends[0], around, person[:, y : y + size, x : x + size])
        load = partial(_model, self.weights, device)
        pictures, note = fitting_pictures(load, window, self.sampling, positions=self.positions, device=device)
        if pictures is None:
            return made, note
        for k, picture in zip(frames[1:-1].tolist(), pictures.permute(0, 2, 3, 1).numpy(), strict=True):
            part = _arms([outgoing, way, incoming], k, width, height)[y : y + size, x : x + size, None]
            full = 255 * cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC)
            place = made[k, y : y + size, x : x + size]
            place[:] = np.clip(np.rint(place * (1 - part) + full * part), 0, 255)
        return made, "; ".join(part for part in (note, lacking) if part)


def frames_beyond(seam: Seam, first: int, last: int, count: int) -> tuple[np.ndarray, str]:
    """(2 * count, H, W, 3) uint8 true frames just before frame `first` of a seam and just behind `last`; and on which
    side footage ends, so that the frame there stands for what is missing."""
    before, after = list(seam.outgoing[: first + 1]), list(seam.incoming[last:])
    before = [*(() if seam.before is None else seam.before), *before][-count - 1 :]
    after = [*after, *(() if seam.after is None else seam.after)][: count + 1]
    short = [name for name, run in (("before", before), ("behind", after)) if len(run) <= count]
    before = [before[0]] * (count + 1 - len(before)) + before
    after += [after[-1]] * (count + 1 - len(after))
    note = f"no footage {' and '.join(short)} it" if short else ""
    return np.stack([*before[:-1], *after[1:]]) if count else seam.outgoing[:0], note


def _arms(runs: list[Poses], frame: int, width: int, height: int) -> np.ndarray:
    """(height, width) float32, 1 where the arms are in one of some runs, falling off around."""
    mask = np.any([arm_mask(poses, frame, width, height) for poses in runs], axis=0).astype(np.float32)
    spread = _SOFT * max(width, height)
    grown = cv2.dilate(mask, np.ones((2 * round(spread) + 1,) * 2, np.uint8))
    return cv2.GaussianBlur(grown, (0, 0), spread / 2)


@lru_cache(maxsize=2)
def _model(path: Path, device: str) -> ACInterp:
    from tango_models.interpolation.acinterp.checkpoints import load

    return load(path).to(device)
