"""Twenty avatars that failed are done over by one press in the page: Prefect's own has a *Retry* for one run alone."""

import pytest

from data_catalog import Catalog
from flows.configuration.settings import Settings
from tango_models.media.probe import content_id
from tasks.runtime.versions import Versions
from tests.browser import CHROMIUM, browser_page
from tests.flows.server.served import serving, until
from tests.speaker import cut_speaker
from tests.stages import add_video

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.soak,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
]
COUNT = 20


def _states(catalog: Catalog, stage: str) -> dict[str, bool]:
    return {unit: record.ok for unit, record in catalog.records(stage).items()}


def test_one_press_does_over_all_that_failed_and_nothing_else(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    settings = Settings()
    stage = Versions(catalog, settings.stage_configs()).stage("extract_frames")
    videos = {}
    for k in range(COUNT):
        path = cut_speaker(tmp_path / f"talk{k}.mp4", start=0.5 + k, seconds=1.0, side=128)
        videos[f"avatar{k:02}"] = video = content_id(path)
        add_video(catalog, f"avatar{k:02}", video, uri=str(path))
        for _ in range(settings.max_attempts * (1 + settings.task_retries)):  # given up
            catalog.fail(stage.unit(video, subject=path.name), "the disk was away", run_id="before")
    with serving(tmp_path / "catalog") as served, browser_page() as page:
        # A schedule's run, or another try, leaves them alone ...
        deployment = served.deployment("rerun-stage/rerun-stage")
        stale = served.submit("rerun-stage/rerun-stage", redo="stale")
        served.ended(stale["id"], within=600)
        assert _states(catalog, "extract_frames") == dict.fromkeys(videos.values(), False)
        # ... until somebody presses this.
        page.open(f"{served.url}/deployments/deployment/{deployment['id']}")
        page.click("Run")
        page.click("Quick run")
        new = until(
            lambda: [run for run in served.runs(deployment) if run["id"] != stale["id"]], within=120, what="its run"
        )[0]
        page.leave()
        ended = served.ended(new["id"], within=1800)
        assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    assert _states(catalog, "extract_frames") == dict.fromkeys(videos.values(), True)
    scored = _states(catalog, "score_edges")
    assert len(scored) == COUNT and all(scored.values())
    assert all(rows == keys for rows, keys in catalog.verify().values())
