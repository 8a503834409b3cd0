"""What a run's artifacts say."""

from hypothesis import given
from hypothesis import strategies as st

from data_catalog import Catalog, clip_id
from data_catalog.keys import equals
from flows.outcome import FlowIncomplete, FlowReport, failure_rows, slowest, stage_rows, tidy
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


names = st.sampled_from(["talk.mp4", "a / b.mp4", "ann", "x"])


@given(st.lists(st.tuples(st.sampled_from(["ann", "bea", "cy"]), names), unique=True, max_size=30))
def test_the_message_tells_videos_of_one_name_apart_and_is_bounded(failed):
    stages = [
        StageSummary(stage="fit_smplx", scope=f"{avatar} / {name}", wanted=1, failed=1, errors=[f"{name}: is {said}"])
        for avatar, name in failed
        for said in ("empty", "dark")
    ]
    report = FlowReport(subject="dataset", stages=stages)
    assert len(set(report.errors)) == 2 * len(failed)
    head, *lines = str(FlowIncomplete(report)).splitlines()
    assert head == f"dataset: {2 * len(failed)} of {2 * len(failed)} units failed"
    assert [line.strip() for line in lines[:20]] == [
        f"{avatar} / {name}: is {said}" for avatar, name in failed for said in ("empty", "dark")
    ][:20]
    left = 2 * len(failed) - 20
    assert len(lines) == min(2 * len(failed), 21)
    assert left <= 0 or lines[20].strip().startswith(f"and {left} more: see the run's artifact")


def test_a_failure_whose_line_does_not_begin_with_its_video_gets_its_whole_name():
    stage = StageSummary(stage="fit_smplx", scope="ann / talk.mp4", failed=1, errors=["part 2: worker process died"])
    alone = StageSummary(stage="fit_smplx", scope="talk.mp4", failed=1, errors=["talk.mp4: is empty"])
    report = FlowReport(subject="d", stages=[stage, alone])
    assert report.errors == ["ann / talk.mp4: part 2: worker process died", "talk.mp4: is empty"]


def test_what_a_run_wrote_of_an_avatar_is_merged_and_what_is_of_others_is_not_touched(tmp_path):
    catalog = Catalog(tmp_path)
    edges, (ours, theirs) = catalog.table("edges"), ("a1" * 16, "be" * 16)
    for k in range(3):
        for video in (ours, theirs):
            ends = {"src": clip_id(video, k), "dst": clip_id(video, 9), "src_track": video, "dst_track": video}
            edges.upsert([{**ends, "cost": 1.0, "unit": f"{video}:{video}"}])

    def versions() -> list[int]:
        return [len(edges.parts(equals(src=video))[0].find().versions()) for video in (ours, theirs)]

    before = versions()
    done = StageSummary(stage="score_edges", scope="ann", videos=[ours], wanted=1, computed=1)
    tidy(catalog, FlowReport(subject="ann", stages=[done]))
    assert versions() == [1, before[1]] and before[1] > 1
    tidy(catalog, FlowReport(subject="ann", stages=[done.model_copy(update={"videos": []})]))
    assert versions() == [1, 1] and edges.count() == 6
