"""Defaults of the libraries under us, set before those are imported: by the commands, never at import."""

import contextlib
import http.client
import json
import logging
import os
import urllib.error
import urllib.request
import warnings
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from importlib import metadata

from tango_models.errors import InputError

DEFAULT_LOGGING_LEVEL = "WARNING"
CONSOLE_LEVEL = "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"
DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    # On two cores the temporary server needs longer than Prefect's default of 20 s.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # Prefect's server writes the state of each task down in a transaction of its own: a third of all that a fleet of
    # short stages costs. A second later, many at once.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_LOGGING_LEVEL": DEFAULT_LOGGING_LEVEL,
    "GLOG_minloglevel": "2",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "PYARROW_WITHOUT_PANDAS": "1",  # see data_catalog/lean_pyarrow.py, which must not be imported here yet
    # A merge of small fragments that loses against another writer is no fault (`Table.merge`).
    "LANCE_LOG": "warn,lance::dataset::optimize=error",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_PROXY_KINDS = ("http", "https", "socks5", "socks5h")
"""Of httpx's, by which Prefect asks."""
_LONGEST_ANSWER = 64


def prepare() -> None:
    """Set what the user has not set."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    spare_loopback(os.environ)
    # Said at every fork; ours are all followed by exec at once, and the workers are spawned.
    warnings.filterwarnings("ignore", message="lance is not fork-safe")
    # The folder is looked at, and named, by whoever starts a server that needs it.
    warnings.filterwarnings("ignore", message="Failed to create the Prefect home directory")


def spare_loopback(environment: MutableMapping[str, str]) -> None:
    """No proxy between the processes of this machine, whatever else goes through one: ours, Ray's and Prefect's read
    `NO_PROXY`, some in capitals and some not. What the user excepts stays excepted."""
    given = [environment[name] for name in ("no_proxy", "NO_PROXY") if environment.get(name)]
    if "*" in (value.strip() for value in given):  # everything; in a list it would mean nothing
        environment["no_proxy"] = environment["NO_PROXY"] = "*"
        return
    hosts = [host.strip() for value in given for host in value.split(",") if host.strip()]
    environment["no_proxy"] = environment["NO_PROXY"] = ",".join(dict.fromkeys([*hosts, *_LOOPBACK]))


def check_proxies(environment: Mapping[str, str]) -> None:
    """Refuse proxies of a kind that Prefect's client does not know: it would fail at its first request, though no
    request of ours to this machine goes through one.

    Raises:
        InputError: naming the variable.
    """
    if environment.get("NO_PROXY") == "*":
        return
    for name, value in environment.items():
        scheme, separator, _ = value.partition("://")
        if name.lower() in _PROXIES and separator and scheme.lower() not in _PROXY_KINDS:
            kinds = ", ".join(f"{kind}://" for kind in _PROXY_KINDS)
            raise InputError(
                f"{name}={value}", f"{scheme} is no kind of proxy that is known", f"use {kinds}, or unset it"
            )


def quiet_console() -> None:
    """Keep Prefect's log out of the terminal, where the progress and one line per fault stand; the UI has all of it."""
    os.environ.setdefault(CONSOLE_LEVEL, "CRITICAL")


def answers(url: str, *, timeout: float = 0.3) -> bool:
    """Whether a Prefect server answers at a URL of its API, and not some other program.

    Args:
        timeout: seconds to wait for each part of the answer.
    """
    return _get(f"{url}/health", timeout) is True


def is_another_program(url: str, *, timeout: float) -> bool:
    """Whether what answers at a URL does not know Prefect's API: waiting will not make a Prefect server of it. One that
    is not reached, lets nobody in, or is still starting, behind a proxy too, may be one."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=timeout) as reply:  # noqa: S310
            return json.loads(reply.read(_LONGEST_ANSWER + 1)) is not True
    except urllib.error.HTTPError as error:
        return error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
    except OSError:  # nobody, or one that just ends
        return False
    except (ValueError, http.client.HTTPException):  # a page, or no HTTP
        return True


def is_our_release(prefect: str) -> bool:
    """Whether a version of Prefect speaks the protocol of the one that is installed here."""
    return prefect.split(".")[:2] == metadata.version("prefect").split(".")[:2]


def _get(url: str, timeout: float) -> object:
    """The JSON at an address; None where none is to be had, from whatever program may listen there."""
    faults = (OSError, ValueError, http.client.HTTPException)
    with contextlib.suppress(*faults), urllib.request.urlopen(url, timeout=timeout) as reply:  # noqa: S310
        text = reply.read(_LONGEST_ANSWER + 1)
        return json.loads(text) if reply.status == 200 and len(text) <= _LONGEST_ANSWER else None
    return None


@contextlib.contextmanager
def quiet():
    """Warnings of libraries have no place in output that is read by machines."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
