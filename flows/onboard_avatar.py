"""Videos of a speaker become rows of the catalog, stage by stage; the videos follow one another through the stages."""

from prefect import flow
from prefect.runtime import deployment
from prefect.task_runners import ThreadPoolTaskRunner

from data_catalog import Catalog, check_avatar_name
from flows.configuration.settings import Settings
from flows.fleet.onboarding import Request, onboard_all
from flows.fleet.pipeline import THREADS
from flows.intake.footage import Footage
from flows.intake.paths import check_place, printable
from flows.intake.requests import check_onboarding
from flows.outcome import FlowReport


@flow(
    name="onboard-avatar",
    flow_run_name="onboard {avatar}",
    task_runner=ThreadPoolTaskRunner(max_workers=THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
def onboard_avatar(
    avatar: str, videos: list[str], motion: str | None = None, settings: Settings | None = None, scene: str = ""
) -> FlowReport:
    """Add videos to an avatar and bring every stage up to date.

    Args:
        avatar: 1 to 64 letters, digits, '-', '_', '.'.
        videos: paths of video files, whole ones in a deployment; one that cannot be used does not stop the others.
            None: only what the avatar has is brought up to date.
        motion: npz motion file to import instead of fitting; goes with exactly one video.
        settings: the settings tree; None reads the environment.
        scene: what the videos show, by which `reenact` can choose among an avatar's; "" leaves it as it was said.

    Raises:
        BadName: an avatar name that is not allowed.
        InputError: an unknown avatar, or a scene, without a video; an unreadable motion file, or one for several
            videos; an embedding that needs the licensed body, and none is set; more CPUs or GPUs asked for than there
            are; a relative path in a deployment.
        FlowIncomplete: units failed; running it again does only those.
    """
    settings = settings or Settings()
    avatar, deployed = check_avatar_name(avatar), deployment.id is not None
    check_place("catalog", settings.catalog, deployed=deployed)
    catalog = Catalog(settings.catalog, settings.storage_options)
    check_onboarding(catalog, avatar, videos, motion, settings, scene=scene, deployed=deployed)
    footage = [Footage(video, motion, scene=printable(scene)) for video in videos]
    return onboard_all(avatar, [Request(avatar, footage)], settings)
