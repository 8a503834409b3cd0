"""Whose server answers, and what goes through a proxy."""

import os
import socket
import subprocess
import sys
import textwrap
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata

import httpx
import pytest

from flows.server.environment import answers, check_proxies, is_another_program, is_our_release, spare_loopback
from tango_models.errors import InputError

LOOPBACK = "127.0.0.1,localhost,::1"


@contextmanager
def http_server(pages: dict[str, str], default: str | None = None):
    """A program that answers some paths, and others with `default` or 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages.get(self.path, default)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def raw_server(says: bytes):
    """A program that speaks no HTTP."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(says)
                    if not says:
                        connection.recv(1 << 16)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/api"


def test_prefect_of_this_release_is_recognised():
    with http_server({"/api/health": "true"}) as url:
        assert answers(url)
    ours = metadata.version("prefect")
    assert is_our_release(ours) and is_our_release(".".join([*ours.split(".")[:2], "999"]))
    assert not any(is_our_release(other) for other in ("2.20.1", "", "4", ours.split(".")[0]))


@pytest.mark.parametrize("page", ["<html>true</html>", '{"status": "ok"}', "", "1", '"true"', "true" + " " * 100 + "x"])
def test_another_web_server_that_answers_everything_is_not_prefect(page):
    with http_server({}, default=page) as url:
        assert not answers(url)


@pytest.mark.parametrize(
    "says", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00\xff\x15\x03", b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe", b""]
)
def test_a_program_that_speaks_no_http_is_not_prefect(says):
    with raw_server(says) as url:
        assert not answers(url)


def test_nobody_is_not_prefect():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert not answers(f"http://127.0.0.1:{free.getsockname()[1]}/api")


@pytest.mark.parametrize("page", [None, "<html>true</html>", '{"status": "ok"}', ""])
def test_another_program_is_not_waited_for(page):
    with http_server({}, default=page) as url:
        assert is_another_program(url, timeout=3.0)
    with raw_server(b"SSH-2.0-OpenSSH_9.6\r\n") as url:
        assert is_another_program(url, timeout=3.0)


@pytest.mark.parametrize(
    "says", [b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"HTTP/1.1 401 Unauthorized\r\n\r\n", b"", None]
)
def test_who_is_starting_or_lets_nobody_in_may_be_a_prefect_server(says):
    with http_server({"/api/health": "true"}) if says is None else raw_server(says) as url:
        assert not is_another_program(url, timeout=3.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert not is_another_program(f"http://127.0.0.1:{free.getsockname()[1]}/api", timeout=3.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, LOOPBACK),
        ({"NO_PROXY": "corp.example, 10.0.0.0/8"}, f"corp.example,10.0.0.0/8,{LOOPBACK}"),
        ({"no_proxy": "a", "NO_PROXY": "b,localhost"}, "a,b,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "*"}, "*"),
        ({"no_proxy": ""}, LOOPBACK),
    ],
)
def test_loopback_is_spared_and_what_the_user_excepts_stays(given, expected):
    environment = dict(given)
    spare_loopback(environment)
    assert environment == {"no_proxy": expected, "NO_PROXY": expected}
    spare_loopback(environment)
    assert environment["NO_PROXY"] == expected


@pytest.mark.parametrize("kind", ["http", "socks5h"])
@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"])
def test_a_proxy_is_not_asked_for_a_server_of_this_machine(monkeypatch, proxy, kind):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(proxy, f"{kind}://127.0.0.1:9")
    spare_loopback(os.environ)
    check_proxies(os.environ)
    with http_server({"/api/health": "true"}) as url:
        for host in ("127.0.0.1", "localhost"):
            address = f"{url.replace('127.0.0.1', host)}/health"
            assert httpx.get(address).json() is True  # as Prefect asks
            assert urllib.request.urlopen(address).read() == b"true"


def test_a_proxy_of_a_kind_that_nobody_here_knows_is_named():
    with pytest.raises(InputError, match=r"ALL_PROXY=socks://a:1.*socks5h://"):
        check_proxies({"ALL_PROXY": "socks://a:1", "NO_PROXY": LOOPBACK})
    check_proxies({"all_proxy": "socks5://a:1", "HTTP_PROXY": "proxy:3128", "https_proxy": ""})
    check_proxies({"ALL_PROXY": "socks://a:1", "NO_PROXY": "*"})  # nothing goes through it


_LOST_MERGE = """
    import sys
    from flows.server import environment
    environment.prepare()
    from data_catalog import Catalog
    from data_catalog.tables.compaction import merge_fragments
    table = Catalog(sys.argv[1]).table("leases")
    for k in range(3):
        table.upsert([{"lease": str(k), "holder": "h", "expires_at": 0.0}])
    before = table.parts()[0].open()
    table.delete("lease = '1'")
    try:
        merge_fragments(before, blobs=False)
    except OSError as error:
        print(error)
"""


def test_a_merge_that_loses_against_another_writer_is_not_spoken_of(tmp_path):
    kept = {name: text for name, text in os.environ.items() if name != "LANCE_LOG"}
    command = [sys.executable, "-c", textwrap.dedent(_LOST_MERGE), str(tmp_path / "catalog")]
    ran = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=120)
    assert "Retryable commit conflict" in ran.stdout
    assert ran.stderr == ""
