"""What the commands about models do: training, judging, importing."""

import tempfile
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from flows.command_line.reporting import CONSOLE, ERRORS, prefect_home, read_settings, reported
from flows.server.local_server import ready, server


def train(
    folder: Path, pairs: Path | None, avatars: list[str], *, size: str, start: Path | None, options: list[str],
    workers: int, gpus: float, catalog: str | None,
) -> None:  # fmt: skip
    with reported("train"):
        from flows.intake.paths import local_path
        from tasks.runtime.cluster.ray_cluster import check_cluster
        from tasks.training.embedding import check_job
        from tasks.training.job import training_cluster

        local_path(folder, written=True)
        settings = read_settings(catalog)
        from flows.models.training_jobs import training_job

        more = {
            "size": size, "start": str(start) if start else None, "training": _options(options), "workers": workers,
            "gpus_per_worker": gpus,
        }  # fmt: skip
        job = training_job(settings, str(folder), str(pairs) if pairs else None, avatars, **more)
        check_job(job)
        check_cluster(training_cluster(job, settings.cluster))
        with server(prefect_home(settings)):
            from flows.models.train_aumoclip import train_aumoclip

            ready()
            made = train_aumoclip(job, settings=settings)
            _print(made.report, "On the pairs it was trained on")
            CONSOLE.print(f"checkpoint  {made.checkpoint}", soft_wrap=True, markup=False)


def train_acinterp(
    folder: Path, avatars: list[str], *, stage: str, size: str, start: Path | None, options: list[str], workers: int,
    gpus: float, catalog: str | None,
) -> None:  # fmt: skip
    with reported("train"):
        from flows.intake.paths import local_path
        from flows.models.training_jobs import catalog_tracks
        from tasks.runtime.cluster.ray_cluster import check_cluster
        from tasks.training.acinterp import ACInterpJob, check_acinterp_job
        from tasks.training.job import training_cluster

        local_path(folder, written=True)
        settings = read_settings(catalog)
        job = ACInterpJob(
            folder=str(folder),
            catalog=settings.catalog,
            storage_options=settings.storage_options,
            stage=stage,
            size=size,
            start=str(start) if start else None,
            training=_options(options, words=True),
            workers=workers,
            gpus_per_worker=gpus,
        )
        check_acinterp_job(job)
        tracks = {avatar: own for avatar, own in catalog_tracks(settings, avatars).items() if own}
        job = job.model_copy(update={"tracks": tracks})
        check_cluster(training_cluster(job, settings.cluster))
        with server(prefect_home(settings)):
            from flows.models.train_acinterp import train_acinterp as flow

            ready()
            weights = flow(job, settings=settings)
            CONSOLE.print(f"weights  {weights}", soft_wrap=True, markup=False)


def evaluate(checkpoint: Path | None, pairs: Path | None, avatars: list[str], *, catalog: str | None) -> None:
    with reported("evaluate"), tempfile.TemporaryDirectory(prefix="tango-evaluate-") as folder:
        from flows.models.evaluate_aumoclip import evaluate_job
        from flows.models.training_jobs import training_job

        settings = read_settings(catalog)
        path = checkpoint or settings.aumoclip.path
        job = training_job(settings, folder, str(pairs) if pairs else None, avatars)
        _print(evaluate_job(job, path), path.name)


def evaluate_seams(avatars: list[str], *, catalog: str | None) -> None:
    """A line for each render of the catalog, or of some avatars: how visible its seams are."""
    with reported("evaluate"):
        from flows.models.evaluate_seams import evaluate_seams as judge

        rows = [row.cells() for row in judge(read_settings(catalog), avatars)]
        table = Table(title="Seams", title_justify="left")
        for name in rows[0]:
            table.add_column(name, justify="left" if name in ("avatar", "video") else "right")
        for row in rows:
            table.add_row(*row.values())
        CONSOLE.print(table)


