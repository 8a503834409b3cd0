"""The stages of training, each from footage and a file to begin from to a file of weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tango_models.errors import InputError
from tango_models.interpolation.acinterp import checkpoints
from tango_models.interpolation.acinterp.configuration import named_config
from tango_models.interpolation.acinterp.learning.diffusing import (
    begin_quietly,
    choose_trained,
    diffusion_loss,
    set_latent_scale,
    vae_loss,
)
from tango_models.interpolation.acinterp.learning.perceptual import Perceptual
from tango_models.interpolation.acinterp.learning.refining import open_pieces, refiner_loss, varied
from tango_models.interpolation.acinterp.learning.runs import Run, RunConfig, train
from tango_models.interpolation.acinterp.learning.sheets import diffusion_sheet, refiner_sheet, vae_sheet
from tango_models.interpolation.acinterp.learning.takes import Take, Takes
from tango_models.interpolation.acinterp.learning.windows import WindowConfig, draw_windows
from tango_models.interpolation.acinterp.modeling import ACInterp
from tango_models.interpolation.acinterp.refiner import Refiner, RefinerConfig, load_refiner, save_refiner
from tango_models.interpolation.acinterp.weight_files import ACINTERP, REFINER, read_header
from tango_models.interpolation.acinterp.windows import on_device

STAGES = ("vae", "1", "2", "refiner")
"""`vae`: the autoencoder of a small model. `1`: Pose2Image. `2`: Image2Video. `refiner`: the one-step refiner."""
WEIGHTS = "weights.safetensors"
"""The file that a run's folder gets at its end."""
Report = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class TrainingOptions:
    """What may be set beside `RunConfig` and `WindowConfig`.

    batch: windows or pieces of a step, over all ranks. dropout: share that learns to do without the speaker's look.
    checkpointing: recompute features on the way back. perceptual: weight of the perceptual loss of the refiner, 0 for
    none. pieces: that the refiner's footage is cut into. flow_steps: of its flow matching, 0 for none. seeds_first:
    share of the steps in which Image2Video is shown no poses, so that it first learns to go on from the true frames at
    its ends (the order that Video Motion Graphs found best, Liu et al. 2025: 100,000 steps of 108,000).
    """

    run: RunConfig
    window: WindowConfig
    batch: int = 4
    dropout: float = 0.1
    checkpointing: bool = False
    perceptual: float = 0.0
    pieces: int = 2000
    flow_steps: int = 0
    seeds_first: float = 0.0

    def __post_init__(self) -> None:
        checks = {
            "batch": self.batch >= 1, "dropout": 0 <= self.dropout < 1, "perceptual": self.perceptual >= 0,
            "pieces": self.pieces >= 1, "seeds_first": 0 <= self.seeds_first < 1,
        }  # fmt: skip
        for name, good in checks.items():
            if not good:
                fault = f"has an impossible {name} ({getattr(self, name)})"
                raise InputError("training configuration", fault, "give another value")


_DEFAULTS: dict[str, dict[str, Any]] = {
    "vae": {"steps": 3000, "lr": 5e-4, "final_lr": 0.05, "ema": 0.99, "batch": 8, "side": 96, "frames": 1},
    "1": {"steps": 30_000, "lr": 1e-5, "batch": 4, "frames": 1},
    "2": {"steps": 10_000, "lr": 1e-5, "batch": 1, "seeds_first": 0.9},
    "refiner": {"steps": 3000, "lr": 5e-4, "final_lr": 0.05, "ema": 0.99, "batch": 4},
}
_SMALL = {"lr": 5e-4, "final_lr": 0.1, "ema": 0.99, "side": 96}


