"""Takes the voice-activity weights out of the silero-vad wheel, so that using them needs no torch.

    python -m tango_models.speech.build_weights

Importing torch to read 300,000 numbers costs two seconds at the start of every reenactment.
"""

import importlib.util
from pathlib import Path

import numpy as np

from tango_models.speech.activity import WEIGHTS


def build() -> None:
    """Writes `activity.WEIGHTS`.

    Raises:
        ModuleNotFoundError: the `silero-vad` package is not installed.
    """
    import torch

    # find_spec does not run the package, which would look for audio back ends it has no need of here
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("silero-vad is not installed; its wheel holds the voice-activity network")
    # Not the .safetensors beside it: those are other weights, whose answers differ by up to 0.3.
    network = torch.jit.load(str(Path(spec.origin).parent / "data" / "silero_vad.jit"), map_location="cpu")
    prefix = "_model."  # the 16 kHz network; "_model_8k." is the other one
    state = network.state_dict()
    weights = {name.removeprefix(prefix): state[name].numpy() for name in state if name.startswith(prefix)}
    np.savez_compressed(WEIGHTS, **weights)


if __name__ == "__main__":
    build()
