from dataclasses import replace

import pytest
import torch
from torch import nn

from tango_models.interpolation.acinterp.configuration import ACInterpConfig
from tango_models.interpolation.acinterp.modeling import ACInterp, Conditions
from tango_models.interpolation.acinterp.motion_module import PerFrameNorm, motion_modules
from tests.tango_models.interpolation.acinterp.tiny import random_conditions, random_sample, shake, tiny_model

T = torch.tensor(300)


@pytest.fixture(scope="module")
def model() -> ACInterp:
    made = tiny_model()
    shake(made)
    return made


def frame_of(given: Conditions, frame: int) -> Conditions:
    one = slice(frame, frame + 1)
    parts = {name: getattr(given, name)[:, one] for name in ("poses", "seeds", "known", "background")}
    return replace(given, **parts)


@torch.no_grad()
def test_before_motion_is_trained_a_sequence_is_its_frames_one_by_one():
    model = tiny_model()
    shake(model)
    for module in motion_modules(model.denoising).values():
        nn.init.zeros_(module.proj_out.weight)
        nn.init.zeros_(module.proj_out.bias)
    given = random_conditions(model, items=2, frames=4, context=2)
    sample = random_sample(model, given)
    together = model(sample, T, given)
    for frame in range(4):
        alone = model(sample[:, frame : frame + 1], T, frame_of(given, frame))
        torch.testing.assert_close(together[:, frame : frame + 1], alone, atol=1e-5, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("seed", range(3))
def test_a_single_frame_has_no_motion_whatever_motion_modules_have_learned(seed: int):
    """Pose2Image is trained without them, also when they come trained, as the published ones do."""
    model = tiny_model()
    shake(model, seed)
    given = random_conditions(model, items=2, frames=1, seed=seed)
    sample, several = random_sample(model, given), random_conditions(model, frames=3)
    before, moved = model(sample, T, given), model(random_sample(model, several), T, several)
    for module in motion_modules(model.denoising).values():
        shake(module, seed + 10)
    assert torch.equal(model(sample, T, given), before)
    assert (model(random_sample(model, several), T, several) - moved).abs().max() > 1e-3  # of several it does


def test_a_new_model_says_nothing_by_its_guiders_and_motion_modules():
    model = tiny_model()
    for last in (model.pose_guider.conv_out, model.seed_guider.conv_out):
        assert not last.weight.any() and not last.bias.any()
    for module in motion_modules(model.denoising).values():
        assert not module.proj_out.weight.any() and not module.proj_out.bias.any()


@torch.no_grad()
@pytest.mark.parametrize("part", ["poses", "references", "embedding", "seeds", "background", "context"])
def test_every_condition_changes_what_is_made(model: ACInterp, part: str):
    given = random_conditions(model, context=2)
    sample = random_sample(model, given)
    other = replace(given, **{part: getattr(given, part) + torch.randn_like(getattr(given, part))})
    assert (model(sample, T, given) - model(sample, T, other)).abs().max() > 1e-3


@torch.no_grad()
def test_the_unconditional_half_sees_neither_reference_nor_embedding(model: ACInterp):
    given = random_conditions(model, items=2)
    sample = random_sample(model, given)
    blind = replace(given, reading=[False, True])
    changed = replace(blind, references=torch.randn_like(blind.references), embedding=torch.randn_like(blind.embedding))
    first, second = model(sample, T, blind), model(sample, T, changed)
    torch.testing.assert_close(first[0], second[0])
    assert (first[1] - second[1]).abs().max() > 1e-3


@torch.no_grad()
def test_guidance_answers_without_and_with_the_reference(model: ACInterp):
    given = random_conditions(model, items=2, context=1)
    sample = random_sample(model, given)
    model.look(given)
    both = model.denoise(sample, T, given, guided=True)
    torch.testing.assert_close(both[2:], model(sample, T, given), atol=1e-5, rtol=1e-4)
    without = model(sample, T, replace(given, reading=[False, False]))
    torch.testing.assert_close(both[:2], without, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_reader_attends_to_its_own_and_the_banked_tokens(model: ACInterp):
    """By hand: softmax(q [k_own, k_ref]) [v_own, v_ref]."""
    given = random_conditions(model, frames=1, references=2)
    name = "mid_block.attentions.0.transformer_blocks.0"
    attention = model.denoising.get_submodule(name).attn1
    seen = {}
    handle = attention.register_forward_hook(lambda m, args, out: seen.update(own=args[0], out=out))
    model(random_sample(model, given), T, given)
    handle.remove()
    tokens = torch.cat([seen["own"], *model.bank.look[name].split(1)], dim=1)

    def heads(x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (attention.heads, -1)).transpose(1, 2)

    q, k, v = heads(attention.to_q(seen["own"])), heads(attention.to_k(tokens)), heads(attention.to_v(tokens))
    weights = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
    expected = attention.to_out[0]((weights @ v).transpose(1, 2).flatten(-2))
    torch.testing.assert_close(seen["out"], expected, atol=1e-5, rtol=1e-4)


def test_fusion_says_which_blocks_read():
    names = set(tiny_model(fusion="mid_up").denoising.attn_processors.items())
    reading = {name for name, processor in names if type(processor).__name__ == "ReadReference"}
    assert reading and not any(name.startswith("down_blocks") for name in reading)


@torch.no_grad()
def test_temporal_attention_normalises_frame_by_frame():
    torch.manual_seed(0)
    norm = PerFrameNorm(4, 8, eps=1e-6)
    shake(norm)
    frames = torch.randn(2, 8, 5, 6, 7) * torch.linspace(1, 9, 5).view(1, 1, 5, 1, 1)
    made = norm(frames)
    for k in range(5):
        alone = nn.functional.group_norm(frames[:, :, k], 4, norm.weight, norm.bias, 1e-6)
        torch.testing.assert_close(made[:, :, k], alone, atol=1e-5, rtol=1e-4)
    assert (nn.GroupNorm.forward(norm, frames) - made).abs().max() > 0.1  # all frames together are other numbers


@torch.no_grad()
def test_a_motion_module_is_that_of_animatediff(model: ACInterp):
    """Written out from AnimateDiff's description: per-frame norm, twice attention over time with sinusoidal positions,
    feed-forward, residual."""
    module = next(iter(motion_modules(model.denoising).values()))
    block = module.transformer_blocks[0]
    model.bank.begin(references=1, context=0)
    count, channels = 4, module.in_channels
    frames = torch.randn(count, channels, 3, 5)
    x = nn.functional.group_norm(frames, module.norm.num_groups, module.norm.weight, module.norm.bias, 1e-6)
    x = x.permute(2, 3, 0, 1).flatten(0, 1)  # (pixels, frames, channels)
    x = module.proj_in(x)
    place = torch.arange(count)[:, None] / 10000 ** (torch.arange(0, channels, 2) / channels)
    table = torch.stack([place.sin(), place.cos()], -1).flatten(1)
    for norm, attention in ((block.norm1, block.attn1), (block.norm2, block.attn2)):
        given = norm(x) + table
        q, k, v = (
            layer(given).unflatten(-1, (attention.heads, -1)).transpose(1, 2)
            for layer in (attention.to_q, attention.to_k, attention.to_v)
        )
        weights = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
        x = x + attention.to_out[0]((weights @ v).transpose(1, 2).flatten(-2))
    x = x + block.ff(block.norm3(x))
    expected = module.proj_out(x).unflatten(0, (3, 5)).permute(2, 3, 0, 1) + frames
    torch.testing.assert_close(module(frames, num_frames=count), expected, atol=1e-5, rtol=1e-4)


def test_small_keeps_within_twenty_million_parameters():
    with torch.device("meta"):
        assert 5e6 < ACInterp(ACInterpConfig.small()).parameter_count() <= 20e6


def test_sd15_has_the_published_geometry():
    with torch.device("meta"):
        model = ACInterp(ACInterpConfig())
    motion = sum(p.numel() for m in motion_modules(model.denoising).values() for p in m.parameters())
    counts = [sum(p.numel() for p in part.parameters()) for part in (model.reference, model.denoising, model.vae)]
    assert counts[0] == 859_520_964  # Stable Diffusion 1.5
    assert counts[1] - motion == 859_520_964
    # AnimateDiff v2: 21 modules of 22 c^2 + 21 c parameters.
    assert motion == sum(22 * c * c + 21 * c for c in 5 * [320] + 5 * [640] + 11 * [1280])
    assert counts[2] == 83_653_863  # sd-vae-ft-mse
