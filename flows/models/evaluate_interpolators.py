"""How true the frames are that interpolators make, on gaps in the footage of avatars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data_catalog import Catalog
from flows.configuration.settings import Settings
from tango_models.errors import InputError

if TYPE_CHECKING:
    from tango_models.truth.evaluation import Row


def evaluate_interpolators(
    settings: Settings,
    avatars: list[str],
    interpolators: list[str],
    *,
    weights: Sequence[Path] = (),
    lengths: Sequence[int],
    count: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> list[Row]:
    """Lines of `truth.evaluation.evaluate`.

    Args:
        avatars: all of the catalog when empty.
        interpolators: all that can be used here when empty.
        weights: files of ACInterp's, each a line of its own beside the interpolators.
        lengths: of gaps, frames.
        count: gaps of each length and avatar.
        progress: called with gaps done and gaps in all.

    Raises:
        InputError: an avatar has no clips in the present version; no gap can be made; an unknown interpolator.
    """
    from flows.models.training_jobs import catalog_tracks
    from tango_models.truth.evaluation import evaluate, known_interpolators, trained_interpolators
    from tasks.views.paths.interpolation import interpolator_settings
    from tasks.views.training.true_gaps import TrueGaps

    methods = known_interpolators(
        interpolators, {name: interpolator_settings(name, settings.acinterp) for name in ("acinterp", "auto")}
    ) | trained_interpolators(path.expanduser() for path in weights)
    catalog = Catalog(settings.catalog, settings.storage_options)
    tracks = catalog_tracks(settings, avatars).values()
    gaps = [TrueGaps(catalog, own, lengths=lengths, count=count, seed=seed) for own in tracks if own]
    total = sum(map(len, gaps))
    if not total:
        what = f"has no {max(lengths)} frames in a row in which a hand is seen"
        raise InputError(settings.catalog, what, "onboard footage that shows the hands")
    return evaluate(methods, (gap for own in gaps for gap in own), progress=lambda done: progress(done, total))
