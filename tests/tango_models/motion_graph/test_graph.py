"""Edges, joining and the prosody scorer on a small made-up speaker."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tango_models.errors import InputError
from tango_models.motion_graph.added_jumps import join
from tango_models.motion_graph.edge_config import EdgeConfig
from tango_models.motion_graph.edges import score_pair
from tango_models.motion_graph.features import FrameFeatures, has_camera
from tango_models.motion_graph.graph import assemble_graph, build_graph
from tango_models.motion_graph.scoring.embedding_scorer import SlotEmbedding, embedding_rows
from tango_models.motion_graph.scoring.prosody_scorer import ProsodyScorer, SlotWeights, clip_energy
from tango_models.motion_graph.scoring.scorers import ClipProsody, create_scorer
from tango_models.motion_graph.scoring.silence import silence_weight
from tango_models.motion_graph.search.cost_rows import MaskedRows
from tango_models.motion_graph.search.path_search import search_path
from tango_models.speech.prosody import ENERGY_FLOOR, SpeechFeatures


def speaker(clips, seed=0, *, still=False):
    """Smooth random motion about one pose, 1-3 cm at the head and hands, before a camera 2.5 m away."""
    rng = np.random.default_rng(seed)
    frames = clips * 4
    rest = np.random.default_rng(99).standard_normal((55, 3)) * 0.2
    motion = gaussian_filter1d(rng.standard_normal((frames, 4)), 5, axis=0) * 2
    habits = np.random.default_rng(98).standard_normal((4, 55, 3)) * 0.03
    position = rest + (0 if still else 1) * np.einsum("tk,kjc->tjc", motion, habits)
    mask = np.zeros((frames, 64, 64), bool)
    mask[:, 16:, 20:44] = True
    boxes = np.tile(np.array([[0.2, 0.5, 0.4, 0.7], [0.6, 0.5, 0.8, 0.7]], np.float32), (frames, 1, 1))
    grey = np.random.default_rng(97).standard_normal((4, 32, 32)) * 4
    grey[:, :8], grey[:, :, :10], grey[:, :, 22:] = 0, 0, 0  # where the mask is
    picture = 100 + (0 if still else 1) * np.einsum("tk,kyx->tyx", motion, grey)
    return FrameFeatures(
        picture=np.clip(picture, 0, 255).astype(np.uint8),
        position=position.astype(np.float32),
        velocity=np.gradient(position, 1 / 30, axis=0).astype(np.float32),
        orientation=np.zeros((frames, 3), np.float32),
        translation=np.tile(np.array([0, 0, -2.5], np.float32), (frames, 1)),
        mask=mask,
        hand_boxes=boxes,
        usable=np.ones(frames, bool),
    )


def joined(edges, nodes, successor):
    natural = np.flatnonzero(successor >= 0)
    src, dst = np.concatenate([natural, edges.src]), np.concatenate([successor[natural], edges.dst])
    matrix = coo_array((np.ones(len(src)), (src, dst)), shape=(nodes, nodes))
    return connected_components(matrix, directed=True, connection="strong")[1]


def test_a_copy_of_the_footage_is_joined_at_the_least_cost_and_at_the_right_clip():
    video = speaker(30)
    edges = score_pair(video, video, EdgeConfig())
    exact = edges.take(np.flatnonzero(edges.dst == edges.src + 1))
    assert exact.src.tolist() == list(range(29))  # what follows clip i is clip i + 1, in the copy too
    price = EdgeConfig().price
    np.testing.assert_allclose(exact.whole, price.base, atol=1e-5)
    np.testing.assert_allclose(exact.background, price.background_base, atol=1e-5)
    np.testing.assert_allclose(exact.mask_iou, 1, atol=1e-6)
    assert (edges.cost >= exact.cost.min()).all()


def test_jumps_within_a_video_leave_out_playback_stutters_and_skips_and_keep_the_budget():
    video = speaker(80, 1)
    edges = score_pair(video, video, EdgeConfig(budget_same=5), same_video=True)
    step = edges.dst - edges.src
    assert len(edges) > 5
    assert not ((step > -3) & (step <= 3)).any()
    assert np.bincount(edges.src).max() <= 5
    again = score_pair(video, video, EdgeConfig(budget_same=5), same_video=True)
    assert np.array_equal(edges.dst, again.dst)


def test_prefilter_keeps_what_scoring_every_pair_would_keep():
    video = speaker(120, 2)
    few = score_pair(video, video, EdgeConfig(budget_same=6), same_video=True)
    every = score_pair(video, video, EdgeConfig(budget_same=6, candidates=1000), same_video=True)
    pairs = set(zip(few.src.tolist(), few.dst.tolist(), strict=True))
    kept = len(pairs & set(zip(every.src.tolist(), every.dst.tolist(), strict=True)))
    assert kept > 0.6 * len(every)
    assert few.cost.mean() < 1.05 * every.cost.mean()


@pytest.mark.parametrize("clips", [20, 60])
def test_no_clip_starves(clips):
    """Where there is footage every clip has ways on, however it moves."""
    for video in (speaker(clips, 4), speaker(clips, still=True)):
        edges = score_pair(video, video, EdgeConfig(), same_video=True)
        assert np.bincount(edges.src, minlength=clips).min() >= min(24, clips - 8)


def test_untracked_clips_have_no_edges_and_end_the_run():
    video = speaker(40, 5)
    usable = video.usable.copy()
    usable[81] = False
    position = video.position.copy()
    position[81] = np.nan
    video = replace(video, usable=usable, position=position)
    graph = join(build_graph([video]), [video])
    assert graph.successor[19] == -1
    assert graph.successor[20] == -1
    assert 20 not in graph.jumps.src
    assert 20 not in graph.jumps.dst
    label = joined(graph.jumps, 40, graph.successor)
    assert np.unique(label[graph.usable]).size == 1
    path = search_path(MaskedRows(np.zeros((200, 40), np.float32), 200, graph.usable), graph.edges)
    assert 20 not in path.nodes


def test_a_cut_ends_a_run():
    video = replace(speaker(10), run=np.repeat([0, 1], 5))
    assert video.successor.tolist() == [1, 2, 3, 4, -1, 6, 7, 8, 9, -1]


@pytest.mark.parametrize("sizes", [(1,), (2,), (3,), (12,), (1, 1, 1), (30, 5, 50)])
def test_any_graph_is_joined_and_plays_from_any_clip_for_any_length(sizes):
    rng = np.random.default_rng(6)
    videos = []
    for k, size in enumerate(sizes):
        video = speaker(size, k)
        videos.append(
            replace(video, translation=video.translation + rng.normal(0, 2, 3).astype(np.float32) * [1, 1, 0])
        )
    parts = [score_pair(video, video, same_video=True) for video in videos]  # every way between videos is a bridge
    offsets = np.cumsum([0, *sizes]).tolist()
    scored = assemble_graph(videos, [part.shifted(k, k) for part, k in zip(parts, offsets, strict=False)])
    graph = join(scored, videos)
    assert np.unique(joined(graph.jumps, graph.nodes, graph.successor)).size == 1
    assert graph.bridge.any() or len(sizes) == 1
    assert np.isfinite(graph.jumps.cost).all()
    if graph.nodes > 8:
        assert graph.bridge.sum() <= 4 * len(sizes)
    for start in range(0, graph.nodes, 7):
        cost = np.zeros((100, graph.nodes), np.float32)
        cost[0] = np.inf
        cost[0, start] = 0
        assert search_path(cost, graph.edges).nodes[0] == start
    again = join(scored, videos)
    assert np.array_equal(again.jumps.dst, graph.jumps.dst)
    assert np.array_equal(join(graph, videos).bridge, graph.bridge)


def test_an_avatar_without_a_tracked_clip_is_refused():
    with pytest.raises(InputError, match="tracked"):
        build_graph([replace(speaker(3), usable=np.zeros(12, bool))])


def test_imported_motion_without_a_camera_is_compared_in_metres():
    video = speaker(20, 7)
    world = replace(video, translation=video.translation * 0)
    assert has_camera(video)
    assert not has_camera(world)
    assert len(score_pair(world, world, EdgeConfig(), same_video=False))


def clips_of_three_kinds(nodes=60):
    """One run: a third at rest, a third calm, a third lively; the speaker is silent at rest."""
    rng = np.random.default_rng(8)
    kind = np.arange(nodes) * 3 // nodes
    speed = np.array([0.02, 0.2, 0.6])[kind][:, None] * rng.uniform(0.7, 1.3, (nodes, 4))
    successor = np.append(np.arange(1, nodes), -1).astype(np.int32)
    return ClipProsody(speed.astype(np.float32), (kind > 0).astype(np.float32), successor, np.zeros((nodes, 4))), kind


def speech_with_pause():
    """3 s loud, 1 s silence, 3 s of quieter speech."""
    energy = np.concatenate([np.full(90, -15.0), np.full(30, ENERGY_FLOOR), np.full(90, -30.0)]).astype(np.float32)
    voice = (energy > -60).astype(np.float32)
    onset = np.zeros(210, np.float32)
    onset[5:90:6] = 1
    onset[125::12] = 0.5
    return SpeechFeatures(energy, onset, voice)


def test_prosody_scorer_rests_in_silence_and_moves_when_it_is_loud():
    clips, kind = clips_of_three_kinds()
    cost = create_scorer("prosody").node_cost(speech_with_pause(), clips)
    assert cost.shape == (53, 60)
    assert cost.min() >= 0
    weights = SlotWeights()
    assert cost.max() <= 2 * weights.rest + weights.mouth
    assert cost[4:18].max() <= weights.level + weights.beat + weights.mouth  # one speaks: nothing is to rest
    by_kind = np.stack([cost[:, kind == k].mean(axis=1) for k in range(3)], axis=1)
    assert (by_kind[4:18].argmin(axis=1) == 2).all()
    assert (by_kind[24:29].argmin(axis=1) == 0).all()
    assert by_kind[34:48, 1].mean() < by_kind[34:48, 2].mean()


def test_silent_speech_and_footage_without_sound_give_finite_costs():
    clips, kind = clips_of_three_kinds()
    mute = replace(clips, voice=np.full(60, np.nan, np.float32))
    speech = SpeechFeatures(np.full(61, ENERGY_FLOOR, np.float32), np.zeros(61, np.float32), np.zeros(61, np.float32))
    cost = ProsodyScorer().node_cost(speech, mute)
    assert np.isfinite(cost).all()
    assert kind[cost.argmin(axis=1)].max() == 0
    one = ClipProsody(np.zeros((1, 4), np.float32), np.zeros(1, np.float32), np.full(1, -1, np.int32), np.zeros((1, 4)))
    assert np.isfinite(ProsodyScorer().node_cost(speech, one)).all()
    assert np.isfinite(clip_energy(one)).all()


def test_short_gaps_are_no_silence_and_long_ones_set_in_smoothly():
    voice = np.ones(120, np.float32)
    voice[20:30] = 0
    voice[60:90] = 0
    weight = silence_weight(voice)
    assert weight[15:35].max() == 0
    assert weight[75] == pytest.approx(1)
    assert np.abs(np.diff(weight)).max() < 0.25


def test_unknown_scorer_names_the_known_ones():
    with pytest.raises(InputError, match="prosody"):
        create_scorer("psychic")


def test_scorers_are_summed_by_their_shares():
    assert create_scorer("aumoclip").prosody == 0
    assert create_scorer("prosody").prosody == 1
    assert create_scorer("3*aumoclip + prosody").prosody == 0.25
    assert not create_scorer("prosody").embeds and create_scorer("0.5*prosody+aumoclip").embeds


@pytest.mark.parametrize(
    "name", ["", "x*prosody", "-1*prosody", "0*aumoclip", "prosody+prosody", "aumoclip*2", "inf*prosody"]
)
def test_what_is_no_sum_of_scorers_is_refused(name):
    with pytest.raises(InputError, match="scorer"):
        create_scorer(name)


def test_with_an_embedding_speech_asks_for_what_fits_it_and_silence_still_for_rest():
    clips, kind = clips_of_three_kinds()
    speech = speech_with_pause()
    rng = np.random.default_rng(0)
    wanted = rng.integers(60, size=53)
    high = np.eye(60, dtype=np.float32)
    low = np.repeat(high[:, None], 4, axis=1)
    rows = embedding_rows(SlotEmbedding(low[wanted], high[wanted]), SlotEmbedding(low, high))
    met = replace(clips, voice=np.full(60, np.nan, np.float32), beat=np.ones((60, 4)))  # all that is asked for
    cost = create_scorer("aumoclip").node_cost(speech, met, rows)
    silent = silence_weight(speech.voice)[: 53 * 4 : 4][:53]
    said = np.flatnonzero(silent == 0)
    assert (cost.argmin(axis=1) == wanted)[said].mean() > 0.9
    quiet = np.flatnonzero(silent == 1)
    assert len(quiet) >= 4 and len(said) >= 30
    assert (kind[cost.argmin(axis=1)[quiet]] == 0).all()


def test_the_embedding_is_asked_for_when_it_is_needed():
    clips, _ = clips_of_three_kinds()
    with pytest.raises(ValueError, match="embeddings"):
        create_scorer("aumoclip").node_cost(speech_with_pause(), clips)
