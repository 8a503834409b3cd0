"""What is kept for the user, of whatever catalog."""

import os
from pathlib import Path


def state_folder() -> Path:
    """Need not be there yet: https://specifications.freedesktop.org/basedir-spec/latest/.

    Raises:
        RuntimeError: the user has no home.
    """
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tango"
