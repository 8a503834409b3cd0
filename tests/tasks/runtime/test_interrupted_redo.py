"""A unit done over in another version: whoever stops in the midst of it, the ledger never says `ok` of mixed rows."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_catalog import Catalog, Unit
from data_catalog.keys import equals
from tasks.detect_landmarks import DetectLandmarks
from tasks.runtime.cluster.workers import StageWorker
from tasks.runtime.stage import RowWriter
from tests.stages import mark_done, plan

_ROWS = 4
_TRY = st.tuples(
    st.sampled_from("ABC"), st.integers(0, _ROWS), st.sampled_from(["ends", "stops", "fails"]), st.booleans()
)


def _unit(version: str) -> Unit:
    return Unit("detect_landmarks", "v:0", "v", "1", version, input_hash="i")


@given(tries=st.lists(_TRY, min_size=1, max_size=6))
@settings(max_examples=10, deadline=None)
def test_a_unit_is_done_in_a_version_only_with_all_rows_of_it(tmp_path_factory, tries):
    catalog = Catalog(tmp_path_factory.mktemp("catalog"))
    for version, rows, how, forced in tries:
        unit = _unit(version)
        if not forced and not catalog.pending([unit]):
            continue
        out = RowWriter(catalog, unit.stage, unit.provenance("run"), begin=partial(catalog.begin, unit))
        for frame in range(_ROWS if how == "ends" else rows):
            out.write([{"video_id": "v", "frame": frame}])
            out.flush()
        if how == "ends":
            catalog.finish(unit, n_rows=_ROWS, run_id="run", seconds=0.0, fields=out.hashes())
        elif how == "fails":
            catalog.fail(unit, "broken", run_id="run")
        elif forced and rows:
            assert catalog.pending([unit]), "rows of two tries"
        for name in "ABC":
            if not catalog.pending([_unit(name)]):
                found = catalog.table("landmarks").read(["config_hash"], equals(unit=unit.key))
                assert found["config_hash"].to_pylist() == [name] * _ROWS


@pytest.mark.parametrize("redone", ["begun", "done", "failed"])
def test_a_unit_whose_input_is_done_over_meanwhile_is_not_done_and_counts_no_attempt(tmp_path, monkeypatch, redone):
    catalog = Catalog(tmp_path)
    catalog.table("videos").upsert([{"video_id": "v", "n_frames": 30, "unit": "v"}])
    mark_done(catalog, "extract_frames", "v")
    (unit,) = plan(catalog, "detect_landmarks", video_id="v")
    record = catalog.record("extract_frames", "v")
    other = Unit("extract_frames", "v", "v", record.code_version, "other", input_hash=record.input_hash)

    def process(self, source, unit, out):
        catalog.begin(other)
        if redone == "done":
            catalog.finish(other, n_rows=1, run_id="other", seconds=0.0, fields={k: "new" for k in record.fields})
        elif redone == "failed":
            catalog.fail(other, "broken", run_id="other")

    monkeypatch.setattr(DetectLandmarks, "process", process)
    monkeypatch.setattr(DetectLandmarks, "setup", lambda self: None)
    outcome = StageWorker("detect_landmarks", {}, catalog.uri, None, "run").process(unit)
    assert not outcome.ok and outcome.transient and "done over meanwhile" in outcome.error
    assert catalog.record("detect_landmarks", unit.key) is None

    monkeypatch.setattr(DetectLandmarks, "process", lambda self, source, unit, out: None)
    catalog.finish(
        replace(other, config_hash=record.config_hash), n_rows=1, run_id="r", seconds=0, fields=record.fields
    )
    assert StageWorker("detect_landmarks", {}, catalog.uri, None, "run").process(unit).ok
