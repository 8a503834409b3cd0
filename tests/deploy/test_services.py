"""The services of compose.yaml, by their own commands and environments, as processes of this machine: moto stands for
the object store, SQLite for Postgres."""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer

from data_catalog import Catalog
from flows.server.api import PrefectApi
from flows.server.environment import answers
from tests.deploy.test_files import COMPOSE, filled
from tests.flows.server.served import free_port, until
from tests.speaker import cut_speaker

pytestmark = [pytest.mark.end_to_end, pytest.mark.soak]
SERVICES = COMPOSE["services"]
GIVEN = {"STORE_PASSWORD": "stored", "PREFECT_PASSWORD": "prefect", "POSTGRES_PASSWORD": "unused"}
PROGRAMS = {
    "python": [sys.executable],
    "prefect": [sys.executable, "-m", "prefect"],
    "ray": [sys.executable, "-m", "ray.scripts.scripts"],
    "tango": [sys.executable, "-m", "flows.command_line.app"],
}


class Here:
    """Where the services are on this machine."""

    def __init__(self, folder: Path, store: int) -> None:
        self.folder, self.ports = folder, {"server": free_port(), "gcs": free_port(), "clients": free_port()}
        token = folder / "token"
        token.write_text("t" * 40)
        self._names = {
            "server:4200": f"127.0.0.1:{self.ports['server']}",
            "store:9000": f"127.0.0.1:{store}",
            "ray-head:10001": f"127.0.0.1:{self.ports['clients']}",
            "/run/secrets/ray_token": str(token),
            "=6379": f"={self.ports['gcs']}",
            ":6379": f":{self.ports['gcs']}",
            "=10001": f"={self.ports['clients']}",
            "0.0.0.0": "127.0.0.1",
        }

    def text(self, value: str) -> str:
        value = filled(value, GIVEN)
        for name, here in self._names.items():
            value = value.replace(name, here)
        return str(self.ports["server"]) if value == "4200" else value

    def environment(self, service: str, **more: str) -> dict[str, str]:
        given = {name: self.text(value) for name, value in SERVICES[service].get("environment", {}).items()}
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("PREFECT_", "TANGO_", "RAY_AUTH", "AWS_"))}
        return kept | given | more

    def command(self, words: list[str], *more: str) -> list[str]:
        program, *arguments = map(self.text, words)
        return [*PROGRAMS[program], *arguments, *more]

    @contextmanager
    def running(self, service: str, *arguments: str, **environment: str):
        """A service, from its start to its end as `docker stop` ends it."""
        log = self.folder / f"{service}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                self.command(SERVICES[service]["command"], *arguments),
                env=self.environment(service, **environment),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            yield process, log
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def healthy(self, service: str) -> bool:
        _, *words = SERVICES[service]["healthcheck"]["test"]
        done = subprocess.run(
            self.command(words), env=self.environment(service), capture_output=True, check=False, timeout=60
        )
        return done.returncode == 0


def test_a_run_is_done_by_the_services_together(tmp_path, monkeypatch):
    store = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    store.start()
    with ExitStack() as resources:
        resources.callback(store.stop)
        ray = resources.enter_context(
            tempfile.TemporaryDirectory(prefix="far-", dir="/tmp", ignore_cleanup_errors=True)
        )
        here = Here(tmp_path, store.get_host_and_port()[1])
        subprocess.run(here.command(SERVICES["bucket"]["command"]), env=here.environment("bucket"), check=True)
        sqlite = f"sqlite+aiosqlite:///{tmp_path}/prefect.db"
        url = f"http://127.0.0.1:{here.ports['server']}/api"
        at_home = [
            "--node-ip-address=127.0.0.1",
            f"--temp-dir={ray}",
            "--num-cpus=2",
            "--object-store-memory=100000000",
        ]
        server, _ = resources.enter_context(
            here.running("server", PREFECT_SERVER_DATABASE_CONNECTION_URL=sqlite, PREFECT_HOME=str(tmp_path / "server"))
        )
        head, _ = resources.enter_context(here.running("ray-head", *at_home, RAY_TMPDIR="/tmp"))
        until(lambda: server.poll() is None and answers(url), within=300, what="the server")
        until(lambda: head.poll() is None and here.healthy("ray-head"), within=300, what="Ray's head")
        worker, log = resources.enter_context(here.running("worker", TANGO_HOME=str(tmp_path / "state")))
        until(lambda: worker.poll() is None and "works for" in log.read_text(), within=300, what="the worker")

        environment = here.environment("worker")
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", environment["PREFECT_API_AUTH_STRING"])
        name, _, password = environment["PREFECT_API_AUTH_STRING"].partition(":")
        assert httpx.get(f"{url}/deployments/name/reenact/reenact", timeout=60).status_code == 401
        with httpx.Client(base_url=url, auth=(name, password), timeout=60) as client:
            found = client.get("/deployments/name/onboard-avatar/onboard-avatar").raise_for_status().json()
            video = cut_speaker(tmp_path / "kim.mp4", start=3.0, seconds=2.0, side=256)
            asked = {"parameters": {"avatar": "kim", "videos": [str(video)]}}
            run = client.post(f"/deployments/{found['id']}/create_flow_run", json=asked).raise_for_status().json()["id"]
            ended = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
            api = PrefectApi(url)
            until(lambda: api.run_states([run])[run].type in ended, within=600, what=f"the run (see {log})", every=2.0)
            state = client.get(f"/flow_runs/{run}").json()["state"]
        assert state["type"] == "COMPLETED", state["message"]
        catalog = Catalog(environment["TANGO_CATALOG"], json.loads(environment["TANGO_STORAGE_OPTIONS"]))
        assert catalog.table("clips").count() == 15
        assert all(rows == keys for rows, keys in catalog.verify().values())
    assert "Traceback" not in log.read_text(), shlex.join(here.command(SERVICES["worker"]["command"]))
