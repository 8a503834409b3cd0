"""Ctrl-C and SIGTERM: a command ends within seconds, whatever it is doing, and leaves no process and no half file.

The main thread is told by an exception and unwinds through Prefect and Ray, which takes as long as it takes. Beside it
a thread that C code in the main thread cannot hold up ends the workers at once, and all else when time is up.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from types import FrameType

import psutil

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GRACE_SECONDS = 3.0
_HALF = ".part"
_SHOW_CURSOR = "\x1b[?25h"


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Have the process exit with 130 after Ctrl-C and 143 after SIGTERM, with all that it started, when the context
    ends or after 3 s, whatever comes first. Outside the main thread, which alone may handle signals, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    watch = _Watch()
    handlers = {number: signal.signal(number, watch.raise_once) for number in _SIGNALS}
    before = signal.set_wakeup_fd(watch.write_end, warn_on_full_buffer=False)
    try:
        yield
    finally:
        if watch.signal:
            watch.end()
        signal.set_wakeup_fd(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        watch.close()


class _Watch:
    """Waits in a thread for the byte that the interpreter's C code writes when a signal comes."""

    def __init__(self) -> None:
        self.signal = 0
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self.write_end, False)
        self._raised = False
        self._ending = threading.Lock()
        self._over = threading.Event()
        self._children: list[psutil.Process] = []
        self._half_files: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="interrupts", daemon=True)
        self._thread.start()

    def raise_once(self, number: int, frame: FrameType | None) -> None:
        """The handler; who loses patience and presses again does not disturb the tidying up."""
        self.signal = self.signal or number
        if not self._raised:
            self._raised = True
            raise KeyboardInterrupt

    def close(self) -> None:
        os.write(self.write_end, b"\0")
        self._thread.join()
        os.close(self.write_end)
        os.close(self._read_end)

    def _run(self) -> None:
        while (number := os.read(self._read_end, 1)[0]) not in _SIGNALS:
            if not number:
                return
        self.signal = self.signal or number
        timer = threading.Timer(_GRACE_SECONDS, self.end)  # first: on a busy machine, to look around takes seconds too
        timer.daemon = True
        timer.start()
        self._children = _descendants()
        self._half_files |= _half_files(self._children)
        # Only what is imported already can have workers.
        if cluster := sys.modules.get("tasks.runtime.cluster.pools"):
            with contextlib.suppress(Exception):  # the timer ends what this cannot
                cluster.interrupt()

    def end(self) -> None:
        """End every process that this one started, then this one."""
        self._ending.acquire()  # never given back: this is the end
        children = {*self._children, *_descendants()}
        self._half_files |= _half_files(children)
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        psutil.wait_procs(children, timeout=0.5)
        for path in self._half_files:
            with contextlib.suppress(OSError):
                os.unlink(path)
        if cluster := sys.modules.get("tasks.runtime.cluster.ray_cluster"):
            cluster.remove_folders()
        with contextlib.suppress(Exception):
            cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
            sys.stderr.write(f"{cursor}interrupted; the same command goes on where this one stopped\n")
            sys.stderr.flush()
            sys.stdout.flush()
        os._exit(128 + self.signal)


def _half_files(processes: Iterable[psutil.Process]) -> set[str]:
    """What they are just writing and would rename when it is whole: mostly they put it away themselves, but not when
    they were killed."""
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            found |= {file.path for file in process.open_files() if file.path.endswith(_HALF)}
    return found


def _descendants() -> list[psutil.Process]:
    try:
        return psutil.Process().children(recursive=True)
    except psutil.Error:
        return []
