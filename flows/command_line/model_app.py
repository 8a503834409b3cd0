"""`tango`: the commands that train, judge and make models, and footage to try them on."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.command_line.options import CatalogOption
from flows.configuration.bounds import LARGEST_INTEGER

app = typer.Typer()


class ModelName(StrEnum):
    """What can be trained."""

    aumoclip = "aumoclip"
    acinterp = "acinterp"


class ImportedName(StrEnum):
    """Whose published weights can be converted."""

    aumoclip = "aumoclip"
    acinterp = "acinterp"


PairsOption = Annotated[Path | None, typer.Option(help="Folder of <name>.npz motion and <name>.wav speech")]


@app.command()
def train(
    model: Annotated[ModelName, typer.Argument(help="What to train")],
    folder: Annotated[Path, typer.Option(help="Of the run: checkpoints and figures; a run in it goes on")],
    pairs: PairsOption = None,
    avatars: Annotated[list[str] | None, typer.Option("--avatar", help="Of the catalog, without --pairs")] = None,
    size: Annotated[
        str | None, typer.Option(help="aumoclip: embedded or paper; acinterp: small or sd15 [default: the first]")
    ] = None,
    stage: Annotated[str, typer.Option(help="Of acinterp: vae, 1, 2 or refiner")] = "refiner",
    start: Annotated[Path | None, typer.Option(help="Checkpoint to begin from")] = None,
    options: Annotated[list[str] | None, typer.Option("--set", help="A training option, e.g. steps=500")] = None,
    workers: Annotated[int, typer.Option(min=1, max=1024, help="Ray workers that share a batch")] = 1,
    gpus: Annotated[float, typer.Option(min=0, max=64, help="GPUs per worker")] = 0,
    catalog: CatalogOption = None,
) -> None:
    """Train the embedding on pairs of speech and motion, of a folder or of the catalog's avatars; or ACInterp and its
    refiner on the avatars' footage, all of them without --avatar."""
    from flows.command_line import model_commands

    if model is ModelName.acinterp:
        model_commands.train_acinterp(
            folder, avatars or [], stage=stage, size=size or "small", start=start, options=options or [],
            workers=workers, gpus=gpus, catalog=catalog,
        )  # fmt: skip
        return
    model_commands.train(
        folder, pairs, avatars or [], size=size or "embedded", start=start, options=options or [], workers=workers,
        gpus=gpus, catalog=catalog,
    )  # fmt: skip


class Judged(StrEnum):
    """What can be judged."""

    aumoclip = "aumoclip"
    seams = "seams"
    interpolators = "interpolators"
    lips = "lips"


@app.command()
def evaluate(
    what: Annotated[
        Judged,
        typer.Argument(help="The embedding, the jumps or the lips of the videos that were made, or what makes frames"),
    ],
    checkpoint: Annotated[Path | None, typer.Option(help="A safetensors file [default: the one in use]")] = None,
    pairs: PairsOption = None,
    avatars: Annotated[list[str] | None, typer.Option("--avatar", help="Of the catalog, without --pairs")] = None,
    interpolators: Annotated[
        list[str] | None, typer.Option("--interpolator", help="To judge: cut, fade, or as for reenact [default: all]")
    ] = None,
    weights: Annotated[
        list[Path] | None, typer.Option(help="For interpolators: files of acinterp's, each a line of its own beside")
    ] = None,
    gaps: Annotated[int, typer.Option(min=1, max=1000, help="For interpolators: of each length and avatar")] = 12,
    lengths: Annotated[
        list[int] | None, typer.Option("--length", min=1, max=60, help="Frames taken out [default: 3, 7 and 11]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_INTEGER, help="Other seeds take out others")] = 0,
    catalog: CatalogOption = None,
) -> None:
    """How well speech finds its own motion, beside chance and prosody; how visible the jumps of renders are; or how
    true the frames are that each interpolator makes of footage with frames taken out; or how lips fit their speech."""
    from flows.command_line import model_commands

    if what is Judged.interpolators:
        model_commands.evaluate_interpolators(
            avatars or [],
            interpolators or [],
            weights=weights or [],
            lengths=lengths or [],
            count=gaps,
            seed=seed,
            catalog=catalog,
        )
        return
    if what is Judged.lips:
        model_commands.evaluate_lips(avatars or [], catalog=catalog)
        return
    if what is Judged.seams:
        model_commands.evaluate_seams(avatars or [], catalog=catalog)
        return
    model_commands.evaluate(checkpoint, pairs, avatars or [], catalog=catalog)


@app.command("import-weights")
def import_weights(
    model: Annotated[ImportedName, typer.Argument(help="Whose weights")],
    file: Annotated[
        Path,
        typer.Argument(
            help="aumoclip: the published checkpoint (.pth). acinterp: a folder with AnimateAnyone's denoising_unet, "
            "reference_unet, pose_guider and motion_module, and the hub's sd-vae-ft-mse and image_encoder"
        ),
    ],
    out: Annotated[Path, typer.Option(help="The safetensors file to write")],
) -> None:
    """Convert published weights, strictly. Nothing in them is executed. (TANGO's own weights are CC BY-NC.)"""
    from flows.command_line import model_commands

    model_commands.import_weights(model.value, file, out)


@app.command()
def synth(
    out: Annotated[Path, typer.Option(help="The mp4 to write; its true motion goes beside it as npz")],
    text: Annotated[str | None, typer.Option(help="What the speaker says [default: the text of the demo]")] = None,
    identity: Annotated[str, typer.Option(help="Who speaks; an unknown name lists those there are")] = "ada",
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_INTEGER, help="Other seeds give other gestures")] = 0,
    voice: Annotated[str, typer.Option(help="An eSpeak NG voice")] = "en-us+f3",
    size: Annotated[int, typer.Option(min=64, max=2160, help="Side of the picture in pixels")] = 768,
) -> None:
    """Make a video of a synthetic speaker, with its exactly known motion."""
    from flows.command_line import model_commands

    model_commands.synth(out, text, identity=identity, seed=seed, voice=voice, size=size)
