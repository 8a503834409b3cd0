"""The first use: a run fails for one bad video, the page says which and why, the file is replaced, and *Retry* is
pressed in a real browser."""

from pathlib import Path

import pytest

from data_catalog import Catalog
from flows.configuration.settings import Settings
from flows.status import catalog_status
from tests.browser import CHROMIUM, browser_page
from tests.flows.server.served import serving, until
from tests.speaker import cut_speaker

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
]
NAME = "preprocess-dataset/preprocess-dataset"


def _ledger(catalog: Catalog) -> dict[tuple[str, str], tuple]:
    rows = catalog.table("units").read().to_pylist()
    return {(row["stage"], row["unit"]): (row["status"], row["produced_at"]) for row in rows}


def _tasks(served, run: dict) -> dict[str, str]:
    """The state of each stage's task of a run, by its name; of several tries the last."""
    found = served.post("/task_runs/filter", flow_runs={"id": {"any_": [run["id"]]}}, sort="EXPECTED_START_TIME_ASC")
    return {task["name"]: task["state"]["name"] for task in found}


def test_retry_in_the_page_does_exactly_what_is_missing(tmp_path, monkeypatch):
    folder = tmp_path / "dataset" / "ann"
    folder.mkdir(parents=True)
    cut_speaker(folder / "good.mp4", start=3.0, seconds=2.0, side=256)
    bad = folder / "bad.mp4"
    bad.write_bytes(b"no video at all" * 100)
    catalog = Catalog(tmp_path / "catalog")
    with serving(tmp_path / "catalog") as served, browser_page() as page:
        run = served.submit(NAME, folder=str(folder.parent))
        failed = served.ended(run["id"], within=900)
        assert failed["state_type"] == "FAILED" and "bad.mp4" in failed["state"]["message"]
        assert "Traceback" not in failed["state"]["message"]
        tasks = _tasks(served, run)
        assert tasks["extract_frames bad.mp4"] == "Failed"
        behind = {name: state for name, state in tasks.items() if name.endswith(" bad.mp4")}
        assert list(behind.values()).count("NotReady") == len(behind) - 1 > 0
        assert {state for name, state in tasks.items() if name not in behind} == {"Completed"}
        before = _ledger(catalog)

        page.open(f"{served.url}/runs/flow-run/{run['id']}")
        assert "Traceback" not in page.wait_for("Finished in state Failed('dataset: 1 of 7 units failed")
        cut_speaker(bad, start=6.0, seconds=2.0, side=256)
        page.click("Retry")
        page.wait_for("This will retry flow run")
        page.click("Retry")
        until(lambda: served.run(run["id"])["state_type"] != "FAILED", within=120, what="the second try")
        page.leave()
        ended = served.ended(run["id"], within=900)
        assert (ended["state_type"], ended["run_count"]) == ("COMPLETED", 2), ended["state"]["message"]
        assert "its process is gone" not in served.said()
        page.open(f"{served.url}/runs/flow-run/{run['id']}")
        page.wait_for("Completed")

    after = _ledger(catalog)
    done = {key for key, (state, _) in before.items() if state == "ok"}
    assert {key: after[key] for key in done} == {key: before[key] for key in done}
    videos = {row["file_name"]: video_id for video_id, row in catalog.avatar_videos("ann").items()}
    assert set(videos) == {"good.mp4", "bad.mp4"}
    new = set(after) - set(before)
    assert new and all(videos["bad.mp4"] in unit for _, unit in new)
    monkeypatch.setenv("TANGO_CATALOG", catalog.uri)
    (status,) = catalog_status(Settings())
    assert [(stage.stage, stage.failed, stage.pending) for stage in status.stages] == [
        (stage.stage, 0, 0) for stage in status.stages
    ]
    assert all(rows == keys for rows, keys in catalog.verify().values())
    assert Path(f"{catalog.uri}.server").is_dir()
