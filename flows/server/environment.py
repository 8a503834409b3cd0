"""Defaults of the libraries under us, set before those are imported: by the commands, never at import."""

import contextlib
import logging
import os
import urllib.request
import warnings

_DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    # On two cores the temporary server needs longer than Prefect's default of 20 s.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "GLOG_minloglevel": "2",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
LOCAL_SERVER = "http://127.0.0.1:4200/api"


def prepare() -> None:
    """Set what the user has not set, and use the server of `tango serve` if one answers on this machine."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    # Said at every fork; ours are all followed by exec at once, and the workers are spawned.
    warnings.filterwarnings("ignore", message="lance is not fork-safe")
    if "PREFECT_API_URL" not in os.environ and answers(LOCAL_SERVER):
        os.environ["PREFECT_API_URL"] = LOCAL_SERVER


def quiet_console() -> None:
    """Keep Prefect's log out of the terminal, where the progress and one line per fault stand; the UI has all of it."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=0.3) as reply:  # noqa: S310
        return reply.status == 200
    return False


@contextlib.contextmanager
def quiet():
    """Warnings of libraries have no place in output that is read by machines."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
