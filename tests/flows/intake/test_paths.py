"""Paths as people type them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.intake.paths import check_place, local_path, printable
from tango_models.errors import InputError


@pytest.mark.parametrize(
    "url",
    [
        "https://youtu.be/abc?t=3",
        "http://host/talk.mp4",
        "HTTPS://HOST/TALK.MP4",
        "https:/host/talk.mp4",
        "s3://bucket/talk.mp4",
        "rtsp://camera/1",
        "file:///home/ann/talk.mp4",
        "www.host.org/talk.mp4",
        "sftp+ssh://host/a",
    ],
)
def test_a_url_is_refused_as_it_was_typed(url):
    with pytest.raises(InputError, match="is a URL") as fault:
        local_path(url)
    assert str(fault.value).startswith(f"{url}: ")


def test_a_file_whose_name_looks_like_a_url_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data:1.mp4").touch()
    assert local_path("data:1.mp4") == tmp_path / "data:1.mp4"


@pytest.mark.parametrize("name", [b"caf\xe9.mp4", b"\xff\xfe/talk.mp4", b"a\nb.mp4", b"a\x1b[2Jb.mp4", b"\x7f.mp4"])
def test_names_that_cannot_be_shown_are_refused_in_one_line_of_utf_8(name):
    with pytest.raises(InputError, match="rename it") as fault:
        local_path(os.fsdecode(name))
    line = str(fault.value).encode()
    assert line.isascii() and b"\n" not in line and b"\x1b" not in line


@given(st.text(st.characters(), min_size=1))
def test_whatever_is_typed_is_a_path_or_one_printable_line(text):
    try:
        assert local_path(text).is_absolute()
    except InputError as fault:
        assert len(str(fault).splitlines()) == 1
        str(fault).encode()


@given(st.binary(min_size=1))
def test_every_name_can_be_shown(data):
    shown = printable(os.fsdecode(data))
    assert shown.encode().decode() == shown and len(f"a{shown}b".splitlines()) == 1


def test_names_of_people_and_long_names_are_kept(tmp_path):
    for name in ("Jürgen 1.mp4", "张伟.mp4", "Ольга.mov", "عائشة.mkv", "x" * 250 + ".mp4"):
        assert local_path(tmp_path / name) == tmp_path / name


def test_a_deployment_takes_whole_paths_only(tmp_path):
    assert local_path(str(tmp_path), deployed=True) == tmp_path
    assert local_path("~/talk.mp4", deployed=True) == Path.home() / "talk.mp4"
    for relative in ("talk.mp4", "./talk.mp4", "../talk.mp4"):
        with pytest.raises(InputError, match="relative path"):
            local_path(relative, deployed=True)


def test_a_deployments_catalog_is_a_whole_path_or_a_uri(tmp_path):
    check_place("catalog", "s3://bucket/tables", deployed=True)
    check_place("catalog", str(tmp_path), deployed=True)
    check_place("catalog", "tango_catalog", deployed=False)
    with pytest.raises(InputError, match=r"catalog = tango_catalog: is a relative path.*TANGO_CATALOG"):
        check_place("catalog", "tango_catalog", deployed=True)
