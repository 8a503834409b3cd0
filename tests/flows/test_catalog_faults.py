"""Catalogs and stores that cannot be used: one line within seconds, before any work."""

import subprocess
import sys
from pathlib import Path

import lance
import numpy as np
import pytest
from typer.testing import CliRunner

from data_catalog import Catalog
from data_catalog.uris.reachable import UnusableStore
from flows.command_line.app import app
from flows.intake.requests import check_catalog
from tango_models.errors import InputError
from tests.media_samples import tone, write_sound, write_video
from tests.object_store import object_store
from tests.stages import add_video
from tests.two_nodes import namespace

pytestmark = pytest.mark.integration
TANGO = str(Path(sys.executable).parent / "tango")


@pytest.fixture
def video(tmp_path) -> str:
    return str(write_video(tmp_path / "talk.mp4", [np.full((64, 64, 3), 20 * k, np.uint8) for k in range(10)]))


@pytest.fixture
def speech(tmp_path) -> str:
    return str(write_sound(tmp_path / "a.wav", tone(0.5, 16000)))


def _refused(*command: str) -> str:
    """The line with which a command ends."""
    ran = CliRunner().invoke(app, list(command))
    assert ran.exit_code == 1 and isinstance(ran.exception, SystemExit), ran.output
    (line,) = ran.output.strip().splitlines()
    return line


def test_a_catalog_that_is_not_there(tmp_path, video, speech):
    none = str(tmp_path / "none")
    assert f"{none}: holds no catalog" in _refused(
        "reenact", "ann", speech, "--out", str(tmp_path / "o.mp4"), "--catalog", none
    )
    with pytest.raises(InputError, match=r"catalog = .*none: there is no such folder.*TANGO_CATALOG"):
        check_catalog(Catalog(none), deployed=True)
    assert not Path(none).exists()
    check_catalog(Catalog(none), deployed=False)
    check_catalog(Catalog(none), deployed=True)


def test_a_catalog_of_a_newer_release(tmp_path, video, speech):
    catalog = Catalog(tmp_path / "catalog")
    add_video(catalog, "ann", "v", uri="/a.mp4")
    lance.dataset(f"{catalog.uri}/avatars.lance").update_schema_metadata({"tango.schema": "1000"})
    out = str(tmp_path / "o.mp4")
    for command in (["status"], ["status", "ann"], ["reenact", "ann", speech, "--out", out], ["forget", "ann"]):
        assert "is of a newer release of TANGO" in _refused(*command, "--catalog", catalog.uri)
    with pytest.raises(UnusableStore, match="newer release"):
        add_video(catalog, "ann", "w", uri="/b.mp4")


def test_a_catalog_that_may_only_be_read(tmp_path, video):
    catalog = Catalog(tmp_path / "catalog")
    add_video(catalog, "ann", "v", uri="/a.mp4")
    Path(catalog.uri, "avatars.lance", "_presence.lock").unlink()
    mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    enter = [*namespace(), "sh", "-c", mount, "sh", catalog.uri, TANGO]
    ran = subprocess.run(
        [*enter, "onboard", "ann", video, "--catalog", catalog.uri], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert f"{catalog.uri}: cannot be written to" in ran.stderr and len(ran.stderr.strip().splitlines()) == 1
    ran = subprocess.run([*enter, "status", "--catalog", catalog.uri], capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and "ann" in ran.stdout, ran.stderr


def test_a_store_that_cannot_be_reached_or_has_no_such_bucket(tmp_path, video, speech, monkeypatch):
    catalog, out = str(tmp_path / "catalog"), str(tmp_path / "o.mp4")
    with object_store("footage") as options:
        monkeypatch.setenv("AWS_ENDPOINT_URL", options["aws_endpoint"])
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        said = "bucket fotage at http://127.0.0.1"
        assert said in _refused("onboard", "ann", "s3://fotage/talk.mp4", "--catalog", catalog)
        assert said in _refused("onboard", "ann", video, "--motion", "s3://fotage/m.npz", "--catalog", catalog)
        assert said in _refused("preprocess", "s3://fotage/talks.csv", "--catalog", catalog)
        assert said in _refused("preprocess", "s3://fotage/talks", "--catalog", catalog)
        add_video(Catalog(catalog), "ann", "v", uri="/a.mp4")
        assert said in _refused("reenact", "ann", speech, "--out", "s3://fotage/o.mp4", "--catalog", catalog)
        for other in ("s3://footage/none.wav", "s3://fotage/none.wav"):
            assert other in _refused("reenact", "ann", other, "--out", out, "--catalog", catalog)
    assert "nobody answers" in _refused("onboard", "ann", "s3://footage/talk.mp4", "--catalog", catalog)


@pytest.mark.parametrize("name", ["../ann", "a/b", "..", "ann/../../x", "/ann", "C:\\ann", "."])
def test_a_name_that_leads_out_of_the_catalog(tmp_path, video, name):
    catalog = str(tmp_path / "catalog")
    assert "not allowed" in _refused("onboard", "--catalog", catalog, "--", name, video)
    (tmp_path / "m.csv").write_text(f"avatar,video\n{name},{video}\n")
    ran = CliRunner().invoke(app, ["preprocess", str(tmp_path / "m.csv"), "--catalog", catalog])
    assert ran.exit_code == 1 and "m.csv row 2: " in ran.output
    assert not Path(catalog).exists()
