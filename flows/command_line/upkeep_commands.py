"""What the commands do that keep a catalog in order."""

import sys
from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.prompt import Prompt

from flows.command_line.reporting import CONSOLE, ERRORS, prefect_home, print_report, read_settings, reported
from flows.server import environment
from flows.server.local_server import ready, server
from flows.server.prefect_database import kept_by_prefect

if TYPE_CHECKING:
    from flows.configuration.settings import Settings
    from flows.upkeep.forget import Forgotten, NotUnique


def forget(avatar: str | None, videos: list[str], speeches: list[str], *, erase: bool, catalog: str | None) -> None:
    with reported("forget"), environment.quiet():
        from flows.intake.catalogs import existing_catalog
        from flows.upkeep.forget import NotUnique
        from tango_models.errors import InputError

        if (avatar is None) == (not speeches):
            fault = "both are given" if speeches else "neither is given"
            raise InputError("an avatar or --speech", fault, "name an avatar, or a speech by --speech")
        settings = read_settings(catalog)
        place = existing_catalog(settings)
        place.check()
        while True:
            try:
                if avatar is None:
                    _forget_speeches(settings, speeches, erase=erase)
                else:
                    _forget(settings, avatar, videos, erase=erase)
            except NotUnique as error:
                chosen = _ask(error)
                videos, speeches = (
                    [chosen if name == error.name else name for name in names] for names in (videos, speeches)
                )
            else:
                return


def _forget(settings: "Settings", avatar: str, videos: list[str], *, erase: bool) -> None:
    from flows.upkeep.forget import forget, forget_for_good

    if not erase:
        for name in forget(settings, avatar, videos):
            CONSOLE.print(f"{avatar}: {name} is no longer used", soft_wrap=True, markup=False)
        return
    done = forget_for_good(settings, avatar, videos)
    for name in done.names:
        CONSOLE.print(f"{avatar}: {name} is erased", soft_wrap=True, markup=False)
    _print_erased(settings, done)


def _forget_speeches(settings: "Settings", speeches: list[str], *, erase: bool) -> None:
    from flows.upkeep.forget import forget_speeches

    done = forget_speeches(settings, speeches, erase=erase)
    for name in done.names:
        said = "is erased" if erase else "what was made of it is dropped"
        CONSOLE.print(f"{name}: {said}", soft_wrap=True, markup=False)
    if erase:
        _print_erased(settings, done)


def _print_erased(settings: "Settings", done: "Forgotten") -> None:
    rows = ", ".join(f"{name} {count}" for name, count in sorted(done.rows.items()))
    CONSOLE.print(f"rows erased: {rows or 'none'}; {done.bytes / 1e6:.1f} MB freed", soft_wrap=True, markup=False)
    for path in done.files:
        CONSOLE.print(f"shows it and is left to you: {path}", soft_wrap=True, markup=False)
    if kept := kept_by_prefect(prefect_home(settings)):
        CONSOLE.print(kept, soft_wrap=True, markup=False)


def _ask(several: "NotUnique") -> str:
    """The id of the one that is meant; without a terminal to ask at, the command ends with exit code 2."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        ERRORS.print(f"[bold red]error[/bold red] {escape(str(several))}", soft_wrap=True)
        raise typer.Exit(2)
    CONSOLE.print(f"{several.name} is the name of {len(several.candidates)} files:", soft_wrap=True, markup=False)
    for number, file in enumerate(several.candidates, 1):
        said = f"  {number}  {file.short_id}  {file.place or file.name}  ({file.state})"
        CONSOLE.print(said, soft_wrap=True, markup=False)
    numbers = [str(number) for number in range(1, len(several.candidates) + 1)]
    return several.candidates[int(Prompt.ask("Which", choices=numbers, console=CONSOLE)) - 1].short_id


def rerun(avatars: list[str], stages: list[str], redo: list[str], *, dry_run: bool, catalog: str | None) -> None:
    with reported("rerun"):
        from flows.intake.catalogs import existing_catalog
        from flows.upkeep.rerun import Redo, plan_rerun
        from tango_models.errors import InputError
        from tasks.runtime.cluster.ray_cluster import check_cluster
        from tasks.runtime.registry import ONBOARDING

        if unknown := sorted(set(stages) - set(ONBOARDING)):
            raise InputError(f"--stage {unknown[0]}", "is no stage of the onboarding", f"name {', '.join(ONBOARDING)}")
        if len(redo) > 1:
            raise InputError(" ".join(f"--{name}" for name in redo), "cannot all be meant", "give one of them")
        wanted = Redo(redo[0]) if redo else Redo.failed
        settings = read_settings(catalog)
        with environment.quiet():
            plan = plan_rerun(settings, avatars, stages, wanted)
        whose = plan.avatars[0] if len(plan.avatars) == 1 else f"{len(plan.avatars)} avatars"
        lines = [
            f"  {stage}: {len(plan.again.get(stage, []))} done over, {plan.undone.get(stage, 0)} not done yet or stale"
            for stage in ONBOARDING
            if stage in plan.again or stage in plan.undone
        ]
        if files := [file for found in plan.files.values() for file in found]:
            lines.append(f"  files that could not be read: {len(files)} read again")
        title = f"{whose}:" if lines else f"{whose}: nothing is to be done."
        CONSOLE.print("\n".join([title, *lines]), soft_wrap=True, markup=False)
        if dry_run or plan.empty:
            return
        check_cluster(settings.cluster)
        existing_catalog(settings).check()
        with server(prefect_home(settings)):
            from flows.upkeep.rerun_stage import rerun_stage

            ready()
            print_report(rerun_stage(avatars, stages, wanted, settings))


def tag(name: str | None, *, delete: bool, catalog: str | None) -> None:
    with reported("tag"), environment.quiet():
        from data_catalog.upkeep.tags import delete_tag, list_tags, make_tag
        from flows.intake.catalogs import existing_catalog
        from tango_models.errors import InputError

        settings = read_settings(catalog)
        place = existing_catalog(settings)
        if name is None:
            if delete:
                raise InputError("--delete", "of no tag", "name it")
            lines = [
                f"{found.name}  {found.made_at:%Y-%m-%d %H:%M} UTC" if found.made_at else found.name
                for found in list_tags(place)
            ]
            CONSOLE.print("\n".join(lines) or "There are no tags.", soft_wrap=True, markup=False)
        elif delete:
            place.check()
            delete_tag(place, name)
            CONSOLE.print(f"{name} is deleted; `tango gc` frees what only it kept", soft_wrap=True, markup=False)
        else:
            place.check()
            make_tag(place, name)
            CONSOLE.print(f"{name}: the catalog as it is now", soft_wrap=True, markup=False)


def gc(keep: float, *, dry_run: bool, catalog: str | None) -> None:
    with reported("gc"), environment.quiet():
        from flows.upkeep.gc import collect

        settings = read_settings(catalog)
        found = collect(settings, keep_hours=keep, dry_run=dry_run)
        lines = [f"  {name}: old versions, {freed / 1e6:.1f} MB" for name, freed in found.version_bytes.items()]
        lines += [f"  {found.seams} seams that no render shows, {found.seam_bytes / 1e6:.1f} MB"] if found.seams else []
        lines += [f"  {found.speeches} speeches, {found.speech_bytes / 1e6:.1f} MB"] if found.speeches else []
        lines += [f"  left by a process that was killed: {path}" for path in found.leftovers]
        said = "would be freed" if dry_run else "freed"
        CONSOLE.print("\n".join([*lines, f"{found.bytes} bytes {said}."]), soft_wrap=True, markup=False)
