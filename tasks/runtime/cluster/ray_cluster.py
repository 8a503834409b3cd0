"""Ray's lifetime: the cluster that a run is told to join, or one of its own that nobody else joins and that leaves
nothing. What Ray does to the process that starts it, and to others on the machine, is undone or kept out here."""

import contextlib
import ctypes
import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import psutil
from pydantic import BaseModel, Field

from tango_models.errors import InputError
from tasks.runtime.cluster import worker_environment
from tasks.runtime.cluster.capacity import check_own, worker_limits
from tasks.runtime.cluster.native_libraries import check_libraries
from tasks.runtime.cluster.ray_token import check_taken, check_token_file, let_ray_have_one, nodes_at, show_token
from tasks.runtime.cluster.workers import WorkerResources
from tasks.runtime.scratch import scratch_folder

FOLDER_PREFIX = "tango-"
"""Of the folders of the clusters that are started here."""
_LONGEST_SOCKET = 107
"""Bytes of a Unix socket's path on Linux."""
_SOCKET = "/tango-12345678/session_2026-01-01_00-00-00_000000_1234567/sockets/plasma_store.1"
"""What Ray appends to the folder for temporary files, at its longest."""
_SIGACTION_BYTES = 1024
"""More than the structure of that name takes."""
_TRIES = 5
_TOO_SLOW = "timed out during startup"
"""Of what Ray raises then, which is a bare `Exception`."""
_EXEC_SECONDS = 1.0
"""In the middle of an `exec` a process has no command line for a moment; one that has just started is asked again."""
_CLIENT_TOO_SLOW = ("Initialization failure from server", "ray client connection timeout")
"""Of what it raises when a head that is busy takes longer to start what serves a client."""
_folders: set[str] = set()


class ClusterSettings(BaseModel):
    """Where units are computed.

    Attributes:
        address: a Ray cluster's address; None starts one on this machine for the length of the flow, whatever other
            cluster runs there and whatever `RAY_ADDRESS` says.
        shared_disk: of a cluster at an address: all its nodes see the files of the machine that starts a run, under the
            same paths. Else what they need of them goes through the catalog.
        token_file: holds the token of the cluster at `address`; None: what the environment says to Ray
            (`RAY_AUTH_MODE`, `RAY_AUTH_TOKEN`, `RAY_AUTH_TOKEN_PATH`).
        num_cpus, num_gpus: of the cluster started here; None: what this process may use.
        object_store_mb: memory of the object store started here; small, since only keys pass through it.
        workers: per stage, what a worker takes and how many there may be. Nodes that an autoscaler might add are not
            counted: what no node has is refused.
    """

    address: str | None = None
    shared_disk: bool = False
    token_file: str | None = None
    num_cpus: int | None = Field(None, ge=1)
    num_gpus: int | None = Field(None, ge=0)
    object_store_mb: int = Field(128, ge=80)
    workers: dict[str, WorkerResources] = Field(default_factory=dict)


def check_cluster(cluster: ClusterSettings) -> None:
    """Refuse what cannot work before anything is started: the hours of an intake would pass before a cluster is joined.

    Raises:
        InputError: more CPUs or GPUs are asked for than there are, a library of the system's is missing, or there is
            no folder for Ray's sockets; or no cluster answers at the address, the file of its token cannot be used, or
            it takes another.
    """
    check_libraries()
    check_token_file(cluster.token_file)
    if cluster.address:
        _check_far(cluster)
    else:
        check_own(cluster.num_cpus, cluster.num_gpus, cluster.workers)
        socket_folder()


def _check_far(cluster: ClusterSettings) -> None:
    """Ask the cluster at an address whether it can be joined, and whether it has what the workers ask for."""
    import ray

    assert cluster.address
    if ray.is_initialized():  # and that one is used
        return
    if cluster.token_file:
        show_token(cluster.token_file)
    check_taken(cluster.address)
    if not cluster.workers:
        return
    if cluster.address.startswith("ray://"):  # only who has joined is told
        with ray_running(cluster) as nodes:
            worker_limits(cluster.workers, nodes)
    elif nodes := nodes_at(cluster.address):
        worker_limits(cluster.workers, nodes)


