"""The sizes of AuMoCLIP: `paper`, on wav2vec2 and BERT, and `embedded`, which needs no downloaded weights."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from tango_models.errors import InputError

_CHOICES = {
    "front_end": ("wav2vec2", "log_mel"),
    "text_source": ("ctc", "words", "none"),
    "angular_velocity": ("axis_angle", "rotation"),
    "joint_frame": ("smplx", "any"),
    "short_speech": ("as_is", "pad"),
    "short_motion": ("zero_pose", "last_pose"),
}
_EMBEDDED_INPUTS = {
    "angular_velocity": "rotation",
    "joint_frame": "any",
    "short_speech": "pad",
    "short_motion": "last_pose",
}
"""Also of the `embedded` files whose header is older than these fields."""


@dataclass(frozen=True)
class AuMoClipConfig:
    """Everything that fixes the shapes of the model. The defaults are the published sizes."""

    name: str = "paper"
    feature_dim: int = 256
    """Width of every embedding; also of both final self-attentions."""
    attention_heads: int = 8
    """Heads of both final self-attentions (audio_sa, motion_sa)."""
    attention_by_place: bool = False
    """Both final self-attentions have a trained bias by the place in the window (`ClipAttention`). Not published."""
    mapping_dim: int = 512
    """Hidden width of the four two-layer perceptrons that end the branches."""
    window_frames: int = 128
    """Frames of a training and inference window."""
    fps: int = 30
    sample_rate: int = 16_000
    feature_rate: int = 50
    """Frames per second of the audio features and of the text."""

    motion_dim: int = 825
    """rep15d: 15 numbers for each of 55 joints."""
    motion_width: int = 256
    """Channels of the motion convolutions and of the motion transformer layer."""
    motion_low_blocks: int = 3
    motion_high_blocks: int = 6
    motion_feedforward: int = 512
    motion_dropout: float = 0.1
    motion_period: int = 20
    """Period of the repeated sinusoidal position code, in frames at 15 fps."""
    motion_positions: int = 80
    """Length of the position code: the most frames at 15 fps that a window can have (160 at 30 fps)."""

    front_end: Literal["wav2vec2", "log_mel"] = "wav2vec2"
    """What is frozen, and what the trained speech encoder reads.

    `wav2vec2`: a frozen wav2vec2 gives the frozen features; the trained one reads the waveform.
    `log_mel`: fixed log-mel energies give the frozen features; trained convolutions read them.
    """
    frozen_low_dim: int = 512
    frozen_high_dim: int = 768
    wav2vec2: dict[str, Any] = field(default_factory=dict)
    """Arguments of `transformers.Wav2Vec2Config` for the trained encoder; none is wav2vec2-base."""
    trainable_layers: int = 1
    """Transformer layers of the trained speech encoder."""
    projection_dim: int = 512
    """Width to which speech, frozen speech and text are projected before they are joined."""
    text_source: Literal["ctc", "words", "none"] = "ctc"
    """Where text comes from. `ctc`: what wav2vec2-base-960h recognises, through BERT. `words`: what pocketsphinx
    recognises, through MiniLM. Both are English only. `none`: the model reads zeros for text and knows no language."""
    text_dim: int = 768
    mel_dilations: tuple[int, ...] = ()
    """Dilations of the convolutions over the log-mel energies, which have the width of `wav2vec2["conv_dim"][-1]`."""

    angular_velocity: Literal["axis_angle", "rotation"] = "axis_angle"
    """The last 3 of the 15 numbers of a joint. `axis_angle`: central differences per second of the axis-angle numbers
    (`body.recovered_motion.with_axis_angle_velocity`). `rotation`: the rotation vector from the frame before to the
    frame after, per second (`body.motion_features.motion_representation`)."""
    joint_frame: Literal["smplx", "any"] = "smplx"
    """Whose joints the motion shows. `smplx`: those of SMPL-X NEUTRAL_2020 of mean shape, pelvis 0.35 m below the
    origin; motion of another body is refused. `any`: those of whichever body it was made with."""
    short_speech: Literal["as_is", "pad"] = "as_is"
    """Speech shorter than a window goes in as it is, or padded by silence."""
    short_motion: Literal["zero_pose", "last_pose"] = "zero_pose"
    """Motion shorter than a window is extended by frames of the zero pose (a T), or by its last frame. What the model
    says of these frames is cut off."""

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                fault = f"has the unknown {name.replace('_', ' ')} {getattr(self, name)!r}"
                raise InputError(f"AuMoCLIP configuration {self.name!r}", fault, f"choose {' or '.join(choices)}")
        if self.text_source not in ("none", "ctc" if self.front_end == "wav2vec2" else "words"):
            fault = f"cannot take its text from {self.text_source!r} with the front end {self.front_end!r}"
            raise InputError(
                f"AuMoCLIP configuration {self.name!r}", fault, "pair ctc with wav2vec2, words with log_mel"
            )
        if self.front_end == "log_mel" and self.short_speech != "pad":
            fault = "takes short speech as it is with the front end 'log_mel', whose text has the length of a window"
            raise InputError(f"AuMoCLIP configuration {self.name!r}", fault, "choose pad")
        for name in ("feature_dim", "mapping_dim", "window_frames", "motion_dim", "motion_width", "projection_dim"):
            if getattr(self, name) < 1:
                fault = f"has {name} = {getattr(self, name)}"
                raise InputError(f"AuMoCLIP configuration {self.name!r}", fault, "give a positive number")
        if self.feature_dim % self.attention_heads:
            fault = f"has {self.attention_heads} heads for {self.feature_dim} features"
            raise InputError(f"AuMoCLIP configuration {self.name!r}", fault, "choose a divisor of feature_dim")
        object.__setattr__(self, "mel_dilations", tuple(self.mel_dilations))

    @property
    def window_samples(self) -> int:
        """Samples of a window: 68,266 for 128 frames, which wav2vec2's convolutions turn into 213 features."""
        return self.window_frames * self.sample_rate // self.fps

    @property
    def window_features(self) -> int:
        """Text features of a window: 214 for 128 frames, as many as resample to exactly 128 and 64."""
        return self.window_frames * self.feature_rate // self.fps + 1

    @classmethod
    def paper(cls, **changes: Any) -> AuMoClipConfig:
        """The published model: two wav2vec2-base-960h (one frozen), BERT text, 27.1 M trained parameters."""
        return cls(**changes)

    @classmethod
    def embedded(cls, **changes: Any) -> AuMoClipConfig:
        """The same tensor flow, narrower, from fixed log-mel energies and MiniLM text; trains on a CPU."""
        settings: dict[str, Any] = {
            "name": "embedded",
            "attention_by_place": True,
            "mapping_dim": 256,
            "motion_width": 128,
            "motion_feedforward": 256,
            "front_end": "log_mel",
            "frozen_low_dim": 80,
            "frozen_high_dim": 160,
            "wav2vec2": {
                "conv_dim": [128],
                "conv_kernel": [400],
                "conv_stride": [320],
                "hidden_size": 128,
                "num_attention_heads": 4,
                "intermediate_size": 384,
                "num_conv_pos_embeddings": 32,
                "num_conv_pos_embedding_groups": 8,
                "attention_dropout": 0.0,
                "activation_dropout": 0.0,
                "layerdrop": 0.0,
                "mask_time_prob": 0.0,
                "mask_feature_prob": 0.0,
            },
            "projection_dim": 128,
            "text_source": "words",
            "text_dim": 384,
            "mel_dilations": (1, 2, 4, 8, 16),
            **_EMBEDDED_INPUTS,
        }
        return cls(**{**settings, **changes})

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return dataclasses.asdict(self) | {"mel_dilations": list(self.mel_dilations)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> AuMoClipConfig:
        """The inverse of :meth:`to_dict`. InputError names fields that this version does not know.

        A header that is older than the fields of the inputs gets `embedded`'s or `paper`'s by its front end.
        """
        known = {entry.name for entry in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            fault = f"has the unknown fields {', '.join(unknown)}"
            raise InputError("AuMoCLIP configuration", fault, "use the version of TANGO that wrote it")
        older = _EMBEDDED_INPUTS if values.get("front_end") == "log_mel" else {}
        return cls(**{**older, **values})
