"""A training run: any network, any loss; it goes on after a cut as if it had never stopped."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tango_models.errors import InputError
from tango_models.training_runs import LAST, average_gradients, learning_rate, read_checkpoint, write_checkpoint

Loss = Callable[[int, torch.Generator], tuple[Tensor, dict[str, float]]]
"""From the step's number and a random generator to the loss of a batch, and figures to report."""


@dataclass(frozen=True)
class RunConfig:
    """How to train."""

    steps: int = 10_000
    lr: float = 1e-5
    """Constant after the warm-up unless `final_lr` says otherwise (AnimateAnyone: 1e-5)."""
    warm_up: int = 100
    final_lr: float = 1.0
    """Share of the learning rate at the end of a cosine; 1 for a constant one."""
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema: float = 0.999
    """Decay of the running mean of the weights, which is what is kept; 0 for none."""
    bfloat16: bool = False
    optimizer: str = "adamw"
    """`adamw`, `fused` (one kernel for all weights) or `8bit` (needs the package bitsandbytes and a GPU)."""
    seed: int = 0
    checkpoint_every: int = 200
    minutes: float = 0.0
    """After so many minutes of this call the run ends as if `steps` were reached, and what falls or changes over
    the steps goes by the minutes where these are further; 0 for no limit."""

    def __post_init__(self) -> None:
        checks = {
            "steps": self.steps >= 1, "lr": self.lr > 0, "warm_up": self.warm_up >= 0,
            "final_lr": 0 <= self.final_lr <= 1, "clip_norm": self.clip_norm >= 0, "ema": 0 <= self.ema < 1,
            "optimizer": self.optimizer in ("adamw", "fused", "8bit"), "checkpoint_every": self.checkpoint_every >= 1,
            "minutes": self.minutes >= 0,
        }  # fmt: skip
        for name, good in checks.items():
            if not good:
                fault = f"has an impossible {name} ({getattr(self, name)})"
                raise InputError("training configuration", fault, "give another value")


