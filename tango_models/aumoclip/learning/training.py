"""Training of AuMoCLIP: both losses, AdamW, and checkpoints from which a run goes on as if it had never stopped."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tango_models.aumoclip.learning.losses import Temperatures, clip_loss, local_loss
from tango_models.aumoclip.learning.pairs import PairBatch, PairData
from tango_models.aumoclip.modeling import AuMoClip
from tango_models.errors import InputError
from tango_models.training_runs import LAST, average_gradients, learning_rate, read_checkpoint, write_checkpoint


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. The defaults suit `embedded` from scratch; the published model: lr 2e-5 constant, no clipping."""

    steps: int = 2000
    batch: int = 128
    """Windows of a step over all ranks; each rank contrasts its own share."""
    per_recording: int = 4
    """Windows of the same recording in a batch: negatives by the same person, told apart by what is said alone."""
    lr: float = 1e-3
    warm_up: int = 100
    """Steps in which the learning rate rises linearly."""
    final_lr: float = 0.02
    """Share of the learning rate at the end of the cosine; 1 for a constant one."""
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    """Longest gradient; 0 leaves gradients as they are."""
    ema: float = 0.99
    """Decay of the running mean of the weights, which is what is evaluated and kept; 0 for none."""
    bfloat16: bool = False
    """Towers in bfloat16 autocast; weights and losses stay float32."""
    local_temperature: float = 0.1
    clip_temperature: float = 0.1
    learn_temperatures: bool = False
    symmetric: bool = True
    """Clip-level loss in both directions; the published one goes from audio to motion only."""
    hard_weight: float = 1.0
    """How many times a negative by the same person counts in the clip-level loss."""
    centre: bool = False
    """Take the batch's mean from the clip-level vectors before they are compared, and at the end move the mean over the
    data into the model's last biases. What all clips have in common says nothing, and fades slowly by descent."""
    jaw_dropout: float = 0.25
    """Share of windows whose mouth stands still."""
    text_dropout: float = 0.15
    """Share of windows without words."""
    seed: int = 0
    checkpoint_every: int = 200

    def __post_init__(self) -> None:
        checks = {
            "steps": self.steps >= 1, "batch": self.batch >= 2, "per_recording": self.per_recording >= 1,
            "lr": self.lr > 0, "warm_up": self.warm_up >= 0, "final_lr": 0 <= self.final_lr <= 1,
            "clip_norm": self.clip_norm >= 0, "ema": 0 <= self.ema < 1, "checkpoint_every": self.checkpoint_every >= 1,
        }  # fmt: skip
        for name, good in checks.items():
            if not good:
                fault = f"has {name} = {getattr(self, name)}"
                raise InputError("training configuration", fault, "see TrainingConfig for what it may be")


