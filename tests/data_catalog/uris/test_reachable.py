"""Places where a catalog cannot be."""

import errno
import os

import pytest

from data_catalog import Catalog
from data_catalog.uris.reachable import UnusableStore, check_folder


def test_a_file_system_without_hard_links_or_renames_says_so(tmp_path, monkeypatch):
    for name, what, number in (("link", "hard links", errno.EPERM), ("rename", "renames", errno.ENOSYS)):

        def refuse(*_, number=number, **__):
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(os, name, refuse)
            with pytest.raises(UnusableStore, match=rf"has no {what}.*--catalog on another disk"):
                check_folder(tmp_path / "catalog")
    check_folder(tmp_path / "catalog")
    assert os.listdir(tmp_path / "catalog") == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    for folder in ("/proc/catalog", tmp_path / "file" / "catalog"):
        with pytest.raises(UnusableStore, match=f"{folder}: cannot be written to"):
            Catalog(folder).check()


def test_a_full_disk_is_no_fault_of_the_place(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(OSError, match="No space left"):
        check_folder(tmp_path)


def test_a_table_with_a_missing_file_is_not_an_empty_table(tmp_path):
    table = Catalog(tmp_path).table("units")
    assert table.count() == 0
    table.upsert([{"stage": "a", "unit": "b"}])
    for file in (tmp_path / "units.lance" / "data").iterdir():
        file.unlink()
    with pytest.raises(Exception, match=r"(?i)not found"):
        table.read()
