"""Interpolators against the truth: frames taken out of footage and made from what is left.

The table is that of `tango evaluate interpolators`, by length of the gap and tercile of hand speed: a synthetic speaker
whom nothing was trained on, and, with --catalog, avatars onboarded before. ACInterp's refiner and its small diffusion
model are trained here, on the other synthetic speakers alone; so that the figures say what either learns in the time.
*Recall*: share of the true hands that the detector finds in the made frames; *stray*: frames with a hand where there is
none; *error*: of the picture around the hands, in grey levels; *gradient*: likeness of gradients, 1 for the same;
*sharp*, *least*: sharpness against the frames at the ends, on average and of the least sharp frame; *warping*: how much
less a frame is the one before it, moved, than in the footage; *s*: seconds a frame. Lines of one speed are of few gaps.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks import footage
from benchmarks.commands import Workplace, workplace
from benchmarks.printing import heading, table

_VOICES = {"ada": "en-us+f3", "dina": "en-us+f2", "fatou": "en-us+f4"}  # the others are men
_POINTS = 8  # of a curve that are printed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps footage, catalog and what was learnt; a run in it goes on")
    parser.add_argument("--catalog", type=Path, help="with avatars to judge by as well")
    parser.add_argument("--avatars", nargs="*", default=[], help="of that catalog; none: all of them")
    parser.add_argument("--held-out", default="gael", help="the synthetic speaker that is not trained on")
    parser.add_argument("--minutes", type=float, default=40.0, help="of the refiner's training")
    parser.add_argument("--steps", type=int, default=1200, help="of it at most: its learning rate falls over them")
    parser.add_argument("--small", type=float, default=20.0, help="minutes for the small diffusion model; 0: none")
    parser.add_argument("--seconds", type=float, default=12.0, help="of each synthetic speaker")
    parser.add_argument("--side", type=int, default=512, help="px of the synthetic speakers")
    parser.add_argument("--gaps", type=int, default=12, help="of each length of the speaker that is held out")
    parser.add_argument("--catalog-gaps", type=int, default=4, help="of each length and avatar of the catalog")
    parser.add_argument("--interpolators", nargs="*", default=[], help="beside the trained ones; none: all there are")
    arguments = parser.parse_args()
    heading("Interpolators against the truth", __doc__, "interpolators")
    with workplace() as place, kept(arguments.folder) as folder:
        catalog = folder / "catalog"
        names = speakers(folder / "dataset", arguments.seconds, arguments.side)
        place.tango("preprocess", folder / "dataset", catalog=catalog)
        learners = [name for name in names if name != arguments.held_out]
        weights = [train(place, catalog, folder, "refiner", learners, arguments.minutes, steps=arguments.steps)]
        if arguments.small:
            weights.append(small(place, catalog, folder, learners, arguments.small))
        print(f"Trained on {', '.join(learners)}: {arguments.seconds:g} s of each at {arguments.side} px.\n")
        for name in [path.parent for path in weights]:
            curve(name)
        methods, held_out = (arguments.interpolators, weights), arguments.held_out
        judge(catalog, [held_out], arguments.gaps, *methods, f"{held_out}, synthetic, held out")
        if arguments.catalog:
            judge(arguments.catalog, arguments.avatars, arguments.catalog_gaps, *methods, "Avatars of the catalog")


@contextmanager
def kept(folder: Path | None) -> Iterator[Path]:
    """The given folder, or one for the time."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="tango-interpolators-") as name:
        yield Path(name)


def speakers(dataset: Path, seconds: float, side: int) -> list[str]:
    """<dataset>/<name>/speech.mp4 of every synthetic identity, each with a voice and sentences of its own."""
    from tango_models.synthetic.identity import IDENTITIES
    from tango_models.synthetic.speaker import synthesize

    for number, name in enumerate(IDENTITIES):
        video = dataset / name / "speech.mp4"
        if not video.exists():
            video.parent.mkdir(parents=True, exist_ok=True)
            text = " ".join(np.roll(footage.SENTENCES, -2 * number))
            making = video.with_name(".making.mp4")
            synthesize(
                text, making, seed=number, identity=name, voice=_VOICES.get(name, "en-us+m3"), size=side,
                max_seconds=seconds, motion_npz=dataset.parent / f"{name}.npz",
            )  # fmt: skip
            making.rename(video)
    return list(IDENTITIES)


def train(
    place: Workplace, catalog: Path, folder: Path, stage: str, avatars: Sequence[str], minutes: float, *,
    steps: int, start: Path | None = None,
) -> Path:  # fmt: skip
    """The weights of `tango train acinterp` after so many minutes."""
    from tango_models.interpolation.acinterp.learning.stages import WEIGHTS

    run = folder / stage
    if not (run / WEIGHTS).exists():
        given = [f"--set=minutes={minutes:g}", f"--set=steps={steps}", *(f"--avatar={name}" for name in avatars)]
        given += [] if start is None else ["--start", str(start)]
        place.tango("train", "acinterp", "--stage", stage, "--folder", run, *given, catalog=catalog)
    return run / WEIGHTS


def small(place: Workplace, catalog: Path, folder: Path, avatars: Sequence[str], minutes: float) -> Path:
    """The weights of the small diffusion model: a quarter of the time for its autoencoder, the rest for its stages."""
    path = None
    for stage, share in (("vae", 0.25), ("1", 0.375), ("2", 0.375)):
        path = train(place, catalog, folder, stage, avatars, minutes * share, steps=3000, start=path)
    assert path is not None
    return path


def curve(run: Path) -> None:
    """Print how loss and figures went, in parts of equally many steps; of the small model all three stages."""
    from tasks.runtime.cluster.ray_training import FIGURES

    for stage in [run] if run.name == "refiner" else [run.with_name(name) for name in ("vae", "1", "2")]:
        lines = [json.loads(line) for line in (stage / FIGURES).read_text().splitlines()]
        names = [name for name in lines[0] if name not in ("step", "seconds", "gradient_norm", "lr")]
        parts = [part for part in np.array_split(np.arange(len(lines)), _POINTS) if len(part)]
        rows = [
            [str(lines[part[-1]]["step"]), *(f"{np.mean([lines[k][name] for k in part]):.4g}" for name in names)]
            for part in parts
        ]
        title = "The refiner" if stage.name == "refiner" else f"The small diffusion model, stage {stage.name}"
        print(f"{title}, means since the line before:\n")
        table(["until step", *names], rows)


def judge(
    uri: Path, avatars: list[str], gaps: int, interpolators: list[str], weights: Sequence[Path], title: str
) -> None:
    """Print the table of every length of gap."""
    from flows.configuration.settings import Settings
    from flows.models.evaluate_interpolators import evaluate_interpolators
    from tango_models.truth.gaps import LENGTHS

    found = evaluate_interpolators(
        Settings(catalog=str(uri)), avatars, interpolators, weights=weights, lengths=LENGTHS, count=gaps, seed=0,
        progress=lambda done, total: None,
    )  # fmt: skip
    for length in sorted({row.length for row in found}):
        rows = [row.cells() for row in found if row.length == length]
        print(f"{title}: {length} frames taken out.\n")
        table(list(rows[0]), [[*row.values()] for row in rows])
    made = {row.interpolator: row for row in found if (row.length, row.pace) == (7, "all")}
    if made:
        errors = sorted((row.hand_error, name) for name, row in made.items() if name != "footage")
        print(f"Error at 7 frames, all speeds: {', '.join(f'{name} {error:.1f}' for error, name in errors)}.\n")


if __name__ == "__main__":
    main()
