"""`tango`: the commands. Heavy imports stand inside them, so that `--help` answers at once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.command_line import model_app, serving_app, upkeep_app
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


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the result")] = Path("demo_out"),
    catalog: CatalogOption = None,
) -> None:
    """Onboard the synthetic speaker in the package and reenact it to a speech it never gave."""
    from flows.command_line import commands

    commands.demo(out, catalog)


for _more in (serving_app, model_app, upkeep_app):
    app.add_typer(_more.app)


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
