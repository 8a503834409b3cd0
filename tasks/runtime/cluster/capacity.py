"""CPUs, GPUs and resources of the user's own naming: what this process may use, and whether what the workers ask for is
there at all. A worker that no node has room for would wait for ever."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tango_models.errors import InputError
from tasks.runtime.cluster.workers import WorkerResources

_FIELDS = {"CPU": "num_cpus", "GPU": "num_gpus"}
_GPU_DEVICES = ("nvidia[0-9]*", "nvidiactl", "kfd", "dxg")
"""Of NVIDIA's driver, AMD's, and Windows' for Linux."""
Resources = Mapping[str, float]
"""Amounts by Ray's names: "CPU", "GPU", and those that a node was started with (`ray start --resources`)."""


def usable_cpus(processes: Path = Path("/proc/self"), root: Path = Path("/")) -> int:
    """The CPUs that this process may use: its affinity (`taskset`, cpusets), and whole CPUs of the quota that its
    control groups leave it (containers, batch systems, systemd), at least 1."""
    cpus = len(os.sched_getaffinity(0))
    return max(1, min([cpus, *(int(quota) for quota in _quotas(processes, root))]))


def _quotas(process: Path, root: Path) -> Iterator[float]:
    """CPUs by the quota of each control group that the process is in, of version 1 and 2, the outer ones too."""
    try:
        memberships = (process / "cgroup").read_text().splitlines()
        mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
    except OSError:
        return
    for line in memberships:
        _, controllers, group = line.split(":", 2)
        second = not controllers
        if not second and "cpu" not in controllers.split(","):
            continue
        for fields in mounts:
            kind, options = fields[fields.index("-") + 1], fields[-1]
            if kind != ("cgroup2" if second else "cgroup") or not (second or "cpu" in options.split(",")):
                continue
            # In a container the mount shows a part of the tree, which begins at its fourth field.
            inner = os.path.relpath(group, fields[3]) if group.startswith(fields[3]) else "."
            top = root / fields[4].lstrip("/")
            place = (top / inner).resolve() if not inner.startswith("..") else top
            for folder in (place, *place.parents):
                if (quota := _quota_v2(folder) if second else _quota_v1(folder)) is not None:
                    yield quota
                if folder == top:
                    break


