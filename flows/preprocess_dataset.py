"""Look through a folder of `<avatar>/*.mp4`, or a manifest, and onboard what is new or stale. For schedules: done work
costs nothing."""

from prefect import flow
from prefect.runtime import deployment
from prefect.task_runners import ThreadPoolTaskRunner

from data_catalog import Catalog
from data_catalog.uris.places import file_name
from flows.configuration.settings import Settings
from flows.fleet.onboarding import Request, onboard_all
from flows.fleet.pipeline import THREADS
from flows.intake.batch import read_batch
from flows.intake.paths import check_place, source_place
from flows.intake.requests import check_catalog
from flows.outcome import FlowReport
from tasks.runtime.cluster.ray_cluster import check_cluster
from tasks.views.embedding_model import check_body


@flow(
    name="preprocess-dataset",
    flow_run_name="preprocess {folder}",
    task_runner=ThreadPoolTaskRunner(max_workers=THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
def preprocess_dataset(folder: str, settings: Settings | None = None) -> FlowReport:
    """Onboard every avatar of a folder; one that fails does not stop the others.

    Args:
        folder: holds one folder per avatar, named as the avatar, with its videos: all files that can be opened as such;
            or a manifest (see `flows/intake/manifest.py`). A path, whole in a deployment, or a URI.

    Raises:
        InputError: the folder does not exist or holds no avatar, the manifest names none; a relative path in a
            deployment; an embedding that needs the licensed body, and none is set; more CPUs or GPUs asked for than
            there are.
        UnusableStore: a bucket cannot be read, or no rows can be written where the catalog is.
        FlowIncomplete: units of some avatar failed.
    """
    settings, deployed = settings or Settings(), deployment.id is not None
    check_place("catalog", settings.catalog, deployed=deployed)
    place = source_place(folder, deployed=deployed)
    found = read_batch(place, settings.storage_options)
    check_cluster(settings.cluster)
    name = file_name(place)
    report = FlowReport(subject=name, refused=found.refused, notes=found.notes)
    check_body(settings.aumoclip, settings.body)
    check_catalog(Catalog(settings.catalog, settings.storage_options), deployed=deployed)
    requests = [Request(avatar, videos) for avatar, videos in found.footage.items()]
    return onboard_all(name, requests, settings, report, comes_again=True)
