"""What a scheduled run is given, and what it hands on."""

import pytest

from flows import preprocess_dataset as module
from flows.configuration.settings import Settings
from tango_models.errors import InputError


@pytest.fixture
def handed(monkeypatch) -> dict:
    found: dict = {}

    def onboard_all(subject, requests, settings, report, *, comes_again):
        found.update(subject=subject, requests=requests, report=report, comes_again=comes_again)
        return report

    monkeypatch.setattr(module, "onboard_all", onboard_all)
    return found


def test_a_manifest_becomes_requests_and_its_faults_are_the_runs(tmp_path, handed):
    rows = ["avatar,video,motion,consent", "ann,1.mp4,1.npz,C-1", "../x,2.mp4,,", "ann,3.mp4,,", "bob,notes.txt,,"]
    (tmp_path / "talks.csv").write_text("\n".join(rows))
    settings = Settings(catalog=str(tmp_path / "catalog"))
    module.preprocess_dataset.fn(str(tmp_path / "talks.csv"), settings=settings)
    (request,) = handed["requests"]
    assert request.avatar == "ann" and [video.consent for video in request.videos] == ["C-1", ""]
    assert request.videos[0].motion == str(tmp_path / "1.npz")
    assert [line.partition(": ")[0] for line in handed["report"].refused] == ["talks.csv row 3", "talks.csv row 5"]
    assert handed["report"].failed == 2 and handed["subject"] == "talks.csv" and handed["comes_again"]


def test_a_folder_is_handed_on_as_before(tmp_path, handed):
    (tmp_path / "set/ann").mkdir(parents=True)
    (tmp_path / "set/ann/1.mp4").write_bytes(b"x")
    (tmp_path / "set/stray.txt").write_bytes(b"x")
    module.preprocess_dataset.fn(f"file://{tmp_path}/set", settings=Settings(catalog=str(tmp_path / "catalog")))
    (request,) = handed["requests"]
    assert [video.place for video in request.videos] == [str(tmp_path / "set/ann/1.mp4")]
    assert "stray.txt" in handed["report"].notes[0] and not handed["report"].refused


def test_what_is_neither_a_folder_nor_a_manifest_is_refused(tmp_path, handed):
    (tmp_path / "talks.xlsx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"talks\.xlsx: is neither a folder nor a manifest; .*\.csv"):
        module.preprocess_dataset.fn(str(tmp_path / "talks.xlsx"), settings=Settings())
    assert not handed
