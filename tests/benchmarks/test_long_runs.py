"""What the benchmarks of the ledger and of an hour of speech read out of a catalog."""

from benchmarks import hour, ledger
from benchmarks.memory import MemorySampler
from data_catalog import Catalog


def test_the_ledger_is_written_as_a_run_does_and_its_files_are_counted(tmp_path):
    catalog = Catalog(tmp_path)
    seconds = ledger.write_units(catalog, 21)
    assert len(seconds) == 21 and min(seconds) > 0
    records = catalog.records("interpolate_seams")
    assert len(records) == 21 and all(record.ok for record in records.values())
    versions = {(record.code_version, record.config_hash) for record in records.values()}
    assert versions == {("1", "settings")} and len({record.input_hash for record in records.values()}) == 21
    assert not any(record.upstream for record in records.values())
    assert sorted(record.attempts for record in records.values()) == [1] * 20 + [2]  # one failed at first
    files, size = ledger.files_of(tmp_path)
    assert files > 0 and 0 < size < 50


def test_the_figures_of_an_hour_are_those_of_the_render_and_of_its_largest_process(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    video, page = tmp_path / "a.mp4", tmp_path / "a.report.html"
    video.write_bytes(b"v" * 3_000_000)
    page.write_bytes(b"p" * 2_500_000)
    paths = [{"path_id": name, "seams": seams} for name, seams in (("other", [1]), ("p", [3, 7, 9]))]
    catalog.table("paths").upsert(paths)
    render = {"render_id": "r", "path_id": "p", "source_frame": list(range(40)), "report_uri": str(page)}
    catalog.table("renders").upsert([render])
    sampler = MemorySampler()
    sampler.peaks |= {1: 300.0, 2: 1500.0, 3: 900.0}
    sampler.kinds |= {1: "flow", 2: "worker: render_video", 3: "worker: render_video"}
    found = {name: value for name, value, _ in hour.rows(tmp_path / "catalog", video, 12.3, sampler)}
    assert found["largest process, GB"] == "1.50 (worker: render_video)"
    assert found["report page, MB"] == "2.5" and found["video, MB"] == "3"
    assert (found["frames"], found["seams"], found["wall time, s"]) == ("40", "3", "12")
    assert found["flow, largest, GB"] == "0.30"
