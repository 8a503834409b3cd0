"""The uninterrupted takes of a track: runs of clips that can be shown one after the other."""

import numpy as np

from data_catalog import Source
from data_catalog.keys import equals


def takes(source: Source, track: str) -> list[tuple[int, int]]:
    """First and last (exclusive) clip number of each run of clips that can be shown and lie in one shot.

    Numbers are missing where a cut runs through a clip, so they are no positions in the table.
    """
    rows = source.table("clips").read(["clip_id", "index", "shot"], where=equals(track_id=track).also("usable"))
    index, shot = rows["index"].to_numpy(), rows["shot"].to_numpy()
    if not len(index):
        return []
    begins = np.flatnonzero(np.concatenate([[True], (np.diff(index) != 1) | (np.diff(shot) != 0)]))
    ends = [*(begins[1:] - 1).tolist(), len(index) - 1]
    return [(int(index[a]), int(index[b]) + 1) for a, b in zip(begins.tolist(), ends, strict=True)]
