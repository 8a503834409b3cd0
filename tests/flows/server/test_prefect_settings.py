"""Settings of Prefect's that are nonsense are one line, before anything is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.server import environment, prefect_settings
from flows.server.prefect_database import file_of
from flows.server.prefect_settings import check_settings
from tango_models.errors import InputError

TANGO = Path(sys.executable).parent / "tango"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    for name in os.environ:
        if name.startswith("PREFECT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREFECT_LOGGING_LEVEL", "FOO"),
        ("PREFECT_SERVER_API_PORT", "abc"),
        ("PREFECT_API_REQUEST_TIMEOUT", "x"),
        ("PREFECT_SERVER_ANALYTICS_ENABLED", "maybe"),
        ("PREFECT_SILENCE_API_URL_MISCONFIGURATION", "7"),
        ("PREFECT_LOGGING_EXTRA_LOGGERS", "1"),
        ("PREFECT_SERVER_DATABASE_TIMEOUT", "a while"),
        ("PREFECT_WORKER_QUERY_SECONDS", ""),
    ],
)
def test_a_variable_that_is_nonsense_is_named(monkeypatch, capsys, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=rf"^{name}='{value}': .*; correct it, or unset it$") as refused:
        check_settings()
    assert len(str(refused.value).splitlines()) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("file", ["prefect.toml", "pyproject.toml"])
@pytest.mark.parametrize(
    ("content", "said"), [("[logging\n", "invalid TOML"), ('[logging]\nlevel = "FOO"\n', "level = 'FOO': Input should")]
)
def test_a_file_that_is_nonsense_is_named(file, content, said):
    if file == "pyproject.toml":
        content = content.replace("[logging", "[tool.prefect.logging")
    Path(file).write_text(content)
    with pytest.raises(InputError, match=r"^Prefect's settings: ") as refused:
        check_settings()
    (line,) = str(refused.value).splitlines()
    assert said in line and file in line and "; correct " in line


def test_where_nobody_has_set_anything_prefect_is_not_imported(monkeypatch):
    for name, value in environment.DEFAULTS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(environment.CONSOLE_LEVEL, "CRITICAL")
    Path("pyproject.toml").write_text('[project]\ndependencies = ["prefect"]\n')
    assert not prefect_settings._is_told()
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "DEBUG")
    assert prefect_settings._is_told()
    check_settings()


@pytest.mark.parametrize("where", ["variable", "prefect.toml", "home/profiles.toml", ".env"])
@pytest.mark.parametrize("serves", [False, True])
def test_whatever_is_set_prefect_knows_the_server_and_the_home_of_the_command(where, serves, monkeypatch):
    """Else a run would start a server of Prefect's own beside ours."""
    Path("home").mkdir()
    texts = {
        "prefect.toml": '[logging]\nlevel = "DEBUG"\n',
        "home/profiles.toml": 'active = "mine"\n[profiles.mine]\nPREFECT_LOGGING_LEVEL = "DEBUG"\n',
        ".env": "PREFECT_LOGGING_LEVEL=DEBUG\n",
    }
    if where == "variable":
        monkeypatch.setenv("PREFECT_API_REQUEST_TIMEOUT", "61")
    else:
        Path(where).write_text(texts[where])
    code = (
        "import os; from contextlib import nullcontext; from pathlib import Path\n"
        "from flows.server import environment; environment.prepare()\n"
        "from flows.server import local_server\n"
        "local_server._own = lambda port: nullcontext()\n"
        f"local_server.running_server = lambda home: 'http://127.0.0.1:9/api' if {serves} else ''\n"
        "with local_server.server(Path('home').resolve()):\n"
        "    from prefect.settings import PREFECT_API_URL, PREFECT_HOME\n"
        "    from prefect.events.worker import should_emit_events_to_running_server\n"
        "    print(PREFECT_API_URL.value() == os.environ['PREFECT_API_URL'], should_emit_events_to_running_server())\n"
        "    print(PREFECT_HOME.value() == Path('home').resolve())\n"
    )
    root = str(Path(__file__).parents[3])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)])}
    environ.pop("PREFECT_LOGGING_LEVEL", None)
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert done.stdout.split() == ["True"] * 3, done.stdout + done.stderr


@pytest.mark.parametrize("url", ["nonsense", "mysql://name:s3cr3t@host/db", "://", "sqlite", "postgres://host/db", ""])
def test_a_url_of_no_database_is_named_and_not_shown(url):
    with pytest.raises(
        InputError, match=r"^PREFECT_SERVER_DATABASE_CONNECTION_URL: is no URL.*; write sqlite"
    ) as refused:
        file_of(url)
    assert "s3cr3t" not in str(refused.value)


def test_the_file_of_a_database():
    assert file_of("sqlite+aiosqlite:////tmp/p.db") == Path("/tmp/p.db")
    assert file_of("sqlite+aiosqlite:///:memory:") is None
    assert file_of("postgresql+asyncpg://host/db") is None


@pytest.mark.integration
def test_the_command_says_it_in_one_line(tmp_path):
    told = os.environ | {"PREFECT_LOGGING_LEVEL": "FOO"}
    command = [TANGO, "demo", "--out", tmp_path / "out"]
    ran = subprocess.run(command, env=told, capture_output=True, text=True, check=False, cwd=tmp_path)
    (line,) = ran.stderr.strip().splitlines()
    assert ran.returncode == 1 and line.startswith("error PREFECT_LOGGING_LEVEL='FOO': Input should be")
