"""Clips and cuts, the timing of a video, and the ids of edges, in a real catalog."""

import numpy as np
import pytest

from data_catalog import Catalog, clip_id
from data_catalog.tables.sizes import CLIP_FRAMES
from tango_models.media.probe import content_id
from tasks import create_clips
from tasks.create_clips import CreateClips, CreateClipsConfig, clips_between_cuts
from tasks.embed_clips import EmbedClips, chunks
from tasks.extract_frames import ExtractFrames, ExtractFramesConfig, with_dissolves
from tasks.runtime.stage import RowWriter
from tasks.score_edges import ScoreEdges, ScoreEdgesConfig
from tasks.views.clip_features import read_frame_features
from tasks.views.columns import images, pack_bits, pack_masks, unpack_bits
from tasks.views.embedding_model import EmbeddingModelConfig
from tasks.views.takes import takes
from tests.media_samples import write_video
from tests.stages import do, plan
from tests.tango_models.media.pictures.test_shots import scene
from tests.tango_models.motion_graph.test_looks import seen


def test_no_clip_has_frames_on_both_sides_of_a_cut():
    assert clips_between_cuts(23, np.array([10])).tolist() == [0, 1, 3, 4]
    assert clips_between_cuts(20, np.array([8, 13, 14])).tolist() == [0, 1, 2, 4]
    assert clips_between_cuts(20, np.zeros(0, int)).tolist() == [0, 1, 2, 3, 4]
    assert clips_between_cuts(3, np.zeros(0, int)).tolist() == []


def test_flags_and_images_come_back():
    flags = np.random.default_rng(0).random(13) > 0.5
    assert np.array_equal(unpack_bits(pack_bits(flags), 13), flags)
    grey = np.random.default_rng(1).integers(0, 255, (8, 24, 24)).astype(np.uint8)
    assert np.array_equal(images([grey[:4].tobytes(), grey[4:].tobytes()], 24), grey)


@pytest.mark.integration
def test_extraction_notes_repeats_times_and_cuts(tmp_path):
    pictures = [scene(k >= 24, p) for k, p in enumerate(25 + 0.9 * np.arange(48))]
    frames = [np.repeat(np.clip(p, 0, 255).astype(np.uint8)[..., None], 3, axis=2) for p in pictures]
    path = write_video(tmp_path / "film.mp4", frames, fps=24, options={"crf": "12"})
    catalog = Catalog(tmp_path / "catalog")
    (unit,) = plan(catalog, "extract_frames", video_id=content_id(path), uri=str(path))
    fields = do(catalog, ExtractFrames(ExtractFramesConfig()), unit).hashes()
    video = catalog.table("videos").read().to_pylist()[0]
    repeated = unpack_bits(video["repeated"], video["n_frames"])
    taken = np.frombuffer(video["taken"], "<f4")
    assert video["n_frames"] == 60 and repeated.sum() == 12
    np.testing.assert_allclose(taken, np.floor(np.arange(60) * 0.8 + 0.25) * 1.25, atol=1.3)
    np.testing.assert_allclose(np.diff(taken)[~repeated[1:]], 1.25, atol=1e-2)
    assert video["cuts"] == [30]
    assert set(fields) == {"pixels", "audio", "timing", "shape", "name"}


def _clip_rows(features, track, index, shot):
    flat = np.concatenate([features.position, features.velocity, np.zeros((len(features.position), 55, 9))], axis=2)
    by_clip = lambda array: np.asarray(array, np.float32).reshape(features.clips, -1)  # noqa: E731
    columns = {
        "representation": by_clip(flat), "orientation": by_clip(features.orientation),
        "translation": by_clip(features.translation), "hand_boxes": by_clip(features.hand_boxes),
        "head": by_clip(features.head),
    }  # fmt: skip
    masks = features.mask.reshape(features.clips, CLIP_FRAMES, 64, 64)
    for k in range(features.clips):
        yield {
            "clip_id": clip_id(track, index[k]), "track_id": track, "unit": track, "index": index[k], "shot": shot[k],
            "usable": True, "repeated": [False] * CLIP_FRAMES,
            "surprise": [0.0] * CLIP_FRAMES, "mask": b"".join(pack_masks(masks[k])),
            "face": features.face[4 * k : 4 * k + 4].tobytes(),
            "picture": features.picture[4 * k : 4 * k + 4].tobytes(),
            **{name: values[k] for name, values in columns.items()},
        }  # fmt: skip


