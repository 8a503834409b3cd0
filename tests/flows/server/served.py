"""`tango serve` as an operator starts it, and its API as a browser or a script asks it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
TANGO = Path(sys.executable).parent / "tango"
START_SECONDS = 600
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass
class Served:
    """A running `tango serve`; `api` is the address of its API, `log` what it and its children print."""

    process: subprocess.Popen
    url: str
    log: Path

    @cached_property
    def client(self) -> httpx.Client:
        # A connection kept would be one to a server that was killed since.
        return httpx.Client(base_url=self.api, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    def get(self, path: str) -> Any:
        return self.client.get(path).raise_for_status().json()

    def post(self, path: str, **body: Any) -> Any:
        reply = self.client.post(path, json=body).raise_for_status()
        return reply.json() if reply.content else None

    def deployment(self, name: str) -> dict[str, Any]:
        """A deployment by `flow/name`."""
        return self.get(f"/deployments/name/{name}")

    def runs(self, deployment: dict[str, Any], *states: str) -> list[dict[str, Any]]:
        """The runs of a deployment, the oldest first; those in some states only when any are given."""
        state = {"state": {"type": {"any_": list(states)}}} if states else {}
        found = self.post(
            "/flow_runs/filter",
            flow_runs=state or None,
            deployments={"id": {"any_": [deployment["id"]]}},
            sort="EXPECTED_START_TIME_ASC",
        )
        return found

    def schedule(self, deployment: dict[str, Any], seconds: float, **parameters: Any) -> dict[str, Any]:
        """Add a schedule as the UI does: one that fires every so many seconds."""
        given = {"schedule": {"interval": seconds}, "active": True, "parameters": parameters}
        address = f"/deployments/{deployment['id']}/schedules"
        return self.client.post(address, json=[given]).raise_for_status().json()[0]

    def pause(self, deployment: dict[str, Any], schedule: dict[str, Any], *, active: bool) -> None:
        """Switch a schedule on or off. Its parameters go along: Prefect 3.8 empties those that are left out."""
        address = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
        given = {"active": active, "parameters": schedule["parameters"]}
        self.client.patch(address, json=given).raise_for_status()

    def submit(self, name: str, **parameters: Any) -> dict[str, Any]:
        """A run of a deployment, as *Quick run* in the UI makes it."""
        found = self.deployment(name)
        return self.post(f"/deployments/{found['id']}/create_flow_run", parameters=parameters)

    def run(self, run_id: str) -> dict[str, Any]:
        return self.get(f"/flow_runs/{run_id}")

    def ended(self, run_id: str, *, within: float = 300) -> dict[str, Any]:
        """A run, when it has ended."""

        def found() -> dict[str, Any] | None:
            run = self.run(run_id)
            return run if run["state_type"] in _ENDED else None

        return until(found, within=within, what=f"the end of run {run_id}")

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def until(look: Callable[[], T | None], *, within: float, what: str, every: float = 0.5) -> T:
    """What `look` finds, as soon as it finds anything."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {within:.0f} s in vain for {what}"
        time.sleep(every)
    return found


@contextmanager
def serving(catalog: Path, *arguments: str, port: int | None = None, **environment: str) -> Iterator[Served]:
    """Start `tango serve` on a catalog, wait until it says that it is ready, and end it as Ctrl-C does."""
    port = port or free_port()
    log = catalog.parent / f"{catalog.name}.serve.log"
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PREFECT_")}
    with log.open("ab") as out:
        began = out.tell()
        process = subprocess.Popen(
            [TANGO, "serve", "--port", str(port), "--catalog", catalog, *arguments],
            stdout=out,
            stderr=out,
            env={**kept, **environment},
            start_new_session=True,
        )
    served = Served(process, f"http://127.0.0.1:{port}", log)

    def ready() -> bool:
        assert process.poll() is None, served.said()
        return bool(re.search(rb"^UI ", log.read_bytes()[began:], re.MULTILINE))

    try:
        until(ready, within=START_SECONDS, what=f"tango serve (see {log})")
        yield served
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
