"""Scan a folder of `<avatar>/*.mp4` and onboard what is new or stale. For schedules: done work costs nothing."""

from pathlib import Path

from prefect import flow

from data_catalog import check_avatar_name
from flows.onboard_avatar import onboard_avatar
from flows.outcome import FlowIncomplete, FlowReport, conclude
from flows.settings import Settings
from tango_models.errors import InputError

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts"}


@flow(name="preprocess-dataset", flow_run_name="preprocess {folder}", persist_result=False)
def preprocess_dataset(folder: str, settings: Settings | None = None) -> FlowReport:
    """Onboard every avatar of a folder; one that fails does not stop the others.

    Args:
        folder: holds one folder per avatar, named as the avatar, with its videos.

    Raises:
        InputError: the folder does not exist or holds no avatar.
        FlowIncomplete: units of some avatar failed.
    """
    settings = settings or Settings()
    found = scan(Path(folder))
    report = FlowReport(subject=Path(folder).name)
    for avatar, videos in found.items():
        try:
            check_avatar_name(avatar)
        except ValueError as error:
            report.refused.append(str(error))
            continue
        try:
            part = onboard_avatar(avatar, [str(video) for video in videos], settings=settings)
        except FlowIncomplete as error:
            part = error.report
        report.stages += part.stages
        report.refused += part.refused
        report.notes += part.notes
    return conclude(report, max_failed_share=settings.max_failed_share)


def scan(folder: Path) -> dict[str, list[Path]]:
    """Avatars and their videos, both in order of name.

    Raises:
        InputError: see `preprocess_dataset`.
    """
    if not folder.is_dir():
        raise InputError(str(folder), "is no folder", "name a folder that holds <avatar>/*.mp4")
    videos = {
        place.name: sorted(file for file in place.iterdir() if file.suffix.lower() in VIDEO_SUFFIXES)
        for place in sorted(folder.iterdir())
        if place.is_dir()
    }
    found = {avatar: files for avatar, files in videos.items() if files}
    if not found:
        raise InputError(str(folder), "holds no <avatar>/*.mp4", "put each speaker's videos into a folder of his own")
    return found
