"""Whose server is joined: that of one's own catalog, and nobody else's."""

from importlib import metadata
from pathlib import Path

import pytest

from flows.server.home import home_of, note_server, running_server, serving_alone
from tango_models.errors import InputError
from tests.flows.server.test_environment import http_server

PAGES = {"/api/health": "true"}  # with a password set, all that is told to whoever has none


def test_the_home_lies_beside_the_catalog_unless_told_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert home_of("/data/catalog") == Path("/data/catalog.server")
    assert home_of("/data/catalog", "/other") == Path("/other")
    store = home_of("s3://bucket/avatars")
    assert store.parent == tmp_path / "tango" and store != home_of("s3://bucket/others")
    monkeypatch.setenv("PREFECT_HOME", "/mine")
    assert home_of("/data/catalog") == Path("/mine")
    assert home_of("/data/catalog", "/other") == Path("/other")


def test_a_server_is_found_while_it_is_served_and_answers(tmp_path):
    with http_server(PAGES) as url:
        assert running_server(tmp_path) is None
        with serving_alone(tmp_path):
            note_server(tmp_path, url)
            assert running_server(tmp_path) == url
        assert running_server(tmp_path) is None
        note_server(tmp_path, url)  # of one that was killed: nobody holds its lock
        assert running_server(tmp_path) is None


def test_a_note_of_another_machine_or_of_a_port_that_another_program_has_is_not_followed(tmp_path, monkeypatch):
    with serving_alone(tmp_path), http_server({}, default="hello") as url:
        note_server(tmp_path, url)
        assert running_server(tmp_path) is None
    with serving_alone(tmp_path), http_server(PAGES) as url:
        note_server(tmp_path, url)
        monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
        assert running_server(tmp_path) is None


def test_a_server_of_another_release_is_not_joined(tmp_path, monkeypatch):
    with serving_alone(tmp_path), http_server(PAGES) as url:
        with monkeypatch.context() as other:
            other.setattr(metadata, "version", lambda name: "2.20.1")
            note_server(tmp_path, url)
        assert running_server(tmp_path) is None
        note_server(tmp_path, url)
        assert running_server(tmp_path) == url


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 3}', "\x00"])
def test_a_note_that_says_nothing_is_not_followed(tmp_path, content):
    with serving_alone(tmp_path):
        (tmp_path / "server.json").write_text(content)
        assert running_server(tmp_path) is None


def test_a_home_is_served_once(tmp_path):
    place = tmp_path / "home"
    with serving_alone(place), pytest.raises(InputError, match="served already"), serving_alone(place):
        pass
    with serving_alone(tmp_path / "home"):
        pass


def test_a_home_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "home", Path("/proc/home")):
        with pytest.raises(InputError, match="--home"), serving_alone(place):
            pass
