"""Libraries of the system's that are missing."""

import sys

import pytest

from tango_models.errors import InputError
from tasks.runtime.cluster.native_libraries import check_libraries, missing_library


@pytest.mark.parametrize(
    ("text", "library", "package"),
    [
        ("libGL.so.1: cannot open shared object file: No such file or directory", "libGL.so.1", "apt install libgl1"),
        ("libgthread-2.0.so.0: cannot open shared object file: No such file", "libgthread-2.0.so.0", "libglib2.0-0"),
        ("/lib/libGL.so.1: file too short", "libGL.so.1", "libgl1"),
        ("libodd.so.7: cannot open shared object file: No such file or directory", "libodd.so.7", "the package"),
    ],
)
def test_a_library_is_named_with_its_package(text, library, package):
    fault = missing_library(ImportError(text))
    assert fault and fault.subject == library and package in fault.remedy


def test_other_imports_that_fail_are_not_explained_away():
    assert missing_library(ImportError("cannot import name 'x' from 'y'")) is None


def test_it_is_said_before_anything_starts(tmp_path, monkeypatch):
    (tmp_path / "cv2.py").write_text('raise ImportError("libGL.so.1: cannot open shared object file: No such file")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    with pytest.raises(InputError, match=r"libGL\.so\.1: is missing"):
        check_libraries()
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
