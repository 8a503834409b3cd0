"""Where `tango` begins: before anything else is imported, Ctrl-C and SIGTERM already end it as they do later on."""

import os
import signal
from types import FrameType


def main() -> None:
    """Entry point. Until `interruptible` takes over nothing was started or written that an end could leave behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    from flows.command_line.app import app

    app()


def _end(number: int, _: FrameType | None) -> None:
    os._exit(128 + number)  # an exception in the middle of an import may be taken for one of the import's


if __name__ == "__main__":
    main()
