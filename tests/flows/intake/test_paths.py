"""Paths as people type them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.intake.paths import as_typed, check_place, local_path, printable, source_place
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
        "youtu.be/abc",
        "m.youtube.com/watch?v=abc",
        "Drive.Google.com/file/d/1/view",
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


@pytest.mark.parametrize("folder", ["my.tv", "a.b.com", "notes.io"])
def test_what_lies_in_a_folder_that_is_called_as_a_host_is_no_url(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    Path(folder).mkdir()
    assert local_path(f"{folder}/out.mp4", written=True) == tmp_path / folder / "out.mp4"
    assert local_path("talk.com") == tmp_path / "talk.com"


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


@pytest.mark.parametrize("scheme", ["s3", "gs", "hdfs", "abfs"])
@pytest.mark.parametrize("between", [":/", "//", ":\\\\", ":/\\", ":", " ://", ";//"])
def test_a_misspelt_uri_is_refused_with_what_is_meant(scheme, between):
    for text in (f"{scheme}{between}bucket/talk.mp4", f"{scheme.upper()}{between}bucket/talk.mp4"):
        for written in (False, True):
            with pytest.raises(InputError, match=rf"did you mean {scheme}://bucket/talk\.mp4\?") as fault:
                source_place(text, written=written)
            assert str(fault.value).startswith(f"{text}: ")
    assert source_place(f"{scheme.upper()}://bucket/talk.mp4") == f"{scheme}://bucket/talk.mp4"


@pytest.mark.parametrize("url", ["http://h/o.mp4", "https:/h/o.mp4", "HTTP//h/o.mp4", "ftp://h/o.mp4", "rtsp://h/1"])
def test_nobody_is_told_to_download_what_is_to_be_written(url):
    with pytest.raises(InputError, match=r"is a URL.*; name a place on this machine"):
        source_place(url, written=True)
    with pytest.raises(InputError, match=r"is a URL.*; download it first"):
        source_place(url)


def test_what_lies_there_is_no_misspelt_uri(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("s3:/bucket/talk.mp4", "gs//talk.mp4"):
        Path(name).parent.mkdir(parents=True)
        Path(name).touch()
        assert source_place(name) == str(tmp_path / name)


@given(st.text(st.characters(), min_size=1))
def test_whatever_is_typed_is_a_place_or_one_printable_line(text):
    try:
        assert source_place(text)
    except InputError as fault:
        assert len(str(fault).splitlines()) == 1
        str(fault).encode()


def test_faults_name_files_and_folders_as_they_were_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for typed, subject, shown in (
        ("./talk.mp4", tmp_path / "talk.mp4", "./talk.mp4"),
        ("none/o.mp4", tmp_path / "none", "none"),
        ("talk.mp4", tmp_path / "other.mp4", str(tmp_path / "other.mp4")),
    ):
        with pytest.raises(InputError, match=f"^{shown}: is so; do this$"), as_typed(typed, None):
            raise InputError(str(subject), "is so", "do this")
