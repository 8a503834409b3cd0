"""Trains the `embedded` model that comes with the package, on synthetic pairs: ``python -m ... --folder F``.

Generates the pairs, computes what is frozen, trains, evaluates on voices and sentences never heard, and writes the
checkpoint. Every step of it goes on where a run before was cut off.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
from pathlib import Path

import torch

from tango_models.aumoclip import EMBEDDED, checkpoints
from tango_models.aumoclip.backbones import load_backbones
from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.learning.evaluation import Evaluation, evaluate
from tango_models.aumoclip.learning.pairs import PairData
from tango_models.aumoclip.learning.recordings import find_pairs
from tango_models.aumoclip.learning.training import TrainingConfig, train
from tango_models.aumoclip.modeling import AuMoClip
from tango_models.aumoclip.synthetic_data.pairs import write_pairs

WORD_ERRORS = 0.3
"""Share of words that are left out or replaced, for recognisers are not perfect."""
RECIPE = TrainingConfig(steps=500, batch=64, warm_up=40, ema=0.98, bfloat16=True, centre=True, checkpoint_every=50)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="for pairs, cache and checkpoints")
    parser.add_argument("--run", default="run", help="name of the run below the folder")
    parser.add_argument("--output", type=Path, default=EMBEDDED, help="the trained model")
    parser.add_argument("--hours", type=float, default=8.0, help="of pairs to train on")
    parser.add_argument("--held-out-hours", type=float, default=0.75)
    parser.add_argument("--processes", type=int, default=2, help="that share a batch")
    for entry in dataclasses.fields(TrainingConfig):
        name, default = f"--{entry.name.replace('_', '-')}", getattr(RECIPE, entry.name)
        if isinstance(default, bool):
            parser.add_argument(name, default=default, action=argparse.BooleanOptionalAction)
        else:
            parser.add_argument(name, default=default, type=type(default))
    given = parser.parse_args()
    config = TrainingConfig(**{entry.name: getattr(given, entry.name) for entry in dataclasses.fields(TrainingConfig)})
    torch.set_num_threads(1)
    write_pairs(given.folder / "train", given.hours, "train", processes=given.processes)
    write_pairs(given.folder / "held_out", given.held_out_hours, "held_out", processes=given.processes)
    open_data(given.folder, "train")  # fills the cache before the ranks read it
    held_out = open_data(given.folder, "held_out")
    run = given.folder / given.run
    run.mkdir(parents=True, exist_ok=True)
    if given.processes == 1:
        _rank(0, 1, given.folder, run, config)
    else:
        context = multiprocessing.get_context("spawn")
        meeting = run / "meeting"
        meeting.unlink(missing_ok=True)
        ranks = [
            context.Process(target=_rank, args=(rank, given.processes, given.folder, run, config), daemon=True)
            for rank in range(given.processes)
        ]
        for process in ranks:
            process.start()
        for process in ranks:
            process.join()
        if any(process.exitcode for process in ranks):
            raise SystemExit("training stopped; the same command goes on from the last checkpoint")
    model = checkpoints.load(run / "model.safetensors")
    found = {
        "mouth, gestures and words": evaluate(model, held_out),
        "mouth still": evaluate(model, held_out, jaw=False),
        "without words": evaluate(model, held_out, text=False),
        "mouth still and without words": evaluate(model, held_out, jaw=False, text=False),
    }
    for name, evaluation in found.items():
        print(describe(name, evaluation))
    (run / "evaluation.json").write_text(json.dumps({k: v.to_dict() for k, v in found.items()}, indent=1))
    notes = {
        "training": json.dumps(dataclasses.asdict(config)),
        "data": f"{given.hours} h of tango_models.aumoclip.synthetic_data.pairs, seed 0",
        "evaluation": json.dumps({k: v.to_dict() for k, v in found.items()}),
    }
    checkpoints.save(model, given.output, half=True, notes=notes)


def open_data(folder: Path, split: str) -> PairData:
    """The windows of a split that was generated below `folder`."""
    backbones = load_backbones(AuMoClipConfig.embedded())
    return PairData.open(find_pairs(folder / split), backbones, folder / "cache", word_errors=WORD_ERRORS)


def describe(name: str, evaluation: Evaluation) -> str:
    """The figures in a few lines."""
    lines = [f"{name} ({evaluation.clips} clips)", f"  frame accuracy {evaluation.frame_accuracy}"]
    lines += [f"  {key} {value}" for key, value in vars(evaluation.model).items()]
    return "\n".join(lines)


def _rank(rank: int, world: int, folder: Path, run: Path, config: TrainingConfig) -> None:
    torch.set_num_threads(1)
    if world > 1:
        meeting = f"file://{(run / 'meeting').resolve()}"
        torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=world)
    torch.manual_seed(config.seed)
    model = AuMoClip(AuMoClipConfig.embedded())
    with open(run / f"figures_{rank}.jsonl", "a") as log:

        def report(figures: dict[str, float]) -> None:
            log.write(json.dumps(figures) + "\n")
            log.flush()

        train(model, open_data(folder, "train"), config, run, report, rank=rank, world=world)
    if rank == 0:
        checkpoints.save(model, run / "model.safetensors")
    if world > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
