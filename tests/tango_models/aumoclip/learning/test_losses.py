import math

import pytest
import torch

from tango_models.aumoclip.learning.losses import Temperatures, clip_loss, local_loss


def slow_local_loss(audio, motion, temperature):
    """The definition, one query and one candidate at a time."""
    losses, hits = [], []
    batch, count, _ = audio.shape
    for b in range(batch):
        for queries, answers in ((audio[b], motion[b]), (motion[b], audio[b])):
            for t in range(count):
                inside = [s for s in range(t - 4, t + 4) if 0 <= s < count]
                outside = [s for s in [*range(t - 16, t - 4), *range(t + 4, t + 16)] if 0 <= s < count]
                similar = {
                    s: float(torch.cosine_similarity(queries[t], answers[s], dim=0)) for s in [*inside, *outside]
                }
                positive = sum(math.exp(similar[s] / temperature) for s in inside)
                everything = sum(math.exp(v / temperature) for v in similar.values())
                losses.append(-math.log(positive) + math.log(everything))
                hits.append(max(similar, key=similar.__getitem__) in inside)
    return sum(losses) / len(losses), sum(hits) / len(hits)


def slow_clip_loss(audio, motion, temperature, speakers=None, hard_weight=1.0):
    losses, hits = [], []
    for i in range(len(audio)):
        similar = [float(torch.cosine_similarity(audio[i], m, dim=0)) for m in motion]
        weights = [
            hard_weight if speakers is not None and j != i and speakers[j] == speakers[i] else 1.0
            for j in range(len(motion))
        ]
        total = sum(w * math.exp(s / temperature) for w, s in zip(weights, similar, strict=True))
        losses.append(-math.log(math.exp(similar[i] / temperature) / total))
        hits.append(similar.index(max(similar)) == i)
    return sum(losses) / len(losses), sum(hits) / len(hits)


@pytest.mark.parametrize("count", [1, 7, 40])
@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_local_loss_is_its_definition(count, temperature):
    torch.manual_seed(count)
    audio, motion = torch.randn(2, count, 5), torch.randn(2, count, 5)
    found = local_loss(audio, motion, temperature)
    loss, accuracy = slow_local_loss(audio, motion, temperature)
    assert float(found.loss) == pytest.approx(loss, rel=1e-4, abs=1e-6)
    assert float(found.accuracy) == pytest.approx(accuracy)


@pytest.mark.parametrize("hard_weight", [1.0, 4.0])
def test_clip_loss_is_its_definition(hard_weight):
    torch.manual_seed(0)
    audio, motion, speakers = torch.randn(9, 6), torch.randn(9, 6), torch.tensor([0, 0, 1, 2, 1, 0, 3, 2, 2])
    one_way = slow_clip_loss(audio, motion, 0.2, speakers, hard_weight)
    other_way = slow_clip_loss(motion, audio, 0.2, speakers, hard_weight)
    found = clip_loss(audio, motion, 0.2, speakers=speakers, hard_weight=hard_weight)
    assert float(found.loss) == pytest.approx(one_way[0], rel=1e-4)
    assert float(found.accuracy) == pytest.approx(one_way[1])
    found = clip_loss(audio, motion, 0.2, symmetric=True, speakers=speakers, hard_weight=hard_weight)
    assert float(found.loss) == pytest.approx((one_way[0] + other_way[0]) / 2, rel=1e-4)
    assert float(found.accuracy) == pytest.approx((one_way[1] + other_way[1]) / 2)


def test_unrelated_features_score_chance_and_equal_ones_everything():
    torch.manual_seed(1)
    audio = torch.randn(16, 128, 32)
    assert float(local_loss(audio, torch.randn(16, 128, 32)).accuracy) == pytest.approx(0.267, abs=0.03)
    assert float(local_loss(audio, audio).accuracy) == 1.0
    assert float(clip_loss(audio[:, 0], audio[:, 0]).accuracy) == 1.0


def test_negatives_of_a_clip_never_come_from_another():
    torch.manual_seed(2)
    audio, motion = torch.randn(3, 20, 4), torch.randn(3, 20, 4)
    together = local_loss(audio, motion).loss
    apart = torch.stack([local_loss(audio[i : i + 1], motion[i : i + 1]).loss for i in range(3)]).mean()
    assert float(together) == pytest.approx(float(apart), rel=1e-5)


def test_learnable_temperatures_get_gradients_and_fixed_ones_do_not():
    audio, motion = torch.randn(4, 8), torch.randn(4, 8)
    trained, fixed = Temperatures(learnable=True), Temperatures(local=0.2)
    clip_loss(audio, motion, trained.clip).loss.backward()
    assert trained.log_clip.grad is not None and float(trained.log_clip.grad) != 0
    assert not any(p.requires_grad for p in fixed.parameters())
    assert float(fixed.local) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="temperature"):
        Temperatures(clip=5.0)


def test_shapes_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="two"):
        local_loss(torch.zeros(1, 4, 2), torch.zeros(1, 5, 2))
    with pytest.raises(ValueError, match="two"):
        clip_loss(torch.zeros(2, 4), torch.zeros(3, 4))