class Run:
    """The state of a run: trained weights, their running mean, optimiser, step.

    Args:
        network: only parameters that want a gradient are trained, averaged and kept in checkpoints.
        identity: what two runs must share, beside the configuration, for one to go on from the other's checkpoint.
    """

    def __init__(self, network: nn.Module, config: RunConfig, identity: Mapping[str, Any]) -> None:
        self.config = config
        self.trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
        self.optimizer = make_optimizer(self.trained.values(), config)
        self.mean = {name: value.detach().clone().float() for name, value in self.trained.items()}
        self.identity = {**dataclasses.asdict(config), **identity}
        for free in ("checkpoint_every", "minutes"):
            del self.identity[free]
        self.step = 0
        self.time_over = 0.0
        """The share of `minutes` that is over, 0 without a limit."""

    @property
    def reached(self) -> int:
        """Of `steps`, how far the run is, by its steps or by its minutes."""
        return max(self.step, int(self.time_over * self.config.steps))

    def advance(self, loss: Tensor, world: int = 1) -> tuple[float, float]:
        """One step down the gradient; returns its length and the learning rate."""
        if not bool(torch.isfinite(loss)):
            fault = "has a loss that is no number"
            raise InputError(f"training step {self.step + 1}", fault, "lower lr, or check the footage")
        self.optimizer.zero_grad()
        loss.backward()
        if world > 1:
            average_gradients(self.trained.values(), world)
        rate = self.config.lr * learning_rate(self.reached, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        norm = nn.utils.clip_grad_norm_(self.trained.values(), self.config.clip_norm or math.inf)
        self.optimizer.step()
        self.step += 1
        # Early on the mean is that of the steps so far.
        decay = min(self.config.ema, self.step / (self.step + 10)) if self.config.ema else 0.0
        for name, value in self.trained.items():
            self.mean[name].lerp_(value.detach().float(), 1 - decay)
        return float(norm), rate

    @torch.no_grad()
    def take_mean(self) -> None:
        """Put the running mean in place of the trained weights."""
        for name, value in self.trained.items():
            value.copy_(self.mean[name])

    def save(self, folder: Path) -> None:
        """Write the checkpoint; a crash leaves the old one."""
        state = {
            "step": self.step,
            "trained": {name: value.detach() for name, value in self.trained.items()},
            "mean": self.mean,
            "optimizer": self.optimizer.state_dict(),
        }
        write_checkpoint(folder, self.identity, state)

    @torch.no_grad()
    def load(self, folder: Path) -> None:
        """Go on from the checkpoint.

        Raises:
            InputError: it cannot be read, or is of a run with another configuration.
        """
        state = read_checkpoint(folder, self.identity)
        if state["trained"].keys() != self.trained.keys():
            remedy = "train in another folder, or with the configuration of that run"
            raise InputError(str(folder / LAST), "is of a run with other weights", remedy)
        for name, value in self.trained.items():
            value.copy_(state["trained"][name])
            self.mean[name].copy_(state["mean"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = int(state["step"])


def train(
    run: Run,
    loss: Loss,
    folder: Path,
    report: Callable[[dict[str, float]], None] = lambda figures: None,
    *,
    device: torch.device | str = "cpu",
    rank: int = 0,
    world: int = 1,
    every: Callable[[int], None] = lambda step: None,
) -> None:
    """Train up to step `steps`, from the checkpoint in `folder` if there is one, and take the running mean.

    A run that was cut off ends with the same weights as one that was not: all chance depends on seed, step and rank.

    Args:
        report: called after every step with step, loss, lr, gradient_norm, seconds and the loss's own figures.
        every: called with the step after each checkpoint, the last included, on rank 0: for sample sheets.
        rank, world: of a `torch.distributed` group that the caller has set up when world > 1.

    Raises:
        InputError: the checkpoint is of another run or unreadable; a loss is no number.
    """
    config, began = run.config, time.monotonic()
    if (folder / LAST).exists():
        run.load(folder)
    while run.step < config.steps:
        run.time_over = _time_over(began, config, world, device)
        if run.time_over >= 1:
            break
        start, step = time.perf_counter(), run.step
        generator = torch.Generator().manual_seed((config.seed * 1_000_003 + step) * 1_009 + rank)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=config.bfloat16):
            value, figures = loss(step, generator)
        norm, rate = run.advance(value, world)
        if rank == 0 and run.step % config.checkpoint_every == 0:
            run.save(folder)
            every(run.step)
        report(
            {"step": run.step, "loss": float(value.detach()), **figures, "lr": rate, "gradient_norm": norm,
             "seconds": time.perf_counter() - start}
        )  # fmt: skip
    if rank == 0:
        run.save(folder)
        if run.step % config.checkpoint_every:
            every(run.step)
    run.take_mean()


def _time_over(began: float, config: RunConfig, world: int, device: torch.device | str) -> float:
    """The share of `minutes` that is over, by the clock of whoever is furthest: all ranks stop at the same step."""
    if not config.minutes:
        return 0.0
    over = torch.tensor((time.monotonic() - began) / (60 * config.minutes), device=device)
    if world > 1:
        torch.distributed.all_reduce(over, torch.distributed.ReduceOp.MAX)
    return float(over)


def make_optimizer(parameters: Iterable[nn.Parameter], config: RunConfig) -> torch.optim.Optimizer:
    """AdamW as configured.

    Raises:
        InputError: `8bit` without its package, or there is nothing to train.
    """
    parameters = list(parameters)
    if not parameters:
        raise InputError("training configuration", "leaves nothing to train", "choose another stage")
    settings: dict[str, Any] = {"lr": config.lr, "weight_decay": config.weight_decay}
    if config.optimizer != "8bit":
        return torch.optim.AdamW(parameters, fused=config.optimizer == "fused" or None, **settings)
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError as error:
        remedy = "pip install bitsandbytes, or choose adamw or fused"
        raise InputError("optimizer '8bit'", "its package bitsandbytes is not installed", remedy) from error
    return AdamW8bit(parameters, **settings)
