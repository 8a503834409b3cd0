"""Scan a folder of `<avatar>/*.mp4` and onboard what is new or stale. For schedules: done work costs nothing."""

from prefect import flow
from prefect.runtime import deployment

from flows.intake.dataset import scan
from flows.intake.paths import check_place, local_path
from flows.onboard_avatar import onboard_avatar
from flows.outcome import FlowIncomplete, FlowReport, conclude
from flows.settings import Settings
from tasks.runtime.cluster import check_cluster


@flow(name="preprocess-dataset", flow_run_name="preprocess {folder}", persist_result=False)
def preprocess_dataset(folder: str, settings: Settings | None = None) -> FlowReport:
    """Onboard every avatar of a folder; one that fails does not stop the others.

    Args:
        folder: holds one folder per avatar, named as the avatar, with its videos: all files that can be opened as such.
            A whole path in a deployment.

    Raises:
        InputError: the folder does not exist or holds no avatar; a relative path in a deployment; more CPUs or GPUs
            asked for than there are.
        FlowIncomplete: units of some avatar failed.
    """
    settings, deployed = settings or Settings(), deployment.id is not None
    check_place("catalog", settings.catalog, deployed=deployed)
    place = local_path(folder, deployed=deployed)
    found = scan(place)
    check_cluster(settings.cluster)
    report = FlowReport(subject=place.name, refused=found.refused, notes=found.passed_over)
    for avatar, videos in found.videos.items():
        try:
            part = onboard_avatar(avatar, [str(video) for video in videos], settings=settings)
        except FlowIncomplete as error:
            part = error.report
        report.stages += part.stages
        report.refused += part.refused
        report.notes += part.notes
    return conclude(report, max_failed_share=settings.max_failed_share)
