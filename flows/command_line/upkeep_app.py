"""`tango`: the commands that keep a catalog in order."""

from typing import Annotated

import typer

from flows.command_line.options import CatalogOption
from flows.configuration.bounds import LONGEST_HOURS

app = typer.Typer()


@app.command()
def forget(
    avatar: Annotated[str | None, typer.Argument(help="An avatar")] = None,
    videos: Annotated[list[str] | None, typer.Argument(help="Its videos that are no longer used; all if none")] = None,
    speeches: Annotated[
        list[str] | None,
        typer.Option("--speech", help="Instead of an avatar: a speech, by file or id, of which all that was made goes"),
    ] = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Remove all that was made of them, at once and for good")
    ] = False,
    catalog: CatalogOption = None,
) -> None:
    """Take videos, or a whole avatar, out of use. What was computed stays, in case they are added again. Of a speech it
    goes, except what tells of its renders; with --erase that too."""
    from flows.command_line import upkeep_commands

    upkeep_commands.forget(avatar, videos or [], speeches or [], erase=erase, catalog=catalog)


@app.command()
def rerun(
    avatars: Annotated[list[str] | None, typer.Argument(help="Avatars; all of the catalog if none")] = None,
    stages: Annotated[list[str] | None, typer.Option("--stage", help="Of the onboarding; all if none")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="What failed, however often [default]")] = False,
    stale: Annotated[bool, typer.Option("--stale", help="Only what is out of date")] = False,
    force: Annotated[bool, typer.Option("--force", help="Every unit, done or not")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done")] = False,
    catalog: CatalogOption = None,
) -> None:
    """Do stages of avatars over, and what reads their rows. What is stale or missing is done as well."""
    from flows.command_line import upkeep_commands

    chosen = {"failed": failed, "stale": stale, "force": force}
    upkeep_commands.rerun(
        avatars or [], stages or [], [name for name, given in chosen.items() if given], dry_run=dry_run, catalog=catalog
    )


@app.command()
def tag(
    name: Annotated[str | None, typer.Argument(help="Of the tag; none: list them")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Let go of what it keeps")] = False,
    catalog: CatalogOption = None,
) -> None:
    """Give the catalog as it is now a name, to render from it (`tango reenact --tag`) whatever is onboarded later."""
    from flows.command_line import upkeep_commands

    upkeep_commands.tag(name, delete=delete, catalog=catalog)


@app.command()
def gc(
    keep: Annotated[
        float, typer.Option(min=0, max=LONGEST_HOURS, help="Hours for which old versions of the tables stay")
    ] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many bytes would go")] = False,
    catalog: CatalogOption = None,
) -> None:
    """Take off the disk what is no longer needed: old versions without a tag, seams and speeches that no render has,
    what killed runs left."""
    from flows.command_line import upkeep_commands

    upkeep_commands.gc(keep, dry_run=dry_run, catalog=catalog)
