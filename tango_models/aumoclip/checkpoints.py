"""AuMoCLIP's files: safetensors with the configuration in the header."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import torch

from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.modeling import AuMoClip, Tower
from tango_models.errors import InputError

FILE_NAME = "aumoclip.safetensors"
_FORMAT = "tango-aumoclip-1"


def save(model: AuMoClip, path: str | Path, *, half: bool = False, notes: Mapping[str, str] | None = None) -> Path:
    """Write the model to a file, or into a folder as `aumoclip.safetensors`; a crash leaves the old file.

    Args:
        path: ends in .safetensors for a file; anything else is a folder and is made.
        half: store float16, half the size; loading gives float32 again.
        notes: kept in the header (`read_notes`), e.g. figures of the training run.

    Returns:
        The file.
    """
    from safetensors.torch import save_file

    path = _file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    if half:
        state = {name: value.half() for name, value in state.items()}
        largest = {name: value for name, value in state.items() if not value.isfinite().all()}
        if largest:
            raise ValueError(f"float16 cannot hold {', '.join(sorted(largest))}")
    metadata = {"format": _FORMAT, "config": json.dumps(model.config.to_dict()), "notes": json.dumps(dict(notes or {}))}
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file(state, str(partial), metadata=metadata)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def load(path: str | Path, *, only: Tower | None = None) -> AuMoClip:
    """The model of a file, or of the folder that holds `aumoclip.safetensors`, in float32 and evaluation mode.

    Args:
        only: this tower alone; the other's tensors are not read.

    Raises:
        InputError: no such file, no safetensors, another program's, or tensors that are missing, extra or of another
            shape than the configuration says (each is named).
    """
    from safetensors import safe_open

    path = _file(path)
    model = AuMoClip(read_config(path), only=only)
    left = tuple(f"{tower}_tower." for tower in get_args(Tower) if only not in (None, tower))
    with safe_open(str(path), framework="pt") as opened:
        names = [name for name in opened.keys() if not name.startswith(left)]  # noqa: SIM118 (no mapping)
        state = {name: opened.get_tensor(name) for name in names}
    load_strictly(model, state, path)
    return model


def read_config(path: str | Path) -> AuMoClipConfig:
    """The configuration in a file's header; no tensor is read. InputError as for :func:`load`."""
    return AuMoClipConfig.from_dict(json.loads(_metadata(_file(path))["config"]))


def read_notes(path: str | Path) -> dict[str, str]:
    """The notes given to :func:`save`. InputError as for :func:`load`."""
    return json.loads(_metadata(_file(path)).get("notes", "{}"))


def load_strictly(model: AuMoClip, state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Copy `state` into `model`, every tensor exactly once, and switch to evaluation mode. InputError as `load`."""
    wanted = model.state_dict()
    shapes = {
        f"{name} {tuple(state[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in set(wanted) & set(state)
        if state[name].shape != wanted[name].shape
    }
    raise_mismatch(path, set(wanted) - set(state), set(state) - set(wanted), shapes)
    values = {name: value.to(wanted[name].dtype) for name, value in state.items()}
    broken = [name for name, value in values.items() if not value.isfinite().all()]
    if broken:
        fault = f"holds values that are not numbers in {_listed(broken)}"
        raise InputError(f"AuMoCLIP checkpoint {path}", fault, "use an undamaged checkpoint")
    model.load_state_dict(values, strict=True)
    model.eval()


def raise_mismatch(path: Path, missing: set[str], extra: set[str], shapes: set[str]) -> None:
    """InputError that names all missing, extra and wrongly shaped tensors; nothing when there are none."""
    faults = [
        f"{fault} {_listed(names)}"
        for fault, names in (("lacks", missing), ("has the unknown", extra), ("has wrong shapes:", shapes))
        if names
    ]
    if faults:
        raise InputError(f"AuMoCLIP checkpoint {path}", "; ".join(faults), "use a checkpoint of this very model")


def _listed(names: set[str] | list[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:8]) + (f" and {len(ordered) - 8} more" if len(ordered) > 8 else "")


def _file(path: str | Path) -> Path:
    path = Path(path)
    return path if path.suffix == ".safetensors" else path / FILE_NAME


def _metadata(path: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"AuMoCLIP checkpoint {path}", "does not exist", "name a .safetensors file or its folder")
    try:
        with safe_open(str(path), framework="pt") as opened:
            metadata = opened.metadata() or {}
    except (SafetensorError, OSError) as error:
        fault = f"is no readable safetensors file ({error})"
        raise InputError(f"AuMoCLIP checkpoint {path}", fault, "copy it again, or convert a published .pth") from error
    if metadata.get("format") != _FORMAT or "config" not in metadata:
        fault = f"is not of the format {_FORMAT}"
        raise InputError(f"AuMoCLIP checkpoint {path}", fault, "use a file that TANGO wrote")
    return metadata