def evaluate_interpolators(
    avatars: list[str], interpolators: list[str], *, weights: list[Path], lengths: list[int], count: int, seed: int,
    catalog: str | None,
) -> None:  # fmt: skip
    """A table for each length of gap."""
    with reported("evaluate"):
        from flows.models.evaluate_interpolators import evaluate_interpolators as judge
        from tango_models.truth.gaps import LENGTHS

        with CONSOLE.status("") as status:
            found = judge(
                read_settings(catalog),
                avatars,
                interpolators,
                weights=weights,
                lengths=lengths or LENGTHS,
                count=count,
                seed=seed,
                progress=lambda done, total: status.update(f"{done} of {total} gaps"),
            )
        for length in sorted({row.length for row in found}):
            group = [row for row in found if row.length == length]
            table = Table(title=f"{length} frames taken out", title_justify="left", box=SIMPLE, padding=0)
            cells = [row.cells() for row in group]
            for name in cells[0]:
                table.add_column(name, justify="left" if name in ("speed", "made by") else "right")
            for row, values in zip(group, cells, strict=True):
                table.add_row(*values.values(), end_section=row.interpolator == group[-1].interpolator)
            CONSOLE.print(table)


def evaluate_lips(avatars: list[str], *, catalog: str | None) -> None:
    """A table of what is seen of lips, and one of how well they are told from the sound."""
    with reported("evaluate"):
        from flows.models.evaluate_lips import evaluate_lips as judge
        from tango_models.synthetic.known_sounds import known_sounds

        with CONSOLE.status("") as status:
            figures, held = judge(read_settings(catalog), avatars, status.update, said=known_sounds)
        said = any(row.known == row.known for row in figures)
        lips = "Lips. closed, false: by the sounds that are heard"
        lips += "; known: by those that were said" if said else "; those that were said are not known"
        for title, rows in ((lips, figures), ("Footage whose lips were held out", held)):
            if not rows:
                continue
            table = Table(title=title, title_justify="left", box=SIMPLE, padding=0)
            cells = [row.cells() for row in rows]
            for name in cells[0]:
                table.add_column(name, justify="left" if name in ("name", "lips", "which") else "right")
            for values in cells:
                table.add_row(*values.values())
            CONSOLE.print(table)


def import_weights(model: str, file: Path, out: Path) -> None:
    with reported("import-weights"):
        from flows.intake.paths import local_path

        local_path(file)
        local_path(out, written=True)
        count = (_import_acinterp if model == "acinterp" else _import_aumoclip)(file, out)
        CONSOLE.print(f"{out}: {count / 1e6:.1f} M parameters", soft_wrap=True, markup=False)


def _import_aumoclip(file: Path, out: Path) -> int:
    from tango_models.aumoclip.checkpoints import save
    from tango_models.aumoclip.published import convert_published

    model = convert_published(file)
    save(model, out)
    return model.parameter_count()


def _import_acinterp(folder: Path, out: Path) -> int:
    from tango_models.interpolation.acinterp.checkpoints import save
    from tango_models.interpolation.acinterp.published import convert_published
    from tango_models.interpolation.acinterp.weight_files import check_target

    check_target(out)
    model = convert_published(folder)
    save(model, out, notes={"stage": "published", "avatars": []})
    return model.parameter_count()


def _options(given: list[str], *, words: bool = False) -> dict[str, Any]:
    """`name=value` pairs as the fields of a training configuration; `words`: some values are names."""
    import json

    from tango_models.errors import InputError

    found = {}
    for option in given:
        name, equals, value = option.partition("=")
        try:
            found[name] = json.loads(value.lower())
        except json.JSONDecodeError:
            if words and value.isalnum():
                found[name] = value
            else:
                equals = ""
        if not equals or not isinstance(found.get(name), int | float | bool | str):
            raise InputError(f"--set {option}", "is no option with a value", "write for example --set steps=500")
    return found


def _print(report: Any, title: str) -> None:
    table = Table(title=f"{title}: {report.clips} clips, galleries of {report.gallery}", title_justify="left")
    rows = report.rows()
    for name in rows[0]:
        table.add_column(name, justify="left" if name == "figure" else "right")
    for row in rows:
        table.add_row(*row.values())
    CONSOLE.print(table)


def synth(out: Path, text: str | None, *, identity: str, seed: int, voice: str, size: int) -> None:
    with reported("synth"):
        from rich.progress import Progress

        from flows.intake.paths import local_path
        from tango_models.synthetic.build_assets import SPEAKER_TEXT
        from tango_models.synthetic.speaker import synthesize

        with Progress(console=ERRORS, disable=not ERRORS.is_terminal) as bars:
            bar = bars.add_task("frames")
            synthesize(
                text or SPEAKER_TEXT,
                local_path(out, written=True),
                identity=identity,
                seed=seed,
                voice=voice,
                size=size,
                progress=lambda done, total: bars.update(bar, completed=done, total=total),
            )
        CONSOLE.print(f"  video  {out}\n motion  {out.with_suffix('.npz')}", soft_wrap=True)
