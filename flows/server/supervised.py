"""Processes that are started again when they die, after a while that grows as they go on dying."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_STEADY_SECONDS = 60.0
"""After which a process that dies is started again at once."""
_LOG_BYTES = 10 * 2**20


class Supervised:
    """One process of ours in a session of its own: an interrupt of the terminal reaches it once, from here, in the
    right order.

    Args:
        name: by which a person is told of it, and of its log.
        arguments: a module of Python's with its arguments.
        log: where what it says goes; the log before is kept as `<log>.1`.
        whole: what it started is of no use without it, and ends when it is found dead.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path, *, whole: bool = False
    ) -> None:
        self.name, self.log, self._whole = name, log, whole
        self._arguments, self._environment = arguments, dict(environment)
        self._process: subprocess.Popen | None = None
        self._began = self._ended = 0.0
        self._pause = 0.0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def code(self) -> int | None:
        return self._process.poll() if self._process else None

    def start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(f"{self.log}.1")
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603  (an argument list; nothing of it comes from outside)
                [sys.executable, "-m", "flows.server.child", str(os.getpid()), *self._arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._began, self._ended = time.monotonic(), 0.0

    def look(self) -> str:
        """Start it again if it died and its time has come.

        Returns:
            a line for a person when it was found dead; "" otherwise.

        Raises:
            OSError: it cannot be started (a full disk, too many processes); the next try is after a pause.
        """
        if self.alive:
            return ""
        now = time.monotonic()
        if not self._ended:
            self._ended = now
            if self._whole and self._process is not None:
                _signal_group(self._process.pid, signal.SIGKILL)
            steady = now - self._began > _STEADY_SECONDS
            self._pause = 0.0 if steady else min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * self._pause))
            return f"the {self.name} ended ({_how(self.code)}); it starts again in {self._pause:.0f} s ({self.log})"
        if now - self._ended >= self._pause:
            try:
                self.start()
            except OSError:
                self._ended, self._pause = now, min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * self._pause))
                raise
        return ""

    def last_line(self) -> str:
        """The last that it said."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")

    def end(self, *, within: float) -> None:
        """Interrupt it and what it started; kill what is left after some seconds."""
        if self._process is None:
            return
        if self.alive:
            _signal_group(self._process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(within)
        _signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()


def end_orphans(*, within: float) -> None:
    """End what dead children of this process left to it, and what that started."""
    left = psutil.Process().children(recursive=True)
    for process in left:
        _send(process, signal.SIGTERM)
    for process in psutil.wait_procs(left, timeout=within)[1]:
        _send(process, signal.SIGKILL)


def reap_orphans(own: Iterable[int | None]) -> None:
    """Let go of what died after it was left to this process: Ray's workers take a raylet for alive as long as it is in
    the list of processes.

    Args:
        own: ids of the children that somebody here waits for.
    """
    waited = set(own)
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            if process.pid not in waited and process.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(process.pid, os.WNOHANG)


def _send(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _how(code: int | None) -> str:
    if code is None:
        return "?"
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
