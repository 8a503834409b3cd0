"""`tango`: the commands. Heavy imports stand inside them, so that `--help` answers at once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.command_line import upkeep_app
from flows.command_line.options import CatalogOption
from flows.configuration.bounds import LARGEST_INTEGER
from flows.configuration.defaults import SCORER

app = typer.Typer(
    name="tango",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Turn a video of a speaker and any speech recording into a video of that speaker gesturing to it.",
)


app.add_typer(upkeep_app.app)


class InterpolatorName(StrEnum):
    """How the frames around a jump are made."""

    auto = "auto"
    flow = "flow"
    rife = "rife"
    acinterp = "acinterp"
    none = "none"


@app.command()
def onboard(
    avatar: Annotated[str, typer.Argument(help="Name of the avatar: letters, digits, '-', '_', '.'")],
    videos: Annotated[
        list[str] | None, typer.Argument(help="Videos of the speaker; none: what the avatar has is brought up to date")
    ] = None,
    motion: Annotated[str | None, typer.Option(help="SMPL-X motion npz to import instead of fitting")] = None,
    scene: Annotated[str, typer.Option(help="What the videos show, to choose by with `tango reenact --scene`")] = "",
    catalog: CatalogOption = None,
) -> None:
    """Add videos to an avatar. Done work is kept: run it again after a crash or with more videos."""
    from flows.command_line import commands

    commands.onboard(avatar, videos or [], motion, catalog, scene)


@app.command()
def reenact(
    avatar: Annotated[str, typer.Argument(help="An onboarded avatar")],
    speech: Annotated[str, typer.Argument(help="Audio or video file with the speech")],
    out: Annotated[str, typer.Option(help="The mp4 to write; a motion npz and a report go beside it")],
    scorer: Annotated[
        str, typer.Option(help="What fits clips to speech: aumoclip, prosody, e.g. 0.7*aumoclip+0.3*prosody, or random")
    ] = SCORER,
    interpolator: Annotated[
        InterpolatorName, typer.Option(help="What makes the frames around a jump")
    ] = InterpolatorName.auto,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_INTEGER, help="Other seeds give other good paths")] = 0,
    lips: Annotated[
        str, typer.Option(help="match: they follow the speech, by the footage's own mouths; off; or plug:NAME")
    ] = "match",
    tag: Annotated[str | None, typer.Option(help="Show the avatar as it was at this tag of the catalog")] = None,
    scene: Annotated[str | None, typer.Option(help="Show only the videos of this scene")] = None,
    catalog: CatalogOption = None,
) -> None:
    """Make a video of an avatar gesturing to a speech."""
    from flows.command_line import commands

    commands.reenact(avatar, speech, out, scorer, interpolator.value, seed, catalog, lips, tag, scene)


@app.command()
def preprocess(
    folder: Annotated[str, typer.Argument(help="Holds one folder per avatar with its videos; or a manifest")],
    catalog: CatalogOption = None,
) -> None:
    """Onboard every avatar of a folder of <avatar>/*.mp4, or other videos, or of a manifest (csv, jsonl or parquet with
    the columns avatar and video, and if you like motion, consent and scene); what is done is skipped."""
    from flows.command_line import commands

    commands.preprocess(folder, catalog)


@app.command()
def status(
    avatar: Annotated[str | None, typer.Argument(help="One avatar, stage by stage; all, a line each, if none")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Of all: only avatars of which something failed")] = False,
    stale: Annotated[bool, typer.Option("--stale", help="Of all: only avatars that are out of date")] = False,
    stage: Annotated[list[str] | None, typer.Option("--stage", help="Of all: only what stands still at it")] = None,
    units: Annotated[
        bool, typer.Option("--units", help="Of all: every unit that is not done, with the reason")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Machine-readable output")] = False,
    trace: Annotated[
        bool, typer.Option("--trace", help="All that failed, renders too, with the stack traces of unforeseen faults")
    ] = False,
    catalog: CatalogOption = None,
) -> None:
    """How avatars stand, the worst first, and why; or one of them, stage by stage."""
    if avatar is None:
        from flows.command_line import overview

        if trace:
            if stale or units:
                raise typer.BadParameter("lists what failed; leave out --stale and --units", param_hint="--trace")
            overview.failed_units(stages=stage or [], as_json=json, catalog=catalog)
            return
        overview.summary(failed=failed, stale=stale, stages=stage or [], units=units, as_json=json, catalog=catalog)
        return
    from flows.command_line import commands

    commands.status(avatar, as_json=json, trace=trace, catalog=catalog)


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
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the result")] = Path("demo_out"),
    catalog: CatalogOption = None,
) -> None:
    """Onboard the synthetic speaker in the package and reenact it to a speech it never gave."""
    from flows.command_line import commands

    commands.demo(out, catalog)


@app.command()
def serve(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Of the server and its UI [default: the first free from 4200]")
    ] = None,
    home: Annotated[
        str | None, typer.Option(help="Folder of Prefect's database and the logs [default: beside the catalog]")
    ] = None,
    catalog: CatalogOption = None,
) -> None:
    """Start the Prefect server with its UI, and a worker with the deployments of prefect.yaml."""
    from flows.command_line import commands

    commands.serve(port, home, catalog)


@app.command()
def work(
    home: Annotated[
        str | None, typer.Option(help="Folder of the log and the list of runs [default: beside the catalog]")
    ] = None,
    catalog: CatalogOption = None,
) -> None:
    """Do the runs of a Prefect server that runs elsewhere, named by PREFECT_API_URL."""
    from flows.command_line import commands

    commands.work(home, catalog)


@app.command()
def metrics(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="[default: that of the settings, else 9464]")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Also of a catalog that nothing was onboarded into yet")] = False,
    catalog: CatalogOption = None,
) -> None:
    """Give figures of a catalog to Prometheus, to this machine alone unless TANGO_METRICS__HOST says otherwise. (`tango
    serve` and `tango work` do so too where TANGO_METRICS__PORT is set.)"""
    from flows.command_line import commands

    commands.metrics(port, catalog, new=new)


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
    from flows.command_line import commands

    commands.synth(out, text, identity=identity, seed=seed, voice=voice, size=size)


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