def read_options(stage: str, size: str, given: Mapping[str, Any]) -> TrainingOptions:
    """Options by name over the stage's defaults.

    Raises:
        InputError: an unknown stage, size or option, or an impossible value.
    """
    if stage not in STAGES:
        raise InputError(f"stage {stage!r}", "is not known", f"choose one of {', '.join(STAGES)}")
    if stage != "refiner":
        named_config(size)
    if stage == "vae" and size == "sd15":
        raise InputError("stage 'vae'", "is for the small size", "sd15 uses the published autoencoder as it is")
    parts: dict[type, dict[str, Any]] = {RunConfig: {}, WindowConfig: {}, TrainingOptions: {}}
    known = {f.name: (cls, f.default) for cls in parts for f in fields(cls) if f.name not in ("run", "window")}
    if unknown := sorted(set(given) - known.keys()):
        raise InputError(f"training option {unknown[0]!r}", "is not known", f"choose among: {', '.join(sorted(known))}")
    small = _SMALL if size == "small" and stage in ("1", "2") else {}
    for name, value in {**_DEFAULTS[stage], **small, **given}.items():
        cls, default = known[name]
        fits = isinstance(value, (int, float)) if isinstance(default, float) else isinstance(value, type(default))
        if not fits or (isinstance(value, bool) and not isinstance(default, bool)):
            raise InputError(f"training option {name!r}", f"cannot be {value!r}", f"give for example {default!r}")
        parts[cls][name] = value
    return TrainingOptions(
        run=RunConfig(**parts[RunConfig]), window=WindowConfig(**parts[WindowConfig]), **parts[TrainingOptions]
    )


def check_start(stage: str, size: str, start: Path | None) -> None:
    """Refuse a file that a stage cannot begin from.

    Raises:
        InputError: it is missing, or of another kind, or there must be one.
    """
    if start is not None:
        read_header(start, REFINER if stage == "refiner" else ACINTERP)
    elif stage in ("1", "2"):
        before = "`tango import-weights acinterp`" if size == "sd15" else f"stage {'vae' if stage == '1' else '1'}"
        raise InputError(f"stage {stage}", "begins from weights, and --start names none", f"name the file of {before}")


def train_stage(
    stage: str,
    takes: Sequence[Take],
    folder: Path,
    *,
    size: str = "small",
    start: Path | None = None,
    options: Mapping[str, Any] | None = None,
    report: Report = lambda figures: None,
    device: torch.device | str = "cpu",
    rank: int = 0,
    world: int = 1,
) -> Path:
    """Train a stage and write its weights and sample sheets into `folder`; a run in it goes on.

    Args:
        takes: the footage; see `tasks.views.training.training_takes` for a catalog's.
        start: weights to begin from.
        report: called after each step, see `runs.train`.

    Raises:
        InputError: options, footage or `start` are at fault.
    """
    chosen = read_options(stage, size, options or {})
    check_start(stage, size, start)
    if chosen.batch % world:
        fault = f"has a batch of {chosen.batch} for {world} ranks"
        raise InputError("training configuration", fault, "use a multiple")
    notes = _notes(stage, start, {take.avatar for take in takes}, chosen)
    place = _Place(folder, torch.device(device), rank, world)
    torch.manual_seed(chosen.run.seed)
    if stage == "refiner":
        return _train_refiner(takes, place, start, chosen, report, notes)
    model = checkpoints.load(start) if start else ACInterp(named_config(size))
    if start is None:
        begin_quietly(model)
    return _train_diffusion(stage, model, takes, place, chosen, report, notes)


@dataclass(frozen=True)
class _Place:
    folder: Path
    device: torch.device
    rank: int
    world: int

    def chance(self, seed: int, step: int) -> np.random.Generator:
        return np.random.default_rng([seed, step, self.rank])


def _notes(stage: str, start: Path | None, avatars: set[str], options: TrainingOptions) -> dict[str, Any]:
    """What the weights were made from; whoever was in the footage of an earlier stage is still in them."""
    before: dict[str, Any] = {}
    if start is not None:
        before = read_header(start, REFINER if stage == "refiner" else ACINTERP)["notes"]
    return {
        "stage": stage,
        "avatars": sorted(avatars | set(before.get("avatars", []))),
        "before": [*before.get("before", []), before.get("stage")] if before else [],
        "steps": options.run.steps,
        "side": options.window.side,
        "context": options.window.context,
    }


