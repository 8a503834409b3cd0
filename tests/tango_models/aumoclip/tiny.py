"""Tiny stand-ins with the classes and the time axis of the real backbones."""

import json
from pathlib import Path

import numpy as np
import torch

from tango_models.aumoclip.configuration import AuMoClipConfig
from tango_models.aumoclip.text import TextEncoder
from tango_models.body.smplx_body import Body

LETTERS = "abcdefghijklmnopqrstuvwxyz'"
_WAV2VEC2 = {
    "conv_dim": [8] * 7,
    "hidden_size": 16,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "num_hidden_layers": 2,
}


def paper(**changes) -> AuMoClipConfig:
    """`paper` with few channels."""
    settings = {"wav2vec2": _WAV2VEC2, "frozen_low_dim": 8, "frozen_high_dim": 16, "text_dim": 12, "motion_width": 16}
    return AuMoClipConfig.paper(**{**settings, **changes})


def embedded(**changes) -> AuMoClipConfig:
    """`embedded` with few channels and no text."""
    return AuMoClipConfig.embedded(**{"motion_width": 16, "text_source": "none", "text_dim": 12, **changes})


def text_model():
    """A random BERT of width 12 whose tokenizer knows single letters."""
    from transformers import BertConfig, BertModel, BertTokenizer

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    tokenizer = BertTokenizer(vocab={name: index for index, name in enumerate(names)})
    torch.manual_seed(3)
    sizes = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    return BertModel(BertConfig(vocab_size=len(names), **sizes), add_pooling_layer=False), tokenizer


def text_encoder() -> TextEncoder:
    """:func:`text_model`, ready."""
    return TextEncoder(*text_model())


def backbone_folder(folder: Path) -> Path:
    """The folder that `load_backbones` reads for :func:`paper`, filled with random models."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    speech = folder / "wav2vec2-base-960h"
    torch.manual_seed(4)
    names = ["<pad>", "<s>", "</s>", "<unk>", "|", *LETTERS.upper()]
    Wav2Vec2ForCTC(Wav2Vec2Config(vocab_size=len(names), **_WAV2VEC2)).save_pretrained(speech)
    (speech / "vocab.json").write_text(json.dumps({name: index for index, name in enumerate(names)}))
    model, tokenizer = text_model()
    model.save_pretrained(folder / "bert-base-uncased")
    tokenizer.save_pretrained(folder / "bert-base-uncased")
    return folder


def speech(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise whose loudness rises and falls like syllables: (S,) float32 16 kHz."""
    count = round(seconds * 16_000)
    syllables = 1 + np.sin(2 * np.pi * 4 * np.arange(count) / 16_000)
    return (0.1 * syllables * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


def licensed_body() -> Body:
    """The open body moved to where SMPL-X has its pelvis; nothing in it is licensed."""
    body = Body.load()
    template = body.arrays["v_template"] + np.array([0.002, -0.351, 0.012], np.float32)
    return Body(body.path, {**body.arrays, "v_template": template})


def poses(frames: int, *, size: float = 0.3, seed: int = 0) -> np.ndarray:
    """Every joint swings, `size` radians to each side of each axis at most: (T, 165) float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / 30
    return (size * np.sin(time * rng.uniform(1, 6, 165) + rng.uniform(0, 6, 165))).astype(np.float32)
