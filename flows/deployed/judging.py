"""Judging: the embedding, the jumps and the lips of renders, and what makes frames. Figures stand in a table each."""

from enum import StrEnum
from typing import Annotated, Any

from prefect import flow, get_run_logger
from pydantic import Field

from flows.artifacts import show_table
from flows.configuration.bounds import LARGEST_INTEGER
from flows.deployed.given import AvatarName, Override, WholePath, given_settings, told
from flows.models.evaluate_aumoclip import RetrievalReport

_TENTHS = 10
"""Of the gaps, after each of which the log says how far it is."""
Table = list[dict[str, Any]]


@flow(name="evaluate-aumoclip", flow_run_name="evaluate", persist_result=False)
@told
def evaluate_aumoclip(
    checkpoint: WholePath | None = None,
    pairs: WholePath | None = None,
    avatars: list[AvatarName] = [],  # noqa: B006
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> RetrievalReport:
    """How well speech finds its own motion, beside chance and prosody.

    Args:
        checkpoint: A safetensors file. Empty: the one in use.
        pairs: Folder of <name>.npz motion and <name>.wav speech. Empty: the catalog's avatars.
        avatars: Of the catalog, where pairs is empty; none: all.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value.
    """
    import tempfile
    from pathlib import Path

    from flows.models.evaluate_aumoclip import evaluate_job
    from flows.models.training_jobs import training_job

    settings = given_settings(settings_file, overrides)
    with tempfile.TemporaryDirectory(prefix="tango-evaluate-") as folder:
        job = training_job(settings, folder, pairs, list(avatars))
        report = evaluate_job(job, Path(checkpoint).expanduser() if checkpoint else settings.aumoclip.path)
    show_table(report.rows(), key="aumoclip-retrieval", description="Retrieval, beside chance and prosody")
    return report


@flow(name="evaluate-seams", flow_run_name="evaluate seams", persist_result=False)
@told
def evaluate_seams(
    avatars: list[AvatarName] = [],  # noqa: B006
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> Table:
    """How visible the jumps of the renders are, a line for each render.

    Args:
        avatars: Whose renders; none: all.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value.
    """
    from flows.models.evaluate_seams import evaluate_seams as judge

    rows = [row.cells() for row in judge(given_settings(settings_file, overrides), list(avatars))]
    show_table(rows, key="seams", description="Seams of the renders")
    return rows


@flow(name="evaluate-lips", flow_run_name="evaluate lips", persist_result=False)
@told
def evaluate_lips(
    avatars: list[AvatarName] = [],  # noqa: B006
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> Table:
    """How the lips of the renders fit their speech, beside the footage with its own sound, the same moments without,
    and random mouths.

    Args:
        avatars: Whose renders and footage; none: all.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value.
    """
    from flows.models.evaluate_lips import evaluate_lips as judge
    from tango_models.synthetic.known_sounds import known_sounds

    settings = given_settings(settings_file, overrides)
    figures, held = judge(settings, list(avatars), get_run_logger().info, said=known_sounds)
    rows = [row.cells() for row in figures]
    show_table(rows, key="lips", description="Lips. closed, false: by sounds heard; known: by those said")
    if held:
        lines = [row.cells() for row in held]
        show_table(lines, key="lips-held-out", description="Footage whose lips were held out")
    return rows


class Judged(StrEnum):
    """What makes the frames that were taken out."""

    cut = "cut"
    fade = "fade"
    auto = "auto"
    flow = "flow"
    rife = "rife"
    acinterp = "acinterp"


@flow(name="evaluate-interpolators", flow_run_name="evaluate interpolators", persist_result=False)
@told
def evaluate_interpolators(
    avatars: list[AvatarName] = [],  # noqa: B006
    interpolators: list[Judged] = [],  # noqa: B006
    weights: list[WholePath] = [],  # noqa: B006
    lengths: list[Annotated[int, Field(ge=1, le=60)]] = [3, 7, 11],  # noqa: B006
    gaps: Annotated[int, Field(ge=1, le=1000)] = 12,
    seed: Annotated[int, Field(ge=0, le=LARGEST_INTEGER)] = 0,
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> Table:
    """How true the frames are that each interpolator makes of footage with frames taken out.

    Args:
        avatars: Whose footage; none: all.
        interpolators: None: all that can be used on the worker.
        weights: Files of ACInterp's, each a line of its own beside the others.
        lengths: Frames taken out. None: 3, 7 and 11.
        gaps: Of each length and avatar.
        seed: Other seeds take out other frames.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value.
    """
    from pathlib import Path

    from flows.models.evaluate_interpolators import evaluate_interpolators as judge
    from tango_models.truth.gaps import LENGTHS

    log = get_run_logger()

    def say(done: int, total: int) -> None:
        if done * _TENTHS // total > (done - 1) * _TENTHS // total:
            log.info("%d of %d gaps", done, total)

    found = judge(
        given_settings(settings_file, overrides),
        list(avatars),
        [Judged(name).value for name in interpolators],
        weights=[Path(file) for file in weights],
        lengths=list(lengths) or LENGTHS,
        count=gaps,
        seed=seed,
        progress=say,
    )
    rows = [{"frames": row.length, **row.cells()} for row in sorted(found, key=lambda row: row.length)]
    show_table(rows, key="interpolators", description="Frames made where some were taken out")
    return rows
