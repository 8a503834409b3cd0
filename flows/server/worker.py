"""Prefect's worker as we start it: for which catalog, from which pool, how many runs at a time, and with what its runs
find in their environment."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows.server import environment
from flows.server.deploy import PROJECT
from flows.server.supervised import Supervised


@dataclass(frozen=True)
class Work:
    """What a worker does.

    Attributes:
        catalog: an absolute path or a URI.
        pool: of Prefect's, that it takes runs from.
        at_a_time: runs; the others wait.
        variables: of the environment of the runs, instead of those of this process.
    """

    catalog: str
    pool: str = "tango"
    at_a_time: int = 2
    variables: Mapping[str, str] = field(default_factory=dict)

    def worker(self, home: Path, name: str) -> Supervised:
        """The worker, not started yet.

        Args:
            home: of its log.
        """
        command = ["prefect", "worker", "start", "--pool", self.pool, "--type", "process", "--name", name]
        command += ["--limit", str(self.at_a_time)]
        return Supervised("worker", command, self._environment(), home / "worker.log")

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