@pytest.mark.integration
def test_edges_name_clips_that_exist_and_no_run_spans_a_cut(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    features = seen(20)
    index = [*range(8), *range(9, 21)]  # clip 8 had a cut inside
    shot = [0] * 8 + [1] * 6 + [2] * 6  # and another cut lay between two clips
    catalog.table("clips").upsert(list(_clip_rows(features, "v", index, shot)))
    found = read_frame_features(catalog, "v")
    assert np.flatnonzero(found.successor < 0).tolist() == [7, 13, 19]
    np.testing.assert_array_equal(found.picture, features.picture)
    of = {"create_clips": ["v"]}
    stage = ScoreEdges(ScoreEdgesConfig())
    do(catalog, stage, stage.unit("v:v", subject="v", of=of, tracks=["v", "v"]))
    assert takes(catalog, "v") == [(0, 8), (9, 15), (15, 21)]
    embed = EmbedClips(EmbeddingModelConfig())
    embed.setup()
    do(catalog, embed, embed.unit("v:m", subject="v", of=of, track="v", model_id="m"))
    assert catalog.table("embeddings").read()["clip_id"].to_pylist() == [clip_id("v", k) for k in index]
    edges = catalog.table("edges").read().to_pylist()
    names = {clip_id("v", k) for k in index}
    assert edges and all(edge["src"] in names and edge["dst"] in names for edge in edges)
    # Behind the cut a jump to the clip that follows in the file is an ordinary jump, and never the natural successor.
    assert clip_id("v", 8) not in names
    assert all(edge["head"] is not None and edge["picture"] is not None for edge in edges)


def test_chunks_cover_every_take_once_and_stay_within_it():
    spans = [(3, 10), (12, 1400)]
    parts = list(chunks(spans))
    kept = [k for _, start, stop, _ in parts for k in range(start, stop)]
    assert kept == [*range(3, 10), *range(12, 1400)]
    for first, start, stop, last in parts:
        assert any(begin <= first <= start < stop <= last <= end for begin, end in spans)


@pytest.mark.integration
def test_clips_made_chunk_by_chunk_are_those_of_the_whole_video(onboarded, monkeypatch):
    catalog = Catalog(onboarded.catalog)
    (video_id,) = catalog.avatar_videos("ann")
    stage = CreateClips(CreateClipsConfig())
    stage.setup()
    unit = stage.unit("again", subject="v", track=video_id)
    written = []
    for clips, context in ((450, 38), (10, 2)):
        monkeypatch.setattr(create_clips, "_CLIPS_PER_CHUNK", clips)
        monkeypatch.setattr(create_clips, "_CONTEXT_CLIPS", context)
        out = RowWriter(catalog, stage.name, unit.provenance("run"))
        rows: list[dict] = []
        monkeypatch.setattr(out, "write", _only_clips(rows))
        stage.process(catalog, unit, out)
        written.append(rows)
    whole, parts = written
    assert len(whole) > 20  # more than two chunks of ten
    assert [row["clip_id"] for row in parts] == [row["clip_id"] for row in whole]
    for name in ("representation", "translation", "hand_boxes", "head", "motion_energy", "surprise"):
        for row, same in zip(parts, whole, strict=True):
            np.testing.assert_allclose(row[name], same[name], atol=1e-5, err_msg=name)
    for name in ("mask", "face", "picture", "usable", "shot", "repeated", "index"):
        assert [row[name] for row in parts] == [row[name] for row in whole], name


def _only_clips(rows):
    def write(found, table="clips"):
        if table == "clips":
            rows.extend(found)

    return write


@pytest.mark.parametrize("seed", range(20))
def test_no_clip_shows_a_frame_of_a_dissolve_and_every_other_stays(seed):
    rng = np.random.default_rng(seed)
    n_frames = int(rng.integers(60, 200))
    borders = np.sort(rng.choice(n_frames + 1, 4, replace=False)).tolist()
    dissolves = [(borders[0], borders[1]), (borders[2], borders[3])]
    cuts = set(rng.integers(1, n_frames, 3).tolist())
    mixed = np.zeros(n_frames, bool)
    for start, stop in dissolves:
        mixed[start:stop] = True
    left = clips_between_cuts(n_frames, np.array(with_dissolves(cuts, dissolves, n_frames)))
    outside = {cut for cut in cuts if not mixed[cut]}
    before = clips_between_cuts(n_frames, np.array(sorted(outside), np.int64))
    clean = [k for k in before.tolist() if not mixed[4 * k : 4 * k + 4].any()]
    assert left.tolist() == clean
