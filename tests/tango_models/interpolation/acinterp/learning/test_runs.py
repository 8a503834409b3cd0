from dataclasses import replace

import pytest
import torch
from torch import nn

from tango_models.errors import InputError
from tango_models.interpolation.acinterp.learning import runs
from tango_models.interpolation.acinterp.learning.runs import LAST, Run, RunConfig, learning_rate, make_optimizer, train

CONFIG = RunConfig(steps=12, lr=0.05, warm_up=2, ema=0.5, checkpoint_every=5)


class Cut(Exception):
    pass


def line(config: RunConfig, folder, stop: int = 0) -> nn.Linear:
    """Learn y = x w with noise in the data, cut off after `stop` steps."""
    torch.manual_seed(0)
    network = nn.Linear(3, 1)

    def loss(step, generator):
        x = torch.randn(8, 3, generator=generator)
        return (network(x) - x.sum(1, keepdim=True)).square().mean(), {}

    def report(figures):
        if figures["step"] == stop:
            raise Cut

    try:
        train(Run(network, config, {"kind": "line"}), loss, folder, report)
    except Cut:
        assert stop
    return network


@pytest.mark.parametrize("stop", [3, 5, 11])
def test_a_run_that_was_cut_ends_as_one_that_was_not(tmp_path, stop):
    whole = line(CONFIG, tmp_path / "whole")
    line(CONFIG, tmp_path / "cut", stop=stop)
    rest = line(CONFIG, tmp_path / "cut")
    assert torch.equal(whole.weight, rest.weight)


def test_it_learns_and_keeps_the_running_mean(tmp_path):
    network = line(replace(CONFIG, steps=200, ema=0.9), tmp_path)
    assert (network.weight - 1).abs().max() < 0.1
    state = torch.load(tmp_path / LAST, weights_only=True)
    assert torch.equal(state["mean"]["weight"], network.weight)
    assert not torch.equal(state["trained"]["weight"], network.weight)


def test_a_run_that_its_minutes_end_has_cooled_down_by_then_and_shows_what_it_learnt(tmp_path, monkeypatch):
    now, rates, shown, reached = [0.0], [], [], []
    monkeypatch.setattr(runs.time, "monotonic", lambda: now[0])
    network, config = nn.Linear(3, 1), replace(CONFIG, steps=1000, final_lr=0.1, minutes=1.0)

    def report(figures):
        rates.append(figures["lr"])
        reached.append(run.reached)
        now[0] += 4.0

    run = Run(network, config, {})
    train(run, lambda step, _: (network.weight.square().sum(), {}), tmp_path, report, every=shown.append)
    assert run.step == 15 and shown == [5, 10, 15]
    assert reached[0] == 1 and reached == sorted(reached) and reached[-1] > 0.9 * config.steps
    assert max(rates[1:4]) > 0.9 * config.lr and rates[-1] < 0.13 * config.lr
    assert rates[1:] == sorted(rates[1:], reverse=True)


def test_a_run_of_another_configuration_and_a_damaged_checkpoint_are_refused(tmp_path):
    line(CONFIG, tmp_path)
    with pytest.raises(InputError, match="lr"):
        line(replace(CONFIG, lr=0.01), tmp_path)
    (tmp_path / LAST).write_bytes(b"half a checkpoint")
    with pytest.raises(InputError, match="cannot be read"):
        line(CONFIG, tmp_path)


def test_only_what_wants_a_gradient_is_trained_and_a_loss_that_is_no_number_ends_the_run(tmp_path):
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    network[0].requires_grad_(False)
    assert set(Run(network, CONFIG, {}).trained) == {"1.weight", "1.bias"}
    with pytest.raises(InputError, match="no number"):
        train(Run(network, CONFIG, {}), lambda step, g: (network(torch.ones(1, 2)).sum() * float("nan"), {}), tmp_path)
    network.requires_grad_(False)
    with pytest.raises(InputError, match="nothing to train"):
        Run(network, CONFIG, {})


def test_the_learning_rate_warms_up_and_comes_down():
    config = RunConfig(steps=100, warm_up=10, final_lr=0.1)
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[0] == 0.1 and rates[9] == 1 and abs(rates[100] - 0.1) < 1e-9
    assert learning_rate(99, RunConfig(steps=100)) == 1


@pytest.mark.parametrize("changes", [{"steps": 0}, {"lr": 0}, {"optimizer": "sgd"}, {"ema": 1.0}, {"minutes": -1}])
def test_impossible_configurations_are_refused(changes):
    with pytest.raises(InputError, match=next(iter(changes))):
        RunConfig(**changes)


def test_the_8_bit_optimiser_says_what_it_needs():
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match="bitsandbytes"):
            make_optimizer([nn.Parameter(torch.zeros(1))], replace(CONFIG, optimizer="8bit"))
