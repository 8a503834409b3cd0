"""One Prefect server and one Ray cluster for the whole session: starting them costs half a minute."""

import os
import sys
from pathlib import Path

# Before NumPy and torch are imported. Threads that wait for each other sleep: by default they spin, and take the cores
# from the processes of the test, and from the tests beside it. Of those each has its share of the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if processes := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))

import hypothesis
import pytest

from flows.server import environment

environment.prepare()
# How long an example takes is the machine's business; it is no property of the code. The same examples every time, so
# that a change is blamed for what it broke alone; `make soak` searches anew, with `--hypothesis-profile=searching`.
hypothesis.settings.register_profile("tango", deadline=None, derandomize=True)
hypothesis.settings.register_profile("searching", deadline=None)
hypothesis.settings.load_profile("tango")
# The search for the lens is most of what the fit of a short video costs; `body/fit` and the footage test it.
os.environ.setdefault("TANGO_STAGES__FIT_SMPLX__FIT__FOCAL", "2.2")
FOOTAGE = Path(os.environ.get("TANGO_FOOTAGE", Path(__file__).parents[2] / "shared" / "data"))


def pytest_collection_modifyitems(items):
    missing = pytest.mark.skip(reason=f"real footage is not at {FOOTAGE}")
    for item in items:
        if "footage" in item.keywords and not FOOTAGE.is_dir():
            item.add_marker(missing)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Random weights are the same whichever tests ran before, in whichever process."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def footage() -> Path:
    return FOOTAGE


@pytest.fixture(scope="session")
def prefect_server():
    """A temporary Prefect server with its own database."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture(scope="session")
def ray_cluster():
    """A real local Ray cluster that the flows under test find running."""
    import ray

    from tasks.runtime.cluster import worker_environment

    options = {"include_dashboard": False, "log_to_driver": False, "object_store_memory": 100 * 2**20}
    with worker_environment.handed_down():
        ray.init(address="local", num_cpus=2, **options)
    yield
    ray.shutdown()
    worker_environment.forget()


@pytest.fixture(scope="session")
def speaker_video(tmp_path_factory) -> Path:
    """Ten seconds of the synthetic speaker, small."""
    from tests.speaker import cut_speaker

    return cut_speaker(tmp_path_factory.mktemp("speaker") / "speaker.mp4", start=0.0, seconds=10.0, side=384)


@pytest.fixture(scope="session")
def onboarded(tmp_path_factory, speaker_video, prefect_server, ray_cluster):
    """Settings of a catalog in which the avatar `ann` is onboarded from `speaker_video`."""
    from flows.configuration.settings import Settings
    from flows.onboard_avatar import onboard_avatar

    settings = Settings(catalog=str(tmp_path_factory.mktemp("catalog")))
    onboard_avatar("ann", [str(speaker_video)], settings=settings)
    return settings
