"""CPUs and GPUs that may be used, and those that are asked for."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tango_models.errors import InputError
from tasks.runtime.cluster import capacity
from tasks.runtime.cluster.capacity import check_own, usable_cpus, waits_for, worker_limits
from tasks.runtime.cluster.workers import WorkerResources

MANY = set(range(16))


@pytest.fixture(autouse=True)
def sixteen(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: MANY)
    monkeypatch.setattr(capacity, "usable_gpus", lambda: 2)


def _group(tmp_path: Path, membership: str, mount: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A made-up /proc/self and root."""
    process, root = tmp_path / "proc", tmp_path / "root"
    process.mkdir()
    (process / "cgroup").write_text(membership)
    (process / "mountinfo").write_text(mount)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return process, root


V2 = "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
CPU = "sys/fs/cgroup/cpu,cpuacct"
V1 = "31 20 0:27 {} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"


@pytest.mark.parametrize(
    ("membership", "mount", "files", "cpus"),
    [
        ("0::/a/b\n", V2, {"sys/fs/cgroup/a/b/cpu.max": "250000 100000\n"}, 2),
        ("0::/a/b\n", V2, {"sys/fs/cgroup/a/b/cpu.max": "max 100000", "sys/fs/cgroup/a/cpu.max": "400000 100000"}, 4),
        ("0::/\n", V2, {"sys/fs/cgroup/cpu.max": "50000 100000"}, 1),
        ("0::/\n", V2, {"sys/fs/cgroup/cpu.max": "max 100000"}, 16),
        ("0::/../outside\n", V2, {"sys/fs/cgroup/cpu.max": "300000 100000"}, 3),
        (
            "4:cpu,cpuacct:/docker/x\n",
            V1.format("/docker/x"),
            {f"{CPU}/cpu.cfs_quota_us": "800000", f"{CPU}/cpu.cfs_period_us": "100000"},
            8,
        ),
        (
            "4:cpu,cpuacct:/\n2:memory:/\n",
            V1.format("/"),
            {f"{CPU}/cpu.cfs_quota_us": "-1", f"{CPU}/cpu.cfs_period_us": "100000"},
            16,
        ),
        ("garbage:x:y\n", "", {}, 16),
    ],
)  # fmt: skip
def test_a_quota_of_either_version_and_of_any_outer_group_counts(tmp_path, membership, mount, files, cpus):
    assert usable_cpus(*_group(tmp_path, membership, mount, files)) == cpus


