"""What the commands do that keep a catalog in order."""

from flows.command_line.commands import CONSOLE, prefect_home, print_report, read_settings, reported
from flows.server import environment
from flows.server.local_server import ready, server


def rerun(avatars: list[str], stages: list[str], redo: list[str], *, dry_run: bool, catalog: str | None) -> None:
    with reported():
        from flows.upkeep.rerun import Redo, plan_rerun
        from tango_models.errors import InputError
        from tasks.runtime.ray_cluster import check_cluster
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
        title = f"{whose}:" if lines else f"{whose}: nothing is to be done."
        CONSOLE.print("\n".join([title, *lines]), soft_wrap=True, markup=False)
        if dry_run or plan.empty:
            return
        check_cluster(settings.cluster)
        with server(prefect_home(settings)):
            from flows.upkeep.rerun_stage import rerun_stage

            ready()
            print_report(rerun_stage(avatars, stages, wanted, settings))


def tag(name: str | None, *, delete: bool, catalog: str | None) -> None:
    with reported(), environment.quiet():
        from data_catalog import Catalog
        from data_catalog.tags import delete_tag, list_tags, make_tag
        from flows.intake.requests import check_there
        from tango_models.errors import InputError

        settings = read_settings(catalog)
        place = Catalog(settings.catalog, settings.storage_options)
        check_there(place)
        if name is None:
            if delete:
                raise InputError("--delete", "of no tag", "name it")
            lines = [
                f"{found.name}  {found.made_at:%Y-%m-%d %H:%M} UTC" if found.made_at else found.name
                for found in list_tags(place)
            ]
            CONSOLE.print("\n".join(lines) or "There are no tags.", soft_wrap=True, markup=False)
        elif delete:
            delete_tag(place, name)
            CONSOLE.print(f"{name} is deleted; `tango gc` frees what only it kept", soft_wrap=True, markup=False)
        else:
            make_tag(place, name)
            CONSOLE.print(f"{name}: the catalog as it is now", soft_wrap=True, markup=False)


def gc(keep: float, *, dry_run: bool, catalog: str | None) -> None:
    with reported(), environment.quiet():
        from data_catalog import Catalog
        from flows.intake.requests import check_there
        from flows.upkeep.gc import collect

        settings = read_settings(catalog)
        place = Catalog(settings.catalog, settings.storage_options)
        check_there(place)
        if not dry_run:
            place.check()
        found = collect(settings, keep_hours=keep, dry_run=dry_run)
        lines = [f"  {name}: old versions, {freed / 1e6:.1f} MB" for name, freed in found.version_bytes.items()]
        lines += [f"  {found.seams} seams that no render shows, {found.seam_bytes / 1e6:.1f} MB"] if found.seams else []
        lines += [f"  left by a process that was killed: {path}" for path in found.leftovers]
        said = "would be freed" if dry_run else "freed"
        CONSOLE.print("\n".join([*lines, f"{found.bytes} bytes {said}."]), soft_wrap=True, markup=False)
