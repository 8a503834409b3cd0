"""ACInterp's files: safetensors, with the configuration and what it was trained on in the header."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.configuration import ACInterpConfig
from tango_models.interpolation.acinterp.modeling import ACInterp

FORMAT = "tango-acinterp-1"
_TABLES = ".pos_embed.pe"  # sinusoidal, computed anew


def save(model: ACInterp, path: Path, *, notes: Mapping[str, Any], half: bool = False) -> None:
    """Write the model; a crash leaves the old file.

    Args:
        notes: what it was made from: stage, steps, avatars, figures.
        half: store float16; loading gives float32 again.
    """
    state = {name: value for name, value in model.state_dict().items() if not name.endswith(_TABLES)}
    if half:
        state = {name: value.half() for name, value in state.items()}
    write(state, path, FORMAT, {"config": model.config.to_dict(), "notes": dict(notes)})


def load(path: Path) -> ACInterp:
    """The model of a file, in float32 and evaluation mode.

    Raises:
        InputError: no such file, another program's, or tensors that are missing, extra, of another shape, or no
            numbers; they are named.
    """
    config = ACInterpConfig.from_dict(read_header(path, FORMAT)["config"])
    model = ACInterp(config)
    fill(model, read_tensors(path), path)
    return model.eval()


def fill(model: torch.nn.Module, state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Copy `state` into a model, every tensor exactly once. InputError as for `load`."""
    wanted = {name: value for name, value in model.state_dict().items() if not name.endswith(_TABLES)}
    shapes = {name for name in wanted.keys() & state.keys() if wanted[name].shape != state[name].shape}
    raise_mismatch(
        str(path),
        {
            "lacks": wanted.keys() - state.keys(),
            "has the unknown": state.keys() - wanted.keys(),
            "has of another shape": {f"{n} {tuple(state[n].shape)} for {tuple(wanted[n].shape)}" for n in shapes},
            "holds values that are not numbers in": {n for n in state if not state[n].isfinite().all()},
        },
    )
    for name, value in state.items():
        wanted[name].copy_(value)


def check_target(path: Path) -> None:
    """Refuse, before any work, a file that is not to be written to.

    Raises:
        InputError: it is no .safetensors file, or its folder cannot be made.
    """
    if path.suffix != ".safetensors":
        raise InputError(str(path), "is no .safetensors file", "name a file that ends so")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(str(path), f"cannot be written ({error})", "name a file in a folder that can be") from error


def raise_mismatch(subject: str, faults: Mapping[str, Any]) -> None:
    """InputError that names what of each kind there is; nothing when there is none."""
    told = [f"{fault} {listed(names)}" for fault, names in faults.items() if names]
    if told:
        raise InputError(subject, "; ".join(told), "use a file of this very model and geometry")


def listed(names: Any) -> str:
    """The first of some names, and how many more."""
    ordered = sorted(names)
    return ", ".join(ordered[:8]) + (f" and {len(ordered) - 8} more" if len(ordered) > 8 else "")


def write(state: Mapping[str, torch.Tensor], path: Path, kind: str, header: Mapping[str, Any]) -> None:
    """A safetensors file of that kind; a crash leaves the old one."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    try:
        save_file(tensors, str(partial), metadata={"format": kind, **{k: json.dumps(v) for k, v in header.items()}})
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_header(path: Path, kind: str) -> dict[str, Any]:
    """What stands beside the tensors of a file. InputError as for `load`."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(str(path), "there is no such file", "name a .safetensors file that TANGO wrote")
    try:
        with safe_open(str(path), framework="pt") as opened:
            header = opened.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(str(path), f"is no readable safetensors file ({error})", "copy it again") from error
    if header.get("format") != kind:
        raise InputError(str(path), f"is not of the format {kind}", "use a file that TANGO wrote for this")
    try:
        return {name: json.loads(value) for name, value in header.items() if name != "format"}
    except json.JSONDecodeError as error:
        raise InputError(str(path), "has a damaged header", "copy it again") from error


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """All tensors of a safetensors file, in float32."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {name: value.float() for name, value in load_file(str(path)).items()}
    except (SafetensorError, OSError) as error:
        raise InputError(str(path), f"is no readable safetensors file ({error})", "copy it again") from error
