"""Many videos of which some are bad, in one run: the good ones are onboarded, and each bad one is explained. With stage
doubles: what a stage makes is of no interest here."""

import pytest

from data_catalog import Catalog, Unit
from data_catalog.leases import Leases
from data_catalog.refusals import refusals
from data_catalog.tables.schemas import groups_of
from flows.configuration.settings import Settings
from flows.fleet import onboarding
from flows.fleet.standing import FleetSnapshot
from flows.outcome import FlowIncomplete, failure_rows
from flows.preprocess_dataset import preprocess_dataset
from flows.upkeep.rerun import Redo, plan_rerun
from flows.upkeep.rerun_stage import rerun_stage
from tasks.runtime.cluster.workers import Outcome

pytestmark = pytest.mark.integration

HEAD = b"\0\0\0\x18ftypmp42"
BAD = {
    "empty": (b"", "is empty"),
    "picture": (b"\xff\xd8\xff" + bytes(99), "is a picture"),
    "cut": (HEAD + b"cut", "is cut off; export it again"),
    "nobody": (HEAD + b"nobody", "nobody is in view; give a video of the speaker"),
}
"""By kind: its bytes, and what is said of it, when it is handed in or by a stage."""
FAILS_AT = {"cut": "extract_frames", "nobody": "fit_smplx"}


class Doubles:
    """Stands for `Pools`: units are done in this process, and make nothing but what the next stage is planned by."""

    def __init__(self, catalog: Catalog, run_id: str, configs, cluster) -> None:
        self.catalog, self.configs, self.run_id = catalog, configs, run_id
        self.leases = Leases(catalog, run_id)

    def __enter__(self):
        self.leases.__enter__()
        return self

    def __exit__(self, *_):
        self.leases.__exit__()

    def cpus(self) -> float:
        return 4.0

    def closed_within(self, seconds: float) -> bool:
        return False

    def of(self, stage: str):
        return self

    def run(self, units: list[Unit], *_) -> list[Outcome]:
        return [self._do(unit) for unit in units]

    def _do(self, unit: Unit) -> Outcome:
        if unit.stage == "extract_frames":
            row = {"video_id": unit.key, "file_name": unit.subject, "n_frames": 60, "notes": []}
            self.catalog.table("videos").upsert([row | unit.provenance(self.run_id).columns()])
        for kind, stage in FAILS_AT.items():
            if stage == unit.stage and kind in unit.subject:
                error = f"{unit.subject}: {BAD[kind][1]}"
                self.catalog.fail(unit, error, run_id=self.run_id)
                return Outcome(unit.key, unit.subject, False, error)
        fields = {group: f"{group} of {unit.key}" for group in groups_of(unit.stage)}
        self.catalog.finish(unit, n_rows=1, run_id=self.run_id, seconds=0.0, fields=fields)
        return Outcome(unit.key, unit.subject, True, n_rows=1)


@pytest.mark.parametrize("avatars", [4, pytest.param(40, marks=pytest.mark.soak)])
def test_the_good_are_onboarded_and_the_bad_explained(tmp_path, monkeypatch, prefect_server, avatars):
    """Of each avatar one file of five is bad, and files of the same names lie in all folders."""
    bad = {}
    for number in range(avatars):
        kind = list(BAD)[number % len(BAD)]
        folder = tmp_path / "set" / f"avatar{number}"
        folder.mkdir(parents=True)
        (folder / f"{kind}.mp4").write_bytes(BAD[kind][0] and BAD[kind][0] + f" of {number}".encode())
        bad[folder.name] = kind
        for k in range(4):
            (folder / f"{k}.mp4").write_bytes(HEAD + f"{k} of {number}".encode())
    monkeypatch.setattr(onboarding, "Pools", Doubles)
    settings = Settings(catalog=str(tmp_path / "catalog"))
    with pytest.raises(FlowIncomplete) as raised:
        preprocess_dataset(str(tmp_path / "set"), settings=settings)
    report = raised.value.report
    assert report.failed == len(report.errors) == len(failure_rows(report)) == avatars
    for avatar, kind in bad.items():
        (said,) = [line for line in report.errors if f"{avatar}/" in line or line.startswith(f"{avatar} / ")]
        assert f"{kind}.mp4: {BAD[kind][1]}" in said
    assert len(str(raised.value).splitlines()) == 1 + min(avatars, 20) + (avatars > 20)
    snapshot = FleetSnapshot(Catalog(settings.catalog), settings.stage_configs())
    done = [r["file_name"] for rows in snapshot.videos.values() for r in rows.values() if not snapshot.undone(r)]
    assert len(done) == 4 * avatars and not set(done) & {f"{kind}.mp4" for kind in BAD}
    for avatar in bad:
        tracks = [row["track_id"] for row in snapshot.videos[avatar].values() if not snapshot.undone(row)]
        assert not list(snapshot.undone_pairs(tracks, avatar))


def test_files_that_could_not_be_read_are_read_again_by_a_rerun(tmp_path, monkeypatch, prefect_server):
    """One beside a good one, one that is all that its avatar has, and one that was taken away meanwhile."""
    for name, content in {"ann/0.mp4": HEAD + b"good", "ann/1.mp4": b"", "bea/0.mp4": b"", "eve/0.mp4": b""}.items():
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    manifest = tmp_path / "all.csv"
    manifest.write_text(
        "avatar,video,consent\nann,set/ann/0.mp4,\nann,set/ann/1.mp4,form 7\nbea,set/bea/0.mp4,\neve,set/eve/0.mp4,\n"
    )
    monkeypatch.setattr(onboarding, "Pools", Doubles)
    settings = Settings(catalog=str(tmp_path / "catalog"))
    catalog = Catalog(settings.catalog)
    with pytest.raises(FlowIncomplete):
        preprocess_dataset(str(manifest), settings=settings)
    assert list(catalog.all_videos()) == ["ann"] and set(refusals(catalog)) == {"ann", "bea", "eve"}
    with pytest.raises(FlowIncomplete):
        rerun_stage([], [], Redo.failed, settings)  # nothing was mended
    (tmp_path / "set/ann/1.mp4").write_bytes(HEAD + b"mended")
    (tmp_path / "set/bea/0.mp4").write_bytes(HEAD + b"mended too")
    (tmp_path / "set/eve/0.mp4").unlink()
    for redo, stages in ((Redo.stale, []), (Redo.failed, ["fit_smplx"])):
        assert not plan_rerun(settings, [], stages, redo).files
    assert list(plan_rerun(settings, ["bea"], [], Redo.failed).files) == ["bea"]
    rerun_stage(["bea"], [], Redo.failed, settings)
    assert list(catalog.all_videos()) == ["ann", "bea"]
    report = rerun_stage([], ["extract_frames"], Redo.failed, settings)
    assert not report.errors
    videos = catalog.all_videos()
    assert {avatar: len(rows) for avatar, rows in videos.items()} == {"ann": 2, "bea": 1}
    assert sorted(row["consent"] for row in videos["ann"].values()) == ["", "form 7"]
    assert refusals(catalog) == {}
    assert not any(
        unit.state != "ok" for a in videos for unit in FleetSnapshot(catalog, settings.stage_configs()).units_of(a)
    )
