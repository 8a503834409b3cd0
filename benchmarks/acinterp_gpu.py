"""ACInterp on a GPU, in at most ten minutes: the published geometry at random weights (seconds and memory of a seam of
12 frames at 512 px in 20 steps, and of a training step), and the refiner trained and held against the truth.

Where there is no GPU: `--device cpu --size small --frames 4 --side 96 --steps 2` runs the same lines.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.printing import heading, table

_PEAK = {"NVIDIA H100": 989e12, "NVIDIA H200": 989e12, "NVIDIA A100": 312e12}  # bf16 FLOP/s without sparsity


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--size", default="sd15")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--together", type=int, nargs="*", default=[4], help="seams in a pass")
    parser.add_argument("--catalog", help="avatars to train the refiner on and to judge it by; none: not done")
    parser.add_argument("--train", nargs="*", default=[], metavar="AVATAR")
    parser.add_argument("--judge", nargs="*", default=[], metavar="AVATAR", help="whom it was not trained on")
    parser.add_argument("--minutes", type=float, default=4.0, help="of the refiner's training")
    arguments = parser.parse_args()
    name = torch.cuda.get_device_name() if arguments.device == "cuda" else "CPU"
    heading("ACInterp", __doc__, "acinterp_gpu")
    print(f"{name}, torch {torch.__version__}, {arguments.size}, {arguments.frames} frames of {arguments.side} px\n")
    table(["what", "seconds", "peak GB", "TFLOP", "share of the card's"], geometry(arguments, name))
    if arguments.catalog:
        with tempfile.TemporaryDirectory() as folder:
            refiner(arguments, Path(folder))


def geometry(arguments: argparse.Namespace, name: str) -> list[list[str]]:
    """Lines for a step of sampling, a whole seam, and a training step of either stage."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from tango_models.interpolation.acinterp.configuration import SamplingConfig, named_config
    from tango_models.interpolation.acinterp.learning.diffusing import choose_trained, diffusion_loss
    from tango_models.interpolation.acinterp.modeling import ACInterp
    from tango_models.interpolation.acinterp.sampling import sample
    from tango_models.interpolation.acinterp.windows import Windows, conditions

    device, side, count = torch.device(arguments.device), arguments.side, arguments.frames
    with device:
        model = ACInterp(named_config(arguments.size)).eval()
    half = torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")

    def window(frames: int, context: int, items: int = 1) -> Windows:
        def pictures(*shape: int) -> torch.Tensor:
            return torch.rand(items, *shape, side, side, device=device)

        known = torch.zeros(items, frames, dtype=torch.bool, device=device)
        known[:, [0, -1]] = frames > 1
        return Windows(
            pictures(frames, 3), pictures(frames, 3), pictures(1, 3), pictures(2 * context, 3) if context else None,
            pictures(frames, 3), pictures(frames, 1), known,
        )  # fmt: skip

    def seams(items: int) -> Callable[[], None]:
        def made() -> None:
            with torch.inference_mode(), half:
                given = conditions(model, window(count, 2, items))
                latents = sample(model, given, SamplingConfig(steps=arguments.steps))
                for k in range(count):
                    model.decode(latents[:, k])

        return made

    def step(stage: str) -> Callable[[], None]:
        def trained() -> None:
            choose_trained(model, stage, checkpointing=True)
            with half:
                windows = window(1, 0) if stage == "1" else window(count, 2)
                loss, _ = diffusion_loss(model, windows, torch.Generator().manual_seed(0))
            loss.backward()
            model.zero_grad(set_to_none=True)

        return trained

    rows = []
    peak = next((value for card, value in _PEAK.items() if name.startswith(card)), 0.0)
    several = [(f"{n} seams in a pass", seams(n)) for n in arguments.together]
    for what, work in (
        ("a seam", seams(1)),
        *several,
        ("a training step, Pose2Image", step("1")),
        ("Image2Video", step("2")),
    ):
        with FlopCounterMode(display=False) as counted:
            work()  # warm, and counted
        if device.type == "cuda":
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds, flops = time.perf_counter() - began, counted.get_total_flops()
        memory = f"{torch.cuda.max_memory_allocated() / 1e9:.1f}" if device.type == "cuda" else "–"
        share = f"{flops / seconds / peak:.0%}" if peak else "–"
        rows.append([what, f"{seconds:.2f}", memory, f"{flops / 1e12:.1f}", share])
    return rows


def refiner(arguments: argparse.Namespace, folder: Path) -> None:
    """Train on some avatars and print how true its frames of others are, beside those of `flow`."""
    from data_catalog import Catalog
    from tango_models.interpolation.acinterp.learning.stages import train_stage
    from tango_models.interpolation.acinterp.refine import RefinerInterpolator
    from tango_models.interpolation.seam import Interpolator
    from tango_models.interpolation.warping.flow import FlowInterpolator
    from tango_models.truth.evaluation import evaluate
    from tasks.views.training.training_takes import training_takes
    from tasks.views.training.true_gaps import TrueGaps

    catalog = Catalog(arguments.catalog)
    figures: list[dict[str, float]] = []
    takes = training_takes(catalog, {avatar: catalog.avatar_tracks(avatar) for avatar in arguments.train})
    options = {"steps": 100_000, "minutes": arguments.minutes, "batch": 16, "final_lr": 1.0, "pieces": 3000}
    weights = train_stage(
        "refiner", takes, folder, options=options, report=figures.append, device=arguments.device
    )  # fmt: skip
    tail = [row["hands"] for row in figures[-100:]], [row["hands_flow"] for row in figures[-100:]]
    print(f"\nRefiner: {len(figures)} steps; error on the arms of its own footage, last 100 steps, grey levels: "
          f"{np.mean(tail[0]):.2f}, flow {np.mean(tail[1]):.2f}\n")  # fmt: skip
    methods: dict[str, Interpolator] = {
        "flow": FlowInterpolator(),
        "refiner": RefinerInterpolator(weights, device=arguments.device),
    }
    for avatar in arguments.judge:
        gaps = TrueGaps(catalog, catalog.avatar_tracks(avatar), lengths=(3, 7, 11), count=12)
        rows = [{"avatar": avatar, "length": str(row.length), **row.cells()} for row in evaluate(methods, gaps)]
        table(list(rows[0]), [list(row.values()) for row in rows])


if __name__ == "__main__":
    main()