class _Run:
    """All that changes while training."""

    def __init__(self, model: AuMoClip, config: TrainingConfig) -> None:
        self.model, self.config = model, config
        self.temperatures = Temperatures(
            local=config.local_temperature, clip=config.clip_temperature, learnable=config.learn_temperatures
        ).to(next(model.parameters()).device)
        matrices = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
        rest = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
        scales = [p for p in self.temperatures.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": matrices},
            {"params": rest, "weight_decay": 0.0},
            {"params": scales, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(
            [g for g in groups if g["params"]], lr=config.lr, weight_decay=config.weight_decay
        )
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: learning_rate(step, config))
        self.mean = {name: value.detach().clone() for name, value in model.state_dict().items()}
        self.step = 0

    def parameters(self) -> list[nn.Parameter]:
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def follow(self) -> None:
        """Move the running mean; early on it is the mean of the steps so far."""
        decay = min(self.config.ema, self.step / (self.step + 1)) if self.config.ema else 0.0
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                self.mean[name].lerp_(value, 1 - decay)
            else:
                self.mean[name].copy_(value)

    def save(self, folder: Path) -> None:
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "mean": self.mean,
            "temperatures": self.temperatures.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }
        write_checkpoint(folder, _identity(self.config, self.model), state)

    def load(self, folder: Path) -> None:
        state = read_checkpoint(folder, _identity(self.config, self.model))
        self.model.load_state_dict(state["model"])
        self.mean = {k: v.to(self.mean[k].device) for k, v in state["mean"].items()}
        self.temperatures.load_state_dict(state["temperatures"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.step = int(state["step"])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["random_cuda"])


def _identity(config: TrainingConfig, model: AuMoClip) -> dict[str, Any]:
    """What two runs must share for one to go on from the other's checkpoint."""
    mine = dataclasses.asdict(config)
    del mine["checkpoint_every"]
    return {**mine, "model": model.config.to_dict()}


def train(
    model: AuMoClip,
    data: PairData,
    config: TrainingConfig,
    checkpoint_dir: str | Path,
    report: Callable[[dict[str, float]], None] = lambda figures: None,
    rank: int = 0,
    world: int = 1,
) -> AuMoClip:
    """Train `model` up to step `config.steps`, from the last checkpoint in `checkpoint_dir` if there is one.

    A run that was cut off ends with the same weights as one that was not: batches depend on the seed and the step
    alone, and the state of the random generator is kept (with several ranks, dropout differs after a cut).

    Args:
        model: where the batches go is where it lies; `motion_tower`'s statistics are set from `data` in a new run.
        checkpoint_dir: `last.pt` (read with ``weights_only``) is replaced every `checkpoint_every` steps by rank 0.
        report: called after every step by every rank with step, loss, local_loss, clip_loss, local_accuracy,
            clip_accuracy, lr, gradient_norm, seconds. What it raises ends the run; the checkpoints stay.
        rank, world: of a `torch.distributed` group that the caller has set up when world > 1; gradients are averaged
            over it, and every rank needs the same data and configuration.

    Returns:
        The model with the running mean of its weights (`config.ema`), in evaluation mode.

    Raises:
        InputError: a checkpoint of another configuration or model, or an unreadable one; a loss that is no number.
    """
    if config.batch % world:
        raise InputError("training configuration", f"has a batch of {config.batch} for {world} ranks", "use a multiple")
    folder, device = Path(checkpoint_dir), next(model.parameters()).device
    if not (folder / LAST).exists():
        torch.manual_seed(config.seed + rank)
        mean, deviation = data.statistics()
        model.motion_tower.set_statistics(mean.to(device), deviation.to(device))
    run = _Run(model, config)
    if (folder / LAST).exists():
        run.load(folder)
        if world > 1:  # the checkpoint holds the generator of rank 0 only
            torch.manual_seed(config.seed + (run.step + 1) * world + rank)
    model.train()
    while run.step < config.steps:
        began = time.perf_counter()
        batch = _batch(data, config, run.step, rank, world).to(device)
        figures = _step(run, batch, world)
        run.step += 1
        run.follow()
        if rank == 0 and (run.step % config.checkpoint_every == 0 or run.step == config.steps):
            run.save(folder)
        report({"step": run.step, **figures, "seconds": time.perf_counter() - began})
    model.load_state_dict(run.mean)
    model.eval()
    if config.centre:
        centre_clips(model, data)
    return model


def _batch(data: PairData, config: TrainingConfig, step: int, rank: int, world: int) -> PairBatch:
    windows = data.draw(np.random.default_rng([config.seed, step]), config.batch, config.per_recording)
    mine = np.split(windows, world)[rank]
    rng = np.random.default_rng([config.seed, step, rank])
    return data.augment(data.batch(mine), rng, jaw=config.jaw_dropout, text=config.text_dropout)


def _step(run: _Run, batch: PairBatch, world: int) -> dict[str, float]:
    config = run.config
    with torch.autocast(batch.motion.device.type, torch.bfloat16, enabled=config.bfloat16):
        audio, motion = run.model.encode_audio(batch.audio), run.model.encode_motion(batch.motion)
    low = local_loss(audio.low, motion.low, run.temperatures.local)
    clip = clip_loss(
        _centred(audio.cls, config),
        _centred(motion.cls, config),
        run.temperatures.clip,
        config.symmetric,
        speakers=batch.speakers,
        hard_weight=config.hard_weight,
    )
    loss = low.loss + clip.loss
    if not bool(torch.isfinite(loss)):
        raise InputError(f"training step {run.step + 1}", "has a loss that is no number", "lower lr, or check the data")
    run.optimizer.zero_grad()
    loss.backward()
    parameters = run.parameters()
    if world > 1:
        average_gradients(parameters, world)
    norm = nn.utils.clip_grad_norm_(parameters, config.clip_norm or math.inf)
    rate = run.scheduler.get_last_lr()[0]
    run.optimizer.step()
    run.scheduler.step()
    figures = {
        "loss": loss,
        "local_loss": low.loss,
        "clip_loss": clip.loss,
        "local_accuracy": low.accuracy,
        "clip_accuracy": clip.accuracy,
        "gradient_norm": norm,
    }
    return {"lr": float(rate), **{name: float(value.detach()) for name, value in figures.items()}}


def _centred(values: torch.Tensor, config: TrainingConfig) -> torch.Tensor:
    """(B, ..., D) less its mean over all but the last axis."""
    return values - values.mean(tuple(range(values.ndim - 1)), keepdim=True) if config.centre else values


@torch.no_grad()
def centre_clips(model: AuMoClip, data: PairData, most: int = 512) -> None:
    """Move the mean of the clip-level vectors of both towers, over up to `most` windows, into their last biases."""
    device = next(model.parameters()).device
    windows = np.unique(np.linspace(0, len(data) - 1, most).astype(int))
    audio, motion = [], []
    for part in np.array_split(windows, -(-len(windows) // 32)):
        batch = data.batch(part).to(device)
        audio.append(model.encode_audio(batch.audio).cls)
        motion.append(model.encode_motion(batch.motion).cls)
    model.audio_tower.attention.out_proj.bias.sub_(torch.cat(audio).mean(0))
    model.motion_tower.attention.out_proj.bias.sub_(torch.cat(motion).mean(0))