def _quota_v2(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


def _quota_v1(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 and period > 0 else None


def usable_gpus() -> int:
    """The GPUs of this machine that the installed PyTorch can use."""
    if not any(path for pattern in _GPU_DEVICES for path in Path("/dev").glob(pattern)):
        return 0  # without the seconds that the import takes
    import torch

    return torch.cuda.device_count()


def check_own(num_cpus: int | None, num_gpus: int | None, workers: Mapping[str, WorkerResources]) -> dict[str, float]:
    """What a cluster on this machine has; its GPUs only where some are asked for.

    Raises:
        InputError: more is asked for than this machine has or this process may use.
    """
    present: dict[str, float] = {"CPU": usable_cpus()}
    if num_gpus or any(worker.num_gpus for worker in workers.values()):
        present["GPU"] = usable_gpus()
    for kind, asked in (("CPU", num_cpus), ("GPU", num_gpus)):
        if asked is None:
            continue
        if asked > present.get(kind, 0):
            raise _too_much(f"cluster.{_FIELDS[kind]}", f"asks for {asked} {kind}s", present.get(kind, 0), kind)
        present[kind] = asked
    worker_limits(workers, [present])
    return present


def worker_limits(
    workers: Mapping[str, WorkerResources], nodes: Sequence[Resources], *, shares: float = 0.0
) -> dict[str, int]:
    """How many workers each stage may have at most, where its resources decide it, so that those of all stages, which
    live side by side, find room.

    Args:
        workers: what is set for stages.
        nodes: what each node of the cluster has.
        shares: CPUs that a worker of each other stage reserves, together. Room is left for them, as far as each stage
            then still has a worker.

    Raises:
        InputError: one worker asks for more than any node has, or all together for more than there is.
    """
    limits: dict[str, int] = {}
    custom = sorted({kind for worker in workers.values() for kind in worker.resources})
    for kind in [*_FIELDS, *custom]:
        name = _FIELDS.get(kind, f"resources.{kind}")
        asked = {stage: amount for stage, worker in workers.items() if (amount := _amount(worker, kind))}
        most = max((node.get(kind, 0.0) for node in nodes), default=0.0)
        for stage, amount in asked.items():
            if amount > most:
                fault = f"asks for {_words(amount, kind)} a worker"
                raise _too_much(f"cluster.workers.{stage}.{name}", fault, most, kind)
        fixed = sum(amount * (workers[stage].count or 0) for stage, amount in asked.items())
        unbound = {stage: amount for stage, amount in asked.items() if workers[stage].count is None}
        total = sum(node.get(kind, 0.0) for node in nodes)
        wanted = fixed + sum(unbound.values())
        if wanted > total + 1e-6:
            names = ", ".join(sorted(asked))
            fault = f"the workers of {names} ask for {_words(wanted, kind)} together, and there are {total:g}"
            raise InputError("cluster.workers", fault, f"lower {name} (a fraction shares one) or count")
        counts = {stage: worker.count for stage, worker in workers.items() if stage in asked and worker.count}
        kept = shares if kind == "CPU" else 0.0
        for stage in unbound:
            room = max(1, int((total - fixed - kept) / sum(unbound.values()) + 1e-6))
            limits[stage] = min(room, limits.get(stage, room))
        while kept and sum(asked[s] * n for s, n in counts.items()) + sum(unbound.values()) + kept > total + 1e-6:
            largest = max(counts, key=lambda stage: counts[stage], default="")
            if not largest or counts[largest] == 1:
                break
            counts[largest] -= 1
            limits[largest] = counts[largest]
    for stage, worker in workers.items():
        one = {kind: amount for kind in [*_FIELDS, *custom] if (amount := _amount(worker, kind))}
        if not any(all(node.get(kind, 0.0) >= amount for kind, amount in one.items()) for node in nodes):
            asked_for = " and ".join(_words(amount, kind) for kind, amount in one.items())
            fault = f"asks for {asked_for} a worker, and no node has all of that"
            raise InputError(f"cluster.workers.{stage}", fault, "ask for less, or for a node that has it")
    return limits


def needs(worker: WorkerResources) -> dict[str, float]:
    """What one worker reserves, by Ray's names."""
    return {kind: amount for kind in [*_FIELDS, *sorted(worker.resources)] if (amount := _amount(worker, kind))}


def waits_for(needed: Resources, free: Resources, present: Resources) -> str:
    """What a worker waits for, with figures.

    Args:
        needed: by it; free: of the cluster now, all nodes together; present: what it has.
    """
    lacking = [kind for kind, amount in needed.items() if free.get(kind, 0.0) < amount - 1e-6]
    named = " and ".join(_words(needed[kind], kind) for kind in lacking or needed)
    figures = ", ".join(f"{free.get(k, 0.0):g} of {_words(present.get(k, 0.0), k)}" for k in lacking or needed)
    if lacking:
        return f"waits for {named} that others hold ({figures} free)"
    return f"waits for {named} on one node; others hold a part of each ({figures} free in all)"


def _amount(worker: WorkerResources, kind: str) -> float:
    return getattr(worker, _FIELDS[kind]) or 0.0 if kind in _FIELDS else worker.resources.get(kind, 0.0)


def _words(amount: float, kind: str) -> str:
    return f"{amount:g} {kind}s" if kind in _FIELDS else f"{amount:g} of {kind}"


def _too_much(name: str, fault: str, present: float, kind: str) -> InputError:
    have = f"the most that a node has is {present:g}" if present else f"there is no {kind} that can be used"
    remedy = "ask for less" if present else "ask for none"
    return InputError(name, f"{fault}, and {have}", f"{remedy}, or name a larger cluster by TANGO_CLUSTER__ADDRESS")
