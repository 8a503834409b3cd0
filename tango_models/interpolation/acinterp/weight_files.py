"""Files of weights: safetensors, with a header that says what they are. Nothing heavy is imported to read a header."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tango_models.errors import InputError

if TYPE_CHECKING:
    import torch

ACINTERP, REFINER = "tango-acinterp-1", "tango-refiner-1"
"""What a file's header says that it is."""
TABLES = ".pos_embed.pe"
"""Sinusoidal positions, computed anew and never stored."""


def fill(model: torch.nn.Module, state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Copy `state` into a model, every tensor exactly once. InputError as for `checkpoints.load`."""
    wanted = {name: value for name, value in model.state_dict().items() if not name.endswith(TABLES)}
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


def read_kind(path: Path) -> str:
    """What a file's header says that it is; "" where it says nothing. InputError: it is none, or cannot be read."""
    return _header(path).get("format", "")


def _header(path: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(str(path), "there is no such file", "name a .safetensors file that TANGO wrote")
    try:
        with safe_open(str(path), framework="np") as opened:
            return opened.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(str(path), f"is no readable safetensors file ({error})", "copy it again") from error


def read_header(path: Path, kind: str) -> dict[str, Any]:
    """What stands beside the tensors of a file. InputError as for `checkpoints.load`."""
    header = _header(path)
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
