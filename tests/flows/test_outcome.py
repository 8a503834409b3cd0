"""What a run's artifacts say."""

from flows.outcome import FlowReport, failure_rows, slowest, stage_rows
from tasks.runtime.run_stage import StageSummary

REPORT = FlowReport(
    subject="dataset",
    refused=["/data/x.mp4: is empty; copy it again"],
    stages=[
        StageSummary(stage="extract_frames", scope="ann / a.mp4", wanted=1, computed=1, rows=30, seconds=2.0),
        StageSummary(
            stage="extract_frames",
            scope="ann / b.mp4",
            wanted=1,
            failed=1,
            errors=["b.mp4: is cut off; export it again"],
        ),
        StageSummary(stage="fit_smplx", scope="ann / a.mp4", wanted=1, computed=1, rows=10, seconds=4.0),
        StageSummary(stage="fit_smplx", scope="ann / b.mp4", blocked="not run"),
    ],
)


def test_a_stage_is_one_line_however_many_videos_went_through_it():
    first, second = stage_rows(REPORT)
    assert (first["units"], first["computed"], first["failed"], first["rows/s"]) == (2, 1, 1, 15.0)
    assert (second["stage"], second["not run"], second["failed"]) == ("fit_smplx", 1, 0)


def test_each_failure_has_its_reason_and_its_remedy():
    refused, failed = failure_rows(REPORT)
    assert (refused["at"], refused["why"], refused["what to do"]) == (
        "intake",
        "/data/x.mp4: is empty",
        "copy it again",
    )
    assert (failed["of"], failed["why"], failed["what to do"]) == (
        "ann / b.mp4", "b.mp4: is cut off", "export it again",
    )  # fmt: skip


def test_what_took_longest_stands_first():
    assert slowest(REPORT) == [{"what": "ann / a.mp4", "seconds": 6.0}]
