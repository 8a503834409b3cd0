"""Onboarding one avatar, or whatever lies in a folder."""

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.deployed.given import AvatarName, Override, SceneName, WholePath, given_settings, told
from flows.fleet.pipeline import THREADS
from flows.outcome import FlowReport
from tango_models.errors import InputError


@flow(
    name="onboard-avatar",
    flow_run_name="onboard {avatar}",
    task_runner=ThreadPoolTaskRunner(max_workers=THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
@told
def onboard_avatar(
    avatar: AvatarName,
    videos: list[WholePath] = [],  # noqa: B006  (Prefect shows it in the form, and copies it)
    motion: WholePath | None = None,
    scene: SceneName | None = None,
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> FlowReport:
    """Add videos to an avatar and bring every stage up to date. *Retry* does exactly what is not done.

    Args:
        avatar: Whom the videos show: letters, digits, '-', '_', '.'.
        videos: Whole paths as the worker sees them, or URIs. None: what the avatar has is brought up to date.
        motion: Path or URI of a SMPL-X motion npz to import instead of fitting; goes with exactly one video.
        scene: What the videos show, a room or clothes; reenact can be told to show one scene only.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value, e.g. max_attempts=8.
    """
    from flows.onboard_avatar import onboard_avatar as onboard

    return onboard.fn(
        avatar, list(videos), motion=motion, settings=given_settings(settings_file, overrides), scene=scene or ""
    )


@flow(
    name="preprocess-dataset",
    flow_run_name="preprocess {folder}",
    task_runner=ThreadPoolTaskRunner(max_workers=THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
@told
def preprocess_dataset(
    folder: WholePath | None = None,
    settings_file: WholePath | None = None,
    overrides: list[Override] = [],  # noqa: B006
) -> FlowReport:
    """Onboard what is new or stale in a folder of <avatar>/*.mp4, or a manifest. What is done costs a look.

    Args:
        folder: Path or URI of one folder per avatar, or of a manifest (csv, jsonl, parquet). Empty - TANGO_DATASET.
        settings_file: A TOML file of settings, as the worker sees it; leave it empty for those of the worker.
        overrides: Settings of this run alone, each as name=value, e.g. max_failed_share=0.1.
    """
    from flows.preprocess_dataset import preprocess_dataset as preprocess

    settings = given_settings(settings_file, overrides)
    place = folder or settings.dataset
    if not place:
        raise InputError("folder", "is not given, and TANGO_DATASET is not set", "fill in one of them")
    return preprocess.fn(place, settings=settings)
