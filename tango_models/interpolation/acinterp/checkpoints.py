"""ACInterp's own files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tango_models.interpolation.acinterp.configuration import ACInterpConfig
from tango_models.interpolation.acinterp.modeling import ACInterp
from tango_models.interpolation.acinterp.weight_files import ACINTERP, TABLES, fill, read_header, read_tensors, write


def save(model: ACInterp, path: Path, *, notes: Mapping[str, Any], half: bool = False) -> None:
    """Write the model; a crash leaves the old file.

    Args:
        notes: what it was made from: stage, steps, avatars, figures.
        half: store float16; loading gives float32 again.
    """
    state = {name: value for name, value in model.state_dict().items() if not name.endswith(TABLES)}
    if half:
        state = {name: value.half() for name, value in state.items()}
    write(state, path, ACINTERP, {"config": model.config.to_dict(), "notes": dict(notes)})


def load(path: Path) -> ACInterp:
    """The model of a file, in float32 and evaluation mode.

    Raises:
        InputError: no such file, another program's, or tensors that are missing, extra, of another shape, or no
            numbers; they are named.
    """
    config = ACInterpConfig.from_dict(read_header(path, ACINTERP)["config"])
    model = ACInterp(config)
    fill(model, read_tensors(path), path)
    return model.eval()
