"""A library of the system's that is missing is said by what would do the runs, not by every run."""

import sys

import pytest

from flows.server.serving import serve
from flows.server.working import work
from tango_models.errors import InputError


@pytest.mark.parametrize(
    "begin", [lambda home: serve(port=None, work=None, home=home), lambda home: work(None, home=home)]
)
def test_serve_and_work_begin_nothing(tmp_path, monkeypatch, begin):
    (tmp_path / "cv2.py").write_text('raise ImportError("libGL.so.1: cannot open shared object file: No such file")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(InputError, match=r"libGL\.so\.1: is missing .*apt install libgl1"):
        begin(tmp_path / "home")
    assert not (tmp_path / "home").exists()
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
