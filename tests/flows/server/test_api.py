"""Prefect's server is asked as Prefect's own clients ask it, wherever their settings are made."""

import base64
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from flows.server.api import PrefectApi

BASIC = "Basic " + base64.b64encode(b"tango:pass").decode()


@contextmanager
def guarded(wanted: str):
    """A server that lets in who shows this, and remembers who came."""
    came: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            came.append(dict(self.headers))
            self.send_response(200 if self.headers["Authorization"] == wanted else 401)
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api", came
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"PREFECT_API_AUTH_STRING": "tango:pass"}, BASIC),
        ({"PREFECT_API_KEY": "pnu_key"}, "Bearer pnu_key"),
        ({"PREFECT_API_KEY": "pnu_key", "PREFECT_API_AUTH_STRING": "tango:pass"}, BASIC),
        ({"PREFECT_CLIENT_CUSTOM_HEADERS": '{"Authorization": "Proxy x"}'}, "Proxy x"),
    ],
)
@pytest.mark.parametrize("where", ["environment", ".env", "profile"])
def test_the_server_is_asked_with_what_prefects_settings_say(tmp_path, monkeypatch, settings, header, where):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_HOME", str(home))
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(home / "profiles.toml"))
    for name in ("PREFECT_API_AUTH_STRING", "PREFECT_API_KEY", "PREFECT_CLIENT_CUSTOM_HEADERS", "PREFECT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    if where == "environment":
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
    elif where == ".env":
        (tmp_path / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))
    else:
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        (home / "profiles.toml").write_text(f'active = "mine"\n[profiles.mine]\n{lines}')
    with guarded(header) as (url, came):
        assert PrefectApi(url).run_states(["x"]) == {}
        assert PrefectApi(url).pending("tango") == []
    assert len(came) == 2


def test_who_shows_nothing_is_told_that_he_is_not_let_in(monkeypatch):
    for name in ("PREFECT_API_AUTH_STRING", "PREFECT_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with guarded(BASIC) as (url, _), pytest.raises(httpx.HTTPStatusError, match="401"):
        PrefectApi(url).run_states(["x"])


def test_certificates_are_those_of_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "true")
    assert _context(PrefectApi("https://127.0.0.1:9/api")).verify_mode == ssl.CERT_NONE
    monkeypatch.delenv("PREFECT_API_TLS_INSECURE_SKIP_VERIFY")
    assert _context(PrefectApi("https://127.0.0.1:9/api")).verify_mode == ssl.CERT_REQUIRED
    monkeypatch.setenv("PREFECT_API_SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(FileNotFoundError):
        PrefectApi("https://127.0.0.1:9/api")


def _context(api: PrefectApi) -> ssl.SSLContext:
    return api._client._transport._pool._ssl_context


@pytest.mark.integration
@pytest.mark.parametrize(
    ("states", "cancelled"),
    [
        (["RUNNING", "CRASHED"], False),
        (["RUNNING", "CANCELLING", "CRASHED"], True),
        (["RUNNING", "CANCELLING", "CRASHED", "CRASHED"], True),
        (["RUNNING", "CANCELLING", "CRASHED", "SCHEDULED", "PENDING", "RUNNING", "CRASHED"], False),
        (["RUNNING", "CANCELLING", "CANCELLED"], False),
    ],
)
def test_whether_a_run_was_cancelled_stands_in_what_it_was_before(prefect_server, states, cancelled):
    from prefect import flow, get_client
    from prefect.settings import PREFECT_API_URL

    api = PrefectApi(str(PREFECT_API_URL.value()))
    with get_client(sync_client=True) as client:
        run = str(client.create_flow_run(flow(name="any")(lambda: None)).id)
    for state in states:
        api.set_state(run, {"type": state, "name": state.capitalize()})
    assert api.was_cancelled(run) is cancelled
