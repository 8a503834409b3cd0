"""Keep the native libraries' chatter out of the user's terminal without losing anything that matters."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# Written to file descriptor 2 by C++ on every start; no environment variable silences them in this release.
_CHATTER = re.compile(
    r"Created TensorFlow Lite XNNPACK delegate|before absl::InitializeLog|inference_feedback_manager"
    r"|gl_context|landmark_projection_calculator|^\s*$"
)


@contextmanager
def quiet_native_logs() -> Iterator[None]:
    """While inside, known start-up messages on stderr are dropped; every other line is passed on at the end.

    Works on the process's file descriptor 2, so lines of other threads are delayed until the block ends.
    """
    try:
        saved = os.dup(2)
    except OSError:  # no stderr at all (a daemon): nothing to keep quiet
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            caught.seek(0)
            for line in caught.read().splitlines(keepends=True):
                if not _CHATTER.search(line.decode(errors="replace")):
                    os.write(2, line)