def _train_diffusion(
    stage: str, model: ACInterp, takes: Sequence[Take], place: _Place, options: TrainingOptions, report: Report,
    notes: dict[str, Any],
) -> Path:  # fmt: skip
    window = options.window if stage == "2" else replace(options.window, frames=1)
    if window.side % model.config.multiple:
        fault = f"is no multiple of {model.config.multiple}, as this model needs"
        raise InputError(f"side {window.side}", fault, "give another side")
    if window.frames + 2 * window.context > model.config.motion_positions:
        fault = f"has more frames than the {model.config.motion_positions} that this model tells apart"
        raise InputError("the window", fault, "take fewer frames or less context")
    footage = Takes(takes, least=max(2, window.length))
    model.to(place.device)
    choose_trained(model, stage, checkpointing=options.checkpointing)
    count = options.batch // place.world

    def batch(step: int):
        return on_device(draw_windows(footage, window, place.chance(options.run.seed, step), count), place.device)

    def loss(step: int, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        windows = batch(step)
        if stage == "vae":
            return vae_loss(model, windows.frames[:, 0], generator)
        if stage == "2" and run.reached < options.seeds_first * options.run.steps:
            windows = replace(windows, poses=torch.zeros_like(windows.poses))
        return diffusion_loss(model, windows, generator, dropout=options.dropout)

    def sheet(step: int) -> None:
        model.eval()
        windows = batch(0)
        made = vae_sheet(model, windows) if stage == "vae" else diffusion_sheet(model, windows)
        _write_sheet(place.folder, step, made)

    identity = {
        "stage": stage, "model": model.config.to_dict(), "window": vars(window), "batch": options.batch,
        "seeds_first": options.seeds_first,
    }  # fmt: skip
    run = Run(model, options.run, identity)
    train(
        run, loss, place.folder, report, device=place.device, rank=place.rank, world=place.world, every=sheet
    )  # fmt: skip
    if stage == "vae":
        set_latent_scale(model, batch(0).frames[:, 0])
    if place.rank == 0:
        checkpoints.save(model.cpu(), place.folder / WEIGHTS, notes=notes)
    return place.folder / WEIGHTS


def _train_refiner(
    takes: Sequence[Take], place: _Place, start: Path | None, options: TrainingOptions, report: Report,
    notes: dict[str, Any],
) -> Path:  # fmt: skip
    model = load_refiner(start) if start else Refiner(RefinerConfig(flow_steps=options.flow_steps))
    perceptual = Perceptual().to(place.device) if options.perceptual else None
    if place.world > 1 and place.rank:
        torch.distributed.barrier()  # rank 0 cuts
    pieces = open_pieces(takes, place.folder / "pieces", count=options.pieces, seed=options.run.seed)
    if place.world > 1 and not place.rank:
        torch.distributed.barrier()
    model.to(place.device).train()
    count = options.batch // place.world

    def loss(step: int, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        chance = place.chance(options.run.seed, step)
        batch = varied(pieces.batch(chance, count), chance).to(place.device)
        return refiner_loss(model, batch, generator, perceptual, options.perceptual)

    def sheet(step: int) -> None:
        batch = pieces.batch(np.random.default_rng(0), 6).to(place.device)
        _write_sheet(place.folder, step, refiner_sheet(model, batch))

    identity = {"stage": "refiner", "model": vars(model.config), "batch": options.batch, "pieces": options.pieces}
    run = Run(model, options.run, identity)
    train(
        run, loss, place.folder, report, device=place.device, rank=place.rank, world=place.world, every=sheet
    )  # fmt: skip
    if place.rank == 0:
        save_refiner(model.cpu(), place.folder / WEIGHTS, notes=notes)
    return place.folder / WEIGHTS


def _write_sheet(folder: Path, step: int, picture: np.ndarray) -> None:
    import cv2

    path = folder / "sheets" / f"{step:07d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
