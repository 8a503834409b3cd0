"""A folder of avatars as people's tools leave it."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from flows.intake.dataset import scan
from tango_models.errors import InputError
from tests.media_samples import tone, write_sound, write_video

FRAMES = [np.full((64, 64, 3), 20 * k, np.uint8) for k in range(4)]


def _put(place: Path, data: bytes = b"x") -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def test_hidden_twins_are_no_matter_and_others_are_named(tmp_path):
    inside = ("talk.mp4", "._talk.mp4", ".DS_Store", "Thumbs.db", "sub/more.mp4", "notes.txt")
    beside = ("__MACOSX/ann/._talk.mp4", ".git/a.mp4", "stray.mp4", "empty/readme.md")
    for name in (*(f"ann/{name}" for name in inside), *beside):
        _put(tmp_path / name)
    found = scan(tmp_path)
    assert found.videos == {"ann": [tmp_path / "ann/talk.mp4"]}
    assert found.refused == []
    said = "\n".join(found.passed_over)
    for name in ("stray.mp4", "sub/", "notes.txt", "readme.md", "empty: holds no video"):
        assert name in said
    for name in ("._", ".DS_Store", "MACOSX", "Thumbs", ".git"):
        assert name not in said


@pytest.mark.parametrize("suffix", ["MTS", "3gp", "wmv", "MOV", "m2ts", "vob", "ogv", "flv", "webm", "mxf"])
def test_every_suffix_of_a_video_is_taken_even_if_the_file_cannot_be_read(tmp_path, suffix):
    _put(tmp_path / f"ann/talk.{suffix}")
    assert [path.name for path in scan(tmp_path).videos["ann"]] == [f"talk.{suffix}"]


@pytest.mark.parametrize("name", ["talk", "talk.bak", "talk.x264", "talk.mp4_1", "2024.01.05"])
def test_a_video_of_any_name_is_taken_by_what_it_is(tmp_path, name):
    write_video(tmp_path / "a.mp4", FRAMES).rename(tmp_path / "kept")
    _put(tmp_path / "ann" / name, (tmp_path / "kept").read_bytes())
    write_sound(tmp_path / "ann/voice.wav", tone(0.2, 16000))
    found = scan(tmp_path)
    assert found.videos == {"ann": [tmp_path / "ann" / name]}
    assert any("voice.wav" in line for line in found.passed_over)


@pytest.mark.parametrize("suffix", ["part", "crdownload", "tmp", "!qB", "LRV"])
def test_a_download_on_its_way_and_a_cameras_small_copy_are_no_second_video(tmp_path, suffix):
    _put(tmp_path / "ann/talk.mp4")
    write_video(tmp_path / "a.mkv", FRAMES).rename(tmp_path / f"ann/talk.mkv.{suffix}")
    found = scan(tmp_path)
    assert found.videos == {"ann": [tmp_path / "ann/talk.mp4"]}
    assert any(f"talk.mkv.{suffix}" in line for line in found.passed_over) and not found.refused


def test_a_logo_is_passed_over_and_a_moving_picture_is_a_video(tmp_path):
    (tmp_path / "ann").mkdir()
    for name, frames in (("logo.gif", FRAMES[:1]), ("wave.gif", FRAMES)):
        write_video(tmp_path / "ann" / name, frames, codec="gif", pix_fmt="rgb8", fps=25)
    found = scan(tmp_path)
    assert found.videos == {"ann": [tmp_path / "ann/wave.gif"]}
    assert any("logo.gif" in line for line in found.passed_over)


@pytest.mark.parametrize("name", ["@eaDir", "#recycle", "lost+found", "$RECYCLE.BIN", "System Volume Information"])
def test_what_disks_keep_for_themselves_is_no_avatar(tmp_path, name):
    _put(tmp_path / "ann/talk.mp4")
    _put(tmp_path / name / "talk.mp4")
    _put(tmp_path / "ann/Icon\r", b"")
    found = scan(tmp_path)
    assert list(found.videos) == ["ann"] and not found.refused and not found.passed_over


def test_a_name_that_cannot_be_used_is_no_matter_where_the_file_is_no_video(tmp_path):
    _put(tmp_path / "ann/talk.mp4")
    _put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/ann/caf\xe9\n.txt")))
    found = scan(tmp_path)
    assert not found.refused and any(r"caf\xe9\n.txt" in line for line in found.passed_over)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(116, "Stale file handle")])
@pytest.mark.parametrize("place", ["ann", "bob/talk.mp4"])
def test_what_a_disk_does_not_show_is_said_and_the_rest_goes_on(tmp_path, monkeypatch, error, place):
    for name in ("ann/talk.mp4", "ann/notes.txt", "bob/talk.mp4", "bob/notes.txt", "bob/b.mp4"):
        _put(tmp_path / name)
    real = os.stat

    def stat(path, *args, **named):
        if os.fspath(path).startswith(f"{tmp_path / place}{os.sep}" if place == "ann" else str(tmp_path / place)):
            raise error
        return real(path, *args, **named)

    monkeypatch.setattr(os, "stat", stat)
    found = scan(tmp_path)
    assert "b.mp4" in [path.name for path in found.videos["bob"]]
    if place == "ann":
        assert "ann" not in found.videos
        assert any("/ann: cannot be read" in line and error.strerror in line for line in found.refused)


def test_a_pipe_is_passed_over_and_not_waited_for(tmp_path):
    _put(tmp_path / "ann/talk.mp4")
    os.mkfifo(tmp_path / "ann/pipe")
    assert any("pipe" in line for line in scan(tmp_path).passed_over)


def test_one_name_composed_and_decomposed_is_one_avatar_with_all_videos(tmp_path):
    for form, video in (("NFC", "a.mp4"), ("NFD", "b.mp4")):
        _put(tmp_path / unicodedata.normalize(form, "Jürgen") / video)
    _put(tmp_path / "张伟/c.mp4")
    found = scan(tmp_path).videos
    assert sorted(found) == ["Jürgen", "张伟"]
    assert sorted(path.name for path in found["Jürgen"]) == ["a.mp4", "b.mp4"]


def test_what_cannot_be_named_is_refused_and_the_rest_goes_on(tmp_path):
    _put(tmp_path / "ann/talk.mp4")
    _put(tmp_path / "two words/talk.mp4")
    _put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/ann/caf\xe9.mp4")))
    found = scan(tmp_path)
    assert list(found.videos) == ["ann"] and len(found.videos["ann"]) == 1
    assert len(found.refused) == 2
    assert any("caf\\xe9.mp4" in line for line in found.refused)


def test_a_folder_without_videos_says_what_it_holds(tmp_path):
    _put(tmp_path / "talk.mp4")
    with pytest.raises(InputError, match=r"(?s)holds no <avatar>/.*passed over talk\.mp4"):
        scan(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        scan(tmp_path / "none")
    with pytest.raises(InputError, match="is no folder"):
        scan(tmp_path / ("x" * 300))
