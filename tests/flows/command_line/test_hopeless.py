"""What can never be done is refused in one line, before anything is started."""

import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from data_catalog.uris.reachable import UnusableStore
from flows.command_line.app import app
from flows.server import local_server, working
from tasks.runtime.cluster import ray_cluster
from tests.hopeless import AVATAR, HOPELESS, make_files


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hopeless")
    make_files(folder)
    return folder


@pytest.fixture(scope="module")
def port():
    """Of a program that is no Prefect server and no Ray cluster."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield other.server_port
        other.shutdown()


def _made(folder: Path) -> list[str]:
    """What lies in a folder, without Prefect's home and what goes with it."""
    return sorted(path.name for path in folder.iterdir() if path.name[0] != "." and path.suffix != ".server")


def _make_dataset(folder: Path) -> None:
    (folder / "set" / "ann").mkdir(parents=True, exist_ok=True)
    (folder / "set" / "ann" / "v.mp4").write_bytes((folder / "v.mp4").read_bytes())


@pytest.mark.parametrize("name", HOPELESS)
def test_a_hopeless_command_says_in_a_line_what_is_the_matter_and_starts_nothing(name, folder, port, monkeypatch):
    def started(*_, **__):
        raise AssertionError("something was started")

    command = HOPELESS[name].at(port)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(local_server, "subprocess", SimpleNamespace(Popen=started))
    monkeypatch.setattr(ray_cluster, "_start_own", started)
    for variable in ("PREFECT_API_URL", "PREFECT_HOME", "TANGO_HOME"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in command.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(working, "_FOREIGN", 0)
    before = _made(folder)
    result = CliRunner().invoke(app, list(command.arguments))
    assert result.exit_code == 1, result.output
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert lines[0].startswith("error ") and all(line.startswith("  ") for line in lines[1:]), result.stderr
    for part in command.said:
        assert part in lines[0]
    assert _made(folder) == before


@pytest.mark.parametrize("command", ["onboard", "preprocess", "reenact", "rerun"])
def test_a_catalog_that_may_only_be_read_is_refused_before_anything_is_started(command, folder, monkeypatch):
    def refused(self):
        raise UnusableStore(f"{self.uri}: cannot be written to")

    def started(*_, **__):
        raise AssertionError("something was started")

    _make_dataset(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Catalog, "check", refused)
    monkeypatch.setattr(local_server, "subprocess", SimpleNamespace(Popen=started))
    result = CliRunner().invoke(app, [*STARTING[command], "--catalog", "cat"])
    assert result.exit_code == 1 and "cannot be written to" in result.stderr, result.stderr


STARTING = {
    "onboard": ["onboard", "ann", "v.mp4"],
    "reenact": ["reenact", AVATAR, "s.wav", "--out", "o.mp4"],
    "preprocess": ["preprocess", "set"],
    "train aumoclip": ["train", "aumoclip", "--folder", "f"],
    "train acinterp": ["train", "acinterp", "--folder", "f"],
    "rerun": ["rerun", AVATAR, "--force"],
}


@pytest.mark.parametrize("command", STARTING)
def test_no_command_imports_prefect_before_it_knows_its_server(command, folder):
    """Prefect reads where its server is, and where its database, once: when it is imported."""
    _make_dataset(folder)
    code = (
        "import os, sys; from flows.command_line import app, commands, model_commands, upkeep_commands\n"
        "def server(home): print('prefect' in sys.modules, flush=True); os._exit(0)\n"
        "for module in (commands, model_commands, upkeep_commands): module.server = server\n"
        f"app.app({[*STARTING[command], '--catalog', 'cat']!r})"
    )
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "TANGO_"))}
    path = os.pathsep.join([str(Path(__file__).parents[3]), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=variables | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.stdout.endswith("False\n"), done.stdout + done.stderr
