"""Videos follow one another through the stages, those of many avatars at a time."""

import queue
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flows.stage_runs import StageRuns
from flows.tracks import submit
from tasks.runtime.registry import PER_TRACK

_PER_CPU, _MOST = 3, 1024
"""Videos in work at a time: enough that no worker of any stage waits for the next (of six stages each has a worker for
two CPUs), on up to 341 CPUs. For more, the threads that one process may have would not do."""
THREADS = _MOST * (len(PER_TRACK) + 1)
"""Of a flow's task runner: a thread for each stage of the videos in work, most of which wait for the one before. They
are started as they are needed."""


@dataclass(frozen=True)
class Track:
    """A track to bring up to date.

    Attributes:
        label: by which a person knows it.
        scope: what the stages need to plan it; size: of its video, in bytes.
    """

    avatar: str
    label: str
    scope: Mapping[str, Any]
    size: int = 0


def in_work(cpus: float) -> int:
    """How many videos are in work at a time, on so many CPUs."""
    return max(2, min(_MOST, int(_PER_CPU * cpus)))


def run_tracks(
    runs: StageRuns,
    tracks: Sequence[Track],
    *,
    at_a_time: int,
    also: Iterable[str] = (),
    finish: Callable[[str], None],
    through_so_far: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Send tracks through the stages, the longest video first, so that no long one is left for the end; and call
    `finish` for each avatar when the last of its tracks is through, well or not.

    Args:
        also: avatars of which no track is to be done.
        finish: submits what compares the tracks of an avatar; through_so_far: takes how many tracks are through, of
            how many. Both are called from this thread.
    """
    waiting = deque(sorted(tracks, key=lambda track: -track.size))
    left: dict[str, int] = {}
    for track in tracks:
        left[track.avatar] = left.get(track.avatar, 0) + 1
    through: queue.SimpleQueue[str] = queue.SimpleQueue()
    for avatar in also:
        finish(avatar)
    busy = done = 0
    through_so_far(done, len(tracks))
    while waiting or busy:
        while waiting and busy < at_a_time:
            track = waiting.popleft()
            submit(runs, dict(track.scope), track.label, when_ended=partial(through.put, track.avatar))
            busy += 1
        avatar = through.get()
        busy, done = busy - 1, done + 1
        through_so_far(done, len(tracks))
        left[avatar] -= 1
        if not left[avatar]:
            finish(avatar)
