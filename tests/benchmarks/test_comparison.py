"""The comparison of scorers measures the path that a render would take."""

from dataclasses import astuple

import numpy as np
import pytest

from benchmarks.comparison import measure
from data_catalog import Catalog
from tango_models.media.probe import content_id
from tango_models.synthetic.speaker import SPEECH
from tasks.runtime.cluster.workers import StageWorker
from tasks.runtime.plan_source import UpstreamNotReady
from tasks.runtime.registry import PER_TRACK
from tests.speaker import cut_speaker
from tests.stages import add_video, configurations, plan


@pytest.mark.integration
def test_a_path_of_each_kind_of_scorer_is_planned_by_the_ledger_measured_and_not_written(tmp_path):
    video = cut_speaker(tmp_path / "v.mp4", start=0.0, seconds=4.0, side=256)
    catalog, configs = Catalog(tmp_path / "catalog"), configurations()
    track, speech_id = content_id(video), content_id(SPEECH)

    def run(stage: str, **scope) -> None:
        for unit in plan(catalog, stage, **scope):
            outcome = StageWorker(stage, configs[stage], catalog.uri, None, "run").process(unit)
            assert outcome.ok, f"{stage}: {outcome.error}"

    add_video(catalog, "ann", track, uri=str(video))
    for stage in PER_TRACK:
        run(stage, track=track, video_id=track, uri=str(video))
    run("score_edges", tracks=[track])
    with pytest.raises(UpstreamNotReady, match="analyse_speech"):
        measure(catalog, "ann", speech_id, "prosody", 0)
    run("analyse_speech", speech_id=speech_id, speech_uri=str(SPEECH))
    for scorer in ("prosody", "random"):
        found = measure(catalog, "ann", speech_id, scorer, 0)
        assert np.isfinite(astuple(found)[:3]).all() and 0 <= found.consistency <= 1
        assert found.seams > 0 and found.worst_seam >= found.seam_cost > 0  # the speech is longer than the footage
    with pytest.raises(UpstreamNotReady, match="embed_speech"):
        measure(catalog, "ann", speech_id, "aumoclip", 0)
    assert catalog.table("paths").count() == 0