def test_the_affinity_counts_and_there_is_always_one(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert usable_cpus(tmp_path, tmp_path) == 1


def test_more_than_this_machine_has_is_refused_with_what_it_has(monkeypatch):
    monkeypatch.setattr(capacity, "usable_cpus", lambda: 16)
    assert check_own(None, None, {}) == {"CPU": 16}
    assert check_own(4, 1, {}) == {"CPU": 4, "GPU": 1}
    with pytest.raises(InputError, match=r"num_cpus: asks for 17 CPUs.* is 16"):
        check_own(17, None, {})
    with pytest.raises(InputError, match=r"num_gpus: asks for 3 GPUs.* is 2"):
        check_own(None, 3, {})
    with pytest.raises(InputError, match=r"embed_clips\.num_cpus: asks for 5 CPUs a worker.* is 4"):
        check_own(4, None, {"embed_clips": WorkerResources(num_cpus=5)})
    monkeypatch.setattr(capacity, "usable_gpus", lambda: 0)
    with pytest.raises(InputError, match="there is no GPU"):
        check_own(None, None, {"embed_clips": WorkerResources(num_gpus=0.5)})


def test_workers_that_find_no_room_beside_one_another_are_refused():
    one = WorkerResources(num_gpus=1)
    assert worker_limits({"detect_landmarks": one, "embed_clips": one}, [{"CPU": 8, "GPU": 2}]) == {
        "detect_landmarks": 1,
        "embed_clips": 1,
    }
    with pytest.raises(InputError, match="3 GPUs together, and there are 2"):
        worker_limits({name: one for name in ("detect_landmarks", "fit_smplx", "embed_clips")}, [{"GPU": 2}])
    with pytest.raises(InputError, match="4 GPUs together"):
        worker_limits({"detect_landmarks": WorkerResources(num_gpus=1, count=4)}, [{"GPU": 1}, {"GPU": 1}])


def test_what_a_node_was_started_with_besides_counts_too():
    nodes = [{"CPU": 8, "big": 2}, {"CPU": 8}]
    big = WorkerResources(resources={"big": 1})
    assert worker_limits({"fit_smplx": big}, nodes) == {"fit_smplx": 2}
    with pytest.raises(InputError, match=r"fit_smplx\.resources\.big: asks for 3 of big a worker.* is 2"):
        worker_limits({"fit_smplx": WorkerResources(resources={"big": 3})}, nodes)
    with pytest.raises(InputError, match="asks for 1 of far a worker, and there is no far"):
        worker_limits({"fit_smplx": WorkerResources(resources={"far": 1})}, nodes)
    with pytest.raises(InputError, match="3 of big together, and there are 2"):
        worker_limits({"fit_smplx": big, "embed_clips": WorkerResources(resources={"big": 1}, count=2)}, nodes)


def test_what_no_single_node_has_together_is_refused():
    nodes = [{"CPU": 2, "GPU": 1}, {"CPU": 16}]
    with pytest.raises(InputError, match=r"8 CPUs and 1 GPUs a worker, and no node has all of that"):
        worker_limits({"fit_smplx": WorkerResources(num_cpus=8, num_gpus=1)}, nodes)


amounts = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0])
custom = st.just({}) | st.fixed_dictionaries({"big": st.sampled_from([0.5, 1.0])})
worker = st.builds(
    WorkerResources, num_cpus=amounts, num_gpus=amounts, resources=custom, count=st.none() | st.integers(1, 4)
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), worker),
    st.lists(st.fixed_dictionaries({"CPU": amounts, "GPU": amounts, "big": amounts}), min_size=1, max_size=4),
)
def test_exactly_what_finds_no_room_is_refused(workers, nodes):
    needs = {stage: {"CPU": w.num_cpus, "GPU": w.num_gpus, **w.resources} for stage, w in workers.items()}

    def fit(counts: dict[str, int]) -> bool:
        """Whether so many workers need no more in all than there is, and each of them finds a node."""
        return all(
            sum(counts[stage] * need.get(kind, 0) for stage, need in needs.items()) <= sum(n[kind] for n in nodes)
            for kind in ("CPU", "GPU", "big")
        ) and all(any(all(n[k] >= amount for k, amount in need.items()) for n in nodes) for need in needs.values())

    fewest = {stage: w.count or 1 for stage, w in workers.items()}
    if not fit(fewest):
        with pytest.raises(InputError, match=r"cluster\.workers"):
            worker_limits(workers, nodes)
        return
    limits = worker_limits(workers, nodes)
    assert all(limit >= 1 for limit in limits.values())
    assert fit({stage: w.count or limits.get(stage, 1) for stage, w in workers.items()})


def test_room_is_left_for_the_workers_of_the_other_stages():
    asked = {"detect_landmarks": WorkerResources(num_cpus=2, count=8)}
    assert worker_limits(asked, [{"CPU": 16}]) == {}
    assert worker_limits(asked, [{"CPU": 16}], shares=1.2) == {"detect_landmarks": 7}
    assert worker_limits(asked, [{"CPU": 18}], shares=1.2) == {}
    assert worker_limits({"detect_landmarks": WorkerResources(num_cpus=2)}, [{"CPU": 16}], shares=1.2) == {
        "detect_landmarks": 7
    }
    assert worker_limits({"detect_landmarks": WorkerResources(num_cpus=1, count=1)}, [{"CPU": 1}], shares=1.2) == {}


@given(
    st.dictionaries(st.sampled_from("abcdef"), worker),
    st.lists(st.fixed_dictionaries({"CPU": amounts, "GPU": amounts, "big": amounts}), min_size=1, max_size=4),
    st.sampled_from([0.1, 0.7, 1.3]),
)
def test_shares_refuse_nothing_and_are_left_where_every_stage_still_has_a_worker(workers, nodes, shares):
    try:
        worker_limits(workers, nodes)
    except InputError:
        return
    limits = worker_limits(workers, nodes, shares=shares)
    counts = {stage: min(w.count or limits.get(stage, 1), limits.get(stage, 99)) for stage, w in workers.items()}
    taken = sum(counts[stage] * w.num_cpus for stage, w in workers.items())
    assert all(count >= 1 for count in counts.values())
    one_each = all(counts[stage] == 1 for stage, w in workers.items() if w.num_cpus)
    assert taken + shares <= sum(node["CPU"] for node in nodes) + 1e-6 or one_each


def test_what_is_waited_for_is_told_with_figures():
    free, present = {"CPU": 6.0, "GPU": 0.0}, {"CPU": 16.0, "GPU": 1.0}
    assert waits_for({"CPU": 2, "GPU": 0.5}, free, present) == (
        "waits for 0.5 GPUs that others hold (0 of 1 GPUs free)"
    )
    assert waits_for({"CPU": 4}, free, present) == (
        "waits for 4 CPUs on one node; others hold a part of each (6 of 16 CPUs free in all)"
    )