@contextmanager
def ray_running(cluster: ClusterSettings, *, for_stages: bool = True) -> Iterator[list[dict[str, float]]]:
    """Ray for the time of the context: the cluster at the address, or one of this process alone. One that this
    process already uses is used as it is and left running.

    Args:
        for_stages: one that is started here has the environment of stages' workers; else Ray chooses the threads.

    Yields:
        what each node has.

    Raises:
        InputError: see `check_cluster`; or no cluster answers at the address, or it asks for another token.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Without this a call that comes after the end of our cluster would join whichever else Ray finds, and use it.
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    with ExitStack() as resources:
        if ray.is_initialized():
            pass
        elif cluster.address:
            check_token_file(cluster.token_file)
            if cluster.token_file:
                show_token(cluster.token_file)
            check_taken(cluster.address)
            _join(cluster.address, options)
            resources.callback(ray.shutdown)
        else:
            present = check_own(cluster.num_cpus, cluster.num_gpus, cluster.workers)
            options |= {"num_cpus": int(present["CPU"]), "include_dashboard": False}
            options["num_gpus"] = int(present["GPU"]) if "GPU" in present else None
            options["object_store_memory"] = cluster.object_store_mb * 1024 * 1024
            # A folder of its own: Ray notes the cluster that runs in it, for whoever looks for one to join there.
            options["_temp_dir"] = resources.enter_context(_temporary_folder())
            let_ray_have_one()
            # "local" and never "auto": a stale cluster of somebody else's must not be joined by accident.
            resources.callback(worker_environment.forget)
            resources.callback(ray.shutdown)
            environment = worker_environment.handed_down() if for_stages else nullcontext()
            with _in_groups_of_their_own(), _handlers_kept(), environment:
                _start_own(options)
        yield [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _join(address: str, options: dict[str, Any]) -> None:
    import ray

    for tries_left in reversed(range(_TRIES)):
        try:
            ray.init(address=address, **options)
            return
        except (ConnectionError, ValueError, RuntimeError) as error:
            why = str(error).strip().partition("\n")[0]
            if tries_left and why.startswith(_CLIENT_TOO_SLOW):
                continue
            remedy = "start it, or unset cluster.address (TANGO_CLUSTER__ADDRESS)"
            raise InputError(address, f"no Ray cluster can be joined there ({why})", remedy) from error


def _start_own(options: dict[str, Any]) -> None:
    """Start Ray here. On a machine that is busy with other things its processes may need longer than the 30 s that it
    gives them; what they loaded is in memory then, and the next try is shorter.

    Raises:
        InputError: it was too slow every time.
    """
    import ray

    before = set(psutil.Process().children(recursive=True))
    for tries_left in reversed(range(_TRIES)):
        try:
            ray.init(address="local", **options)
            return
        except Exception as error:
            if _TOO_SLOW not in str(error):
                raise
            if not tries_left:
                how = f"is so busy that Ray did not start ({_TRIES} times it {_TOO_SLOW})"
                raise InputError("this machine", how, "give the command again when less runs on it") from error
        for process in set(psutil.Process().children(recursive=True)) - before:
            with contextlib.suppress(psutil.NoSuchProcess):
                if _is_of_ray(process):
                    process.kill()


def _is_of_ray(process: psutil.Process) -> bool:
    line = process.cmdline()
    until = time.monotonic() + _EXEC_SECONDS
    while not line and time.monotonic() < until:
        time.sleep(0.01)
        line = process.cmdline()
    return bool(line) and ("/ray/" in " ".join(line) or line[0].startswith("ray::"))


class _Starting(threading.local):
    ray = False


_starting = _Starting()


def _leave_group() -> None:
    if _starting.ray:
        os.setpgid(0, 0)


os.register_at_fork(after_in_child=_leave_group)


@contextmanager
def _in_groups_of_their_own() -> Iterator[None]:
    """Start Ray's processes where a signal to all of a terminal's or a batch system's job does not reach them: they are
    ended by the run, in the right order, and a driver whose raylet dies first is aborted."""
    _starting.ray = True
    try:
        yield
    finally:
        _starting.ray = False


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Ray's C++ code puts a handler of its own before that of SIGTERM, which writes a stack trace and aborts the
    process 3 s later. From whatever thread, so through the C library."""
    library = ctypes.CDLL(None)
    handler = ctypes.create_string_buffer(_SIGACTION_BYTES)
    known = library.sigaction(signal.SIGTERM, None, handler) == 0
    try:
        yield
    finally:
        if known:
            library.sigaction(signal.SIGTERM, handler, None)


def socket_folder() -> str:
    """A folder for temporary files whose name leaves room for that of a socket in it.

    Raises:
        InputError: there is none.
    """
    for folder in (os.environ.get("RAY_TMPDIR"), tempfile.gettempdir(), "/tmp"):  # noqa: S108  (a fresh folder in it)
        if folder and len(os.fsencode(folder + _SOCKET)) <= _LONGEST_SOCKET and os.access(folder, os.W_OK | os.X_OK):
            return folder
    room = _LONGEST_SOCKET - len(_SOCKET)
    raise InputError(
        f"TMPDIR={tempfile.gettempdir()}",
        f"is too long a name for the sockets in it (at most {room} bytes), and /tmp cannot be written to",
        "set TMPDIR to a folder with a shorter name",
    )


@contextmanager
def _temporary_folder() -> Iterator[str]:
    with scratch_folder(FOLDER_PREFIX, socket_folder()) as folder:
        _folders.add(str(folder))
        try:
            yield str(folder)
        finally:
            _folders.discard(str(folder))


def remove_folders() -> None:
    """Remove what a cluster left that was not shut down; for a process that ends in the middle."""
    for folder in list(_folders):
        shutil.rmtree(folder, ignore_errors=True)
