"""How large the networks of ACInterp are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from tango_models.errors import InputError


@dataclass(frozen=True)
class ACInterpConfig:
    """Geometry of one model. The defaults are `sd15`: Stable Diffusion 1.5, sd-vae-ft-mse, CLIP ViT-L/14 and the
    AnimateDiff motion module, as in the configuration files of TANGO's release; the published weights fit no other."""

    size: str = "sd15"
    widths: tuple[int, ...] = (320, 640, 1280, 1280)
    """Channels of a U-Net's levels, the finest first; each level halves the resolution of the one before."""
    attention_levels: int = 3
    """How many of the finest levels have spatial attention."""
    layers: int = 2
    heads: int = 8
    norm_groups: int = 32
    embedding_dim: int = 768
    """Of the CLIP image embedding that cross-attention reads."""
    latent_channels: int = 4
    vae_widths: tuple[int, ...] = (128, 256, 512, 512)
    """Of the autoencoder; all but one level halve the resolution."""
    vae_layers: int = 2
    latent_scale: float = 0.18215
    """Brings the latents to unit variance."""
    guider_widths: tuple[int, ...] = (16, 32, 96, 256)
    """Of the pose guider (TANGO's configuration files); all but one level halve the resolution."""
    encoder_width: int = 1024
    encoder_layers: int = 24
    encoder_heads: int = 16
    encoder_patch: int = 14
    encoder_side: int = 224
    """px, side of the picture that the image encoder sees."""
    motion_heads: int = 8
    motion_positions: int = 32
    """Most frames that temporal attention tells apart, those around the seam included."""
    fusion: str = "all"
    """Which self-attentions read the reference: `all`, or `mid_up` for the middle and the way up alone."""

    def __post_init__(self) -> None:
        if len(self.guider_widths) != len(self.vae_widths):
            raise ValueError("the pose guider must reduce pictures as much as the autoencoder does")
        if not 1 <= self.attention_levels <= len(self.widths):
            raise ValueError(f"attention_levels must lie in 1..{len(self.widths)}, not {self.attention_levels}")
        if self.fusion not in ("all", "mid_up"):
            raise ValueError(f"fusion must be all or mid_up, not {self.fusion!r}")

    @property
    def reduction(self) -> int:
        """Pixels per latent pixel, along a side."""
        return 2 ** (len(self.vae_widths) - 1)

    @property
    def multiple(self) -> int:
        """px: sides of a picture must be multiples of this."""
        return self.reduction * 2 ** (len(self.widths) - 1)

    @classmethod
    def small(cls, **changes: Any) -> ACInterpConfig:
        """The same classes with 13 M parameters in all, its autoencoder and image encoder trained with it."""
        values: dict[str, Any] = {
            "size": "small", "widths": (64, 96, 128), "attention_levels": 2, "layers": 1, "heads": 4, "norm_groups": 16,
            "embedding_dim": 64, "vae_widths": (32, 64, 96), "vae_layers": 1, "latent_scale": 1.0,
            "guider_widths": (16, 32, 96), "encoder_width": 64, "encoder_layers": 2, "encoder_heads": 4,
            "encoder_patch": 8, "encoder_side": 64, "motion_heads": 4,
        }  # fmt: skip
        return cls(**values | changes)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ACInterpConfig:
        """The reverse of `to_dict`.

        Raises:
            InputError: a field is unknown or missing, or the values do not go together.
        """
        known = {field.name for field in fields(cls)}
        if set(values) != known:
            differing = ", ".join(sorted(set(values) ^ known))
            raise InputError("ACInterp configuration", f"has other fields: {differing}", "use a file of this version")
        try:
            given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
            return cls(**given)
        except (TypeError, ValueError) as error:
            raise InputError("ACInterp configuration", f"cannot be used ({error})", "use an undamaged file") from error


def named_config(size: str) -> ACInterpConfig:
    """The configuration of that name.

    Raises:
        InputError: there is none.
    """
    if size == "sd15":
        return ACInterpConfig()
    if size == "small":
        return ACInterpConfig.small()
    raise InputError(f"size {size!r}", "is not known", "choose sd15 or small")


@dataclass(frozen=True)
class SamplingConfig:
    """steps: of the solver, trailing. guidance: how far from what would be made of anybody (1: none); TANGO's
    configuration says 3.5. solver: `ddim` or `dpm`."""

    steps: int = 20
    guidance: float = 3.5
    solver: str = "ddim"

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 1000 or self.guidance < 1 or self.solver not in ("ddim", "dpm"):
            fault = f"is impossible (steps {self.steps}, guidance {self.guidance}, solver {self.solver})"
            raise InputError("sampling configuration", fault, "steps 1 to 1000, guidance 1 or more, ddim or dpm")
