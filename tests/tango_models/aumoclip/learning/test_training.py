from dataclasses import replace

import numpy as np
import pytest
import torch

from tango_models.aumoclip.backbones import EmbeddedBackbones
from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.learning.evaluation import evaluate
from tango_models.aumoclip.learning.pairs import PairData
from tango_models.aumoclip.learning.recordings import find_pairs
from tango_models.aumoclip.learning.training import LAST, TrainingConfig, learning_rate, train
from tango_models.aumoclip.modeling import AuMoClip
from tango_models.errors import InputError
from tests.tango_models.aumoclip import tiny
from tests.tango_models.aumoclip.learning.test_pairs import write_recording

CONFIG = TrainingConfig(steps=7, batch=4, per_recording=2, warm_up=2, checkpoint_every=3, learn_temperatures=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    for index in range(3):
        write_recording(folder / "data", f"recording_{index}", 12.0, index)
    return open_data(folder)


def open_data(folder):
    return PairData.open(find_pairs(folder / "data"), EmbeddedBackbones(tiny.embedded()), folder / "cache")


def new_model():
    torch.manual_seed(0)
    return AuMoClip(tiny.embedded())


class Killed(Exception):
    pass


def test_a_run_that_is_killed_ends_as_one_that_is_not(data, tmp_path):
    losses: dict[str, list[float]] = {"whole": [], "cut": [], "resumed": []}
    whole = train(new_model(), data, CONFIG, tmp_path / "whole", lambda f: losses["whole"].append(f["loss"]))

    def die_in_step_5(figures):
        losses["cut"].append(figures["loss"])
        if figures["step"] == 5:
            raise Killed

    with pytest.raises(Killed):
        train(new_model(), data, CONFIG, tmp_path / "cut", die_in_step_5)
    torch.manual_seed(99)  # a new process begins elsewhere
    resumed = train(new_model(), data, CONFIG, tmp_path / "cut", lambda f: losses["resumed"].append(f["loss"]))
    assert losses["resumed"] == losses["whole"][3:] and losses["cut"] == losses["whole"][:5]
    for (name, one), other in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, msg=name)


def _train_as_rank(rank, folder, run):
    torch.distributed.init_process_group("gloo", init_method=f"file://{run}/meeting", rank=rank, world_size=2)
    model = train(new_model(), open_data(folder), replace(CONFIG, steps=2), run, rank=rank, world=2)
    torch.save(model.state_dict(), run / f"rank_{rank}.pt")
    torch.distributed.destroy_process_group()


def test_ranks_share_their_gradients(tmp_path):
    for index in range(2):
        write_recording(tmp_path / "data", f"recording_{index}", 12.0, index)
    open_data(tmp_path)
    run = tmp_path / "run"
    run.mkdir()
    torch.multiprocessing.spawn(_train_as_rank, (tmp_path, run), nprocs=2)
    one, other = (torch.load(run / f"rank_{rank}.pt", weights_only=True) for rank in range(2))
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=0, atol=0, msg=name)


def test_a_finished_run_is_not_trained_again(data, tmp_path):
    config = replace(CONFIG, steps=2)
    first = train(new_model(), data, config, tmp_path)
    steps: list[dict] = []
    second = train(new_model(), data, config, tmp_path, steps.append)
    assert not steps
    for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_checkpoint_of_another_run_and_a_damaged_one_are_refused(data, tmp_path):
    train(new_model(), data, replace(CONFIG, steps=1), tmp_path)
    with pytest.raises(InputError, match="other lr"):
        train(new_model(), data, replace(CONFIG, steps=1, lr=5e-4), tmp_path)
    (tmp_path / LAST).write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match="cannot be read"):
        train(new_model(), data, replace(CONFIG, steps=1), tmp_path)


def test_a_loss_that_is_no_number_ends_the_run(data, tmp_path):
    model = new_model()
    with torch.no_grad():
        model.audio_tower.low_mapping.mlp[0].weight[0, 0] = float("nan")
    with pytest.raises(InputError, match="no number"):
        train(model, data, CONFIG, tmp_path)


def test_centring_moves_what_all_clips_share_out_of_the_clip_level(data, tmp_path):
    model = train(new_model(), data, replace(CONFIG, steps=2, centre=True), tmp_path)
    batch = data.batch(np.arange(len(data)))
    with torch.inference_mode():
        for cls in (model.encode_audio(batch.audio).cls, model.encode_motion(batch.motion).cls):
            assert float(cls.mean(0).norm()) < 1e-3 * float(cls.norm(dim=1).mean())


def test_the_learning_rate_rises_and_falls():
    config = TrainingConfig(steps=100, warm_up=10, final_lr=0.1)
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0) and rates[-1] == pytest.approx(0.1)
    assert rates[9:] == sorted(rates[9:], reverse=True)
    constant = TrainingConfig(steps=100, warm_up=0, final_lr=1.0)
    assert {learning_rate(step, constant) for step in range(100)} == {1.0}


def test_settings_that_make_no_sense_are_refused():
    for change in ({"steps": 0}, {"batch": 1}, {"lr": 0.0}, {"ema": 1.0}, {"final_lr": 2.0}):
        with pytest.raises(InputError, match=next(iter(change))):
            TrainingConfig(**change)


def test_sixty_seconds_are_learnt_by_heart(tmp_path):
    pytest.importorskip("espeakng_loader")
    from tango_models.aumoclip.synthetic_data.pairs import write_pairs

    write_pairs(tmp_path / "data", 45 / 3600, "train", seconds=45)  # and its pauses
    config = AuMoClipConfig.embedded(text_source="none")
    torch.manual_seed(0)
    model = AuMoClip(config)
    data = PairData.open(find_pairs(tmp_path / "data"), EmbeddedBackbones(config), tmp_path / "cache", hop=128)
    assert 13 <= len(data) <= 15
    whole = len(data)  # every step sees every window
    settings = TrainingConfig(
        steps=35, batch=whole, per_recording=whole, warm_up=5, jaw_dropout=0.0, ema=0.8, centre=True
    )
    train(model, data, settings, tmp_path / "run")
    found = evaluate(model, data, galleries=1, gallery=len(data), per_recording=len(data))
    assert found.model.recall_at_1.mean >= 0.95
    assert found.frame_accuracy.mean > 0.4
    assert np.isfinite(found.model.rank_percentile.mean)
