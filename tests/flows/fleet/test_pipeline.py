"""Which videos are in work when, over any sizes and times; with tasks that only wait."""

import random
import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.fleet.pipeline import Track, in_work, run_tracks
from tasks.runtime.registry import PER_TRACK


class Runs:
    """Stands for `StageRuns`: a track's stages end together, after a while, in another thread."""

    def __init__(self, seconds) -> None:
        self.seconds, self.lock = seconds, threading.Lock()
        self.begun, self.in_work, self.most, self.stages = [], 0, 0, []

    def submit(self, stage, label, scope, *, after=(), when_ended=None):
        self.stages.append((label, stage))
        assert bool(after) == (stage != PER_TRACK[0])
        if stage == PER_TRACK[0]:
            with self.lock:
                self.begun.append(label)
                self.in_work += 1
                self.most = max(self.most, self.in_work)
        if when_ended:
            threading.Thread(target=self._end, args=(label, when_ended)).start()
        return label

    def _end(self, label, when_ended):
        time.sleep(self.seconds(label))
        with self.lock:
            self.in_work -= 1
        when_ended()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 9)), max_size=20), st.integers(1, 5))
def test_every_track_goes_through_once_and_each_avatar_is_finished_after_its_last(given_tracks, at_a_time):
    tracks = [Track(a, f"{a} {k}", {"file_name": "x"}, size) for k, (a, size) in enumerate(given_tracks)]
    ended, finished, counts = [], [], []
    runs = Runs(lambda label: random.uniform(0, 0.003))

    def finish(avatar):
        assert avatar not in finished
        finished.append(avatar)
        ended.append(len(runs.begun))

    run_tracks(
        runs, tracks, at_a_time=at_a_time, also=["other"], finish=finish, through_so_far=lambda d, n: counts.append(d)
    )
    assert sorted(runs.begun) == sorted(track.label for track in tracks)
    assert sorted(finished) == sorted({track.avatar for track in tracks} | {"other"})
    assert runs.most <= at_a_time
    assert counts == list(range(len(tracks) + 1))
    sizes = {track.label: track.size for track in tracks}
    assert [sizes[label] for label in runs.begun] == sorted(sizes.values(), reverse=True)
    if tracks:
        assert [s for label, s in runs.stages if label == runs.begun[0]] == list(PER_TRACK)


def test_a_slow_video_does_not_hold_the_rest():
    tracks = [Track("a", "slow", {"file_name": "x"}, 9)] + [Track("b", f"b {k}", {"file_name": "x"}) for k in range(20)]
    order = []
    gate = threading.Event()
    runs = Runs(lambda label: gate.wait(20) and 0 if label == "slow" else 0)

    def finish(avatar):
        order.append(avatar)
        gate.set()  # the slow one ends when all the others are through

    run_tracks(runs, tracks, at_a_time=2, finish=finish)
    assert order == ["b", "a"]


def test_in_work_is_bounded_on_any_cluster():
    assert [in_work(cpus) for cpus in (0.1, 1, 2, 16, 256, 4096)] == [2, 3, 6, 48, 768, 1024]
