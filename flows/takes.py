"""The path of a render, searched again where its jumps would be seen.

A path takes a jump by what that is predicted to show. Once its seam is made, what it shows is known. A jump that pops
is made dear, and the path is searched again: few do, and the footage has other ways. Of the takes the one is shown in
which the fewest jumps pop.
"""

from collections.abc import Callable
from dataclasses import dataclass

from data_catalog import Catalog
from flows.configuration.settings import Settings
from tango_models.metrics.seam_visibility import POP
from tasks.views.footage.canvas import canvas_size
from tasks.views.motion_graph import SeenJumps
from tasks.views.paths.interpolation import open_interpolator
from tasks.views.paths.path_layout import SeamLayout, read_playback
from tasks.views.paths.transitions import read_made

_TAKES = 3
_SEEN = 1.1 * POP
"""Visibility from which a jump is replaced: measured before it is played it is known to about a tenth, and what just
pops is often no more than its footage does by itself. In 60 s of the liveliest of four speakers 24 % of the seams
popped, the worst at 4.7; with this bar it is 8 % and 2.7, with 1.2 times the pop 19 % and 3.3."""
LOOKS = "auto"
"""The interpolator whose seams are looked at: of the others a person wants to see what they make of the same path."""


@dataclass(frozen=True)
class Take:
    """A path.

    Attributes:
        seen: the jumps it does not like to take, as `path_key` has them.
        pops: its own jumps that pop.
    """

    seen: SeenJumps
    pops: SeenJumps

    @property
    def judged(self) -> tuple[int, float]:
        """How many jumps pop, and how visible the worst is."""
        return len(self.pops), max((visibility for *_, visibility in self.pops), default=0.0)


def best_take(make: Callable[[SeenJumps], bool], pops: Callable[[SeenJumps], SeenJumps]) -> tuple[Take, Take] | None:
    """The first take and the best one; None where one could not be made.

    Args:
        make: search a path that does not like some jumps, and make its seams; whether that went well.
        pops: the jumps of that path that pop.
    """
    takes: list[Take] = []
    seen: SeenJumps = []
    for _ in range(_TAKES):
        if not make(seen):
            return None
        takes.append(Take(seen, pops(seen)))
        worst = {(src, dst): visibility for src, dst, visibility in seen}
        for src, dst, visibility in takes[-1].pops:
            worst[src, dst] = max(visibility, worst.get((src, dst), 0.0))
        again = sorted((*jump, visibility) for jump, visibility in worst.items())
        if again == seen:  # none pops, or there is no other way
            break
        seen = again
    return takes[0], min(takes, key=lambda take: take.judged)


def jumps_that_pop(catalog: Catalog, path_id: str, settings: Settings) -> SeenJumps:
    """The jumps of a path that can be seen; its seams were made by `LOOKS`."""
    layout = SeamLayout.model_validate(settings.stage_configs()["render_video"]["seams"])
    playback = read_playback(catalog, path_id, layout)
    method, size = open_interpolator(LOOKS, settings.acinterp).id, canvas_size(catalog, playback.videos)
    seen: dict[tuple[str, str], float] = {}
    for seam, row in read_made(catalog, playback.seams, method, size, ["visibility"]).items():
        if row["visibility"] >= _SEEN:
            seen[seam.src, seam.dst] = max(row["visibility"], seen.get((seam.src, seam.dst), 0.0))
    return sorted((*jump, round(visibility, 2)) for jump, visibility in seen.items())


def replaced(first: Take, best: Take) -> list[str]:
    """A note where other jumps are shown than were chosen at first."""
    fewer = len(first.pops) - len(best.pops)
    if best is first or fewer <= 0:
        return []
    were = "1 jump that would have been seen was" if fewer == 1 else f"{fewer} jumps that would have been seen were"
    left = f"; {len(best.pops)} could not be" if best.pops else ""
    return [f"{were} replaced by others{left}"]
