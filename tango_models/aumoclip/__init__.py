"""AuMoCLIP: speech and motion in one hierarchical space (Liu et al., TANGO, arXiv 2410.04221, section on AuMoCLIP).

The model, what goes into it, and its files; `learning` trains and judges it. Imported by the stages that embed, by what
trains, judges or imports it, and by benchmarks."""

from pathlib import Path

EMBEDDED = Path(__file__).parent / "assets" / "embedded.safetensors"
"""The checkpoint in the package: small, trained on synthetic speech and gestures, needs no download."""
