"""What the trainings of all networks share: the course of the learning rate, gradients of several ranks, and the file
that a run goes on from after it was cut off."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from tango_models.errors import InputError

LAST = "last.pt"
"""The file of a run's folder that holds all that it needs to go on."""


class Course(Protocol):
    """The part of a training's configuration that the learning rate follows: steps in all, steps in which it rises, and
    its share at the end."""

    @property
    def steps(self) -> int: ...
    @property
    def warm_up(self) -> int: ...
    @property
    def final_lr(self) -> float: ...


def learning_rate(step: int, course: Course) -> float:
    """Share of the learning rate in this step: linear warm-up, then a cosine down to `final_lr` at the last step."""
    if step < course.warm_up:
        return (step + 1) / course.warm_up
    progress = (step - course.warm_up) / max(course.steps - course.warm_up, 1)
    return course.final_lr + (1 - course.final_lr) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def average_gradients(parameters: Iterable[nn.Parameter], world: int) -> None:
    """Put the mean over the ranks of a `torch.distributed` group in place of each gradient; a parameter that some rank
    did not use counts as zero there."""
    import torch.distributed as distributed

    parameters = list(parameters)
    grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    flat = torch.cat([g.reshape(-1) for g in grads])
    distributed.all_reduce(flat)
    for parameter, piece in zip(parameters, flat.split([g.numel() for g in grads]), strict=True):
        parameter.grad = (piece / world).view_as(parameter)


def write_checkpoint(folder: Path, identity: dict[str, Any], state: dict[str, Any]) -> None:
    """Replace the checkpoint of a run; a crash leaves the old one.

    Args:
        identity: what two runs must share for one to go on from the other's; JSON.
        state: tensors, numbers and strings, as `torch.load(weights_only=True)` gives them back.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{LAST}.{os.getpid()}.part"
    try:
        torch.save({"identity": json.dumps(identity, sort_keys=True), **state}, partial)
        os.replace(partial, folder / LAST)
    finally:
        partial.unlink(missing_ok=True)


def read_checkpoint(folder: Path, identity: dict[str, Any]) -> dict[str, Any]:
    """The state of the run in a folder.

    Raises:
        InputError: it cannot be read, or is of a run with another `identity`.
    """
    path = folder / LAST
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        other = json.loads(state["identity"])
    except Exception as error:  # torch.load raises many kinds for a damaged file
        fault = f"cannot be read ({type(error).__name__})"
        raise InputError(str(path), fault, "delete it to begin anew") from error
    mine = json.loads(json.dumps(identity))
    if differing := sorted(k for k in {*mine, *other} if mine.get(k) != other.get(k)):
        remedy = "train in another folder, or with the configuration of that run"
        raise InputError(str(path), f"is of a run with other {', '.join(differing)}", remedy)
    return state
