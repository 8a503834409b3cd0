"""Where a render may not go."""

import os
from pathlib import Path

import pytest

from tango_models.errors import InputError
from tasks.rendering.output import beside, check_output


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"footage")
    return path


def test_the_source_itself_or_any_link_to_it_is_refused_and_stays(tmp_path, source):
    (tmp_path / "hard.mp4").hardlink_to(source)
    (tmp_path / "soft.mp4").symlink_to(source)
    (tmp_path / "chain.mp4").symlink_to("soft.mp4")
    (tmp_path / "folder").symlink_to(".")
    for name in ("talk.mp4", "hard.mp4", "soft.mp4", "chain.mp4", "folder/talk.mp4"):
        with pytest.raises(InputError, match="name another --out") as fault:
            check_output(tmp_path / name, [source])
        assert name in str(fault.value)
    assert source.read_bytes() == b"footage"
    check_output(tmp_path / "new.mp4", [source])


def test_the_files_beside_it_take_the_place_of_none_either(tmp_path):
    target = tmp_path / "ann.mp4"
    for kept in beside(target):
        kept.write_bytes(b"x")
        with pytest.raises(InputError, match=kept.name):
            check_output(target, [kept])


def test_a_source_that_is_not_there_now_is_not_replaced(tmp_path):
    with pytest.raises(InputError, match="name another"):
        check_output(tmp_path / "gone.mp4", [tmp_path / "gone.mp4"])


@pytest.mark.parametrize("name", ["new.mp4", "new.motion.npz", "new.report.html"])
def test_a_folder_in_the_place_of_a_file_is_refused_before_any_work(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=rf"{name}: is a folder"):
        check_output(tmp_path / "new.mp4")


def test_a_name_that_leaves_no_room_for_the_files_beside_it_is_refused(tmp_path):
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    fits = tmp_path / ("x" * (longest - len(".motion.npz") - 30) + ".mp4")
    check_output(fits)
    for stem in ("x" * 246, "x" * 300, "张" * 80):
        with pytest.raises(InputError, match="too long a name"):
            check_output(tmp_path / f"{stem}.mp4")
