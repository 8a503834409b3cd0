"""Prefect's worker as we start it: for which catalog, from which pool, how many runs at a time, and with what its runs
find in their environment."""

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows.server import environment
from flows.server.deploy import PROJECT
from flows.server.supervised import Supervised
from tango_models.errors import InputError


@dataclass(frozen=True)
class Work:
    """What a worker does.

    Attributes:
        catalog: an absolute path or a URI.
        pool: of Prefect's, that it takes runs from.
        at_a_time: runs; the others wait.
        variables: of the environment of the runs, instead of those of this process.
        metrics: address and port at which figures of the catalog are given; None: nowhere.
    """

    catalog: str
    pool: str = "tango"
    at_a_time: int = 2
    variables: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[str, int] | None = None

    def worker(self, home: Path, name: str) -> Supervised:
        """The worker, not started yet.

        Args:
            home: of its log.
        """
        command = ["flows.server.patient_worker", "prefect", "worker", "start", "--pool", self.pool]
        command += ["--type", "process", "--name", name]
        command += ["--limit", str(self.at_a_time)]
        return Supervised("worker", command, self._environment(), home / "worker.log")

    def beside(self, home: Path) -> list[Supervised]:
        """What runs beside the worker, not started yet.

        Raises:
            InputError: the address of the metrics cannot be used.
        """
        if self.metrics is None:
            return []
        check_free(*self.metrics)
        command = ["flows.command_line.app", "metrics", "--new"]
        return [Supervised("metrics", command, self._environment(), home / "metrics.log")]

    def _environment(self) -> dict[str, str]:
        """What the worker hands to its runs."""
        given = {**self.variables, "TANGO_CATALOG": self.catalog}
        # Names of settings are the same in small letters.
        found = {name: value for name, value in os.environ.items() if name.upper() not in given}
        found |= {**given, "PREFECT_WORKER_QUERY_SECONDS": "2"}
        if found.get("PREFECT_LOGGING_LEVEL") == environment.DEFAULT_LOGGING_LEVEL:
            found["PREFECT_LOGGING_LEVEL"] = "INFO"  # the UI shows what a run does
        found.pop(environment.CONSOLE_LEVEL, None)  # what goes to a terminal here goes to a file there
        # `python` in prefect.yaml is the one that runs this.
        found["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), found.get("PATH", os.defpath)])
        places = [str(PROJECT), *filter(None, found.get("PYTHONPATH", "").split(os.pathsep))]
        found["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(places))
        return found


def check_free(host: str, port: int) -> None:
    """
    Raises:
        InputError: the metrics cannot be given at this address.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        remedy = "choose others with TANGO_METRICS__HOST and TANGO_METRICS__PORT"
        raise InputError(f"metrics at {host}:{port}", f"cannot be used ({error.strerror or error})", remedy) from None
