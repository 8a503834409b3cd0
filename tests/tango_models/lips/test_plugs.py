"""A network of one's own is held to what was agreed."""

import operator
import sys

import numpy as np
import pytest

from tango_models.errors import InputError
from tango_models.lips import plugs
from tango_models.lips.plugs import check_lips, lips_id, load_plug, plugged
from tasks.rendering.output import render_key

FRAMES = [np.full((4, 6, 3), k, np.uint8) for k in range(5)]


def run(plug):
    return list(plugged(plug, "plug:x", iter(FRAMES), np.zeros(2667, np.float32), 30))


def test_frames_go_in_and_come_out():
    made = run(lambda frames, audio, fps: (255 - frame for frame in frames))
    assert [int(frame[0, 0, 0]) for frame in made] == [255, 254, 253, 252, 251]


@pytest.mark.parametrize(
    "plug",
    [
        lambda frames, audio, fps: (frame for frame in list(frames)[:3]),
        lambda frames, audio, fps: (next(frames) for _ in range(3)),
        lambda frames, audio, fps: (frame[:2] for frame in frames),
        lambda frames, audio, fps: (frame / 255 for frame in frames),
        lambda frames, audio, fps: (frame for given in frames for frame in (given, given)),
    ],
)
def test_anything_else_is_refused(plug):
    with pytest.raises(InputError, match="plug:x"):
        run(plug)


def test_unknown_names_are_refused(monkeypatch):
    assert [check_lips(name) for name in ("off", "match")] == ["off", "match"]
    for name in ("", "wav2lip", "plug:", "plug:nobody"):
        with pytest.raises(InputError, match="--lips"):
            check_lips(name)
    assert plugs.GROUP == "tango.lips"


def install(folder, package: str, version: str, *names: str):
    """A package with plugs, as pip leaves it."""
    info = folder / f"{package}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("[tango.lips]\n" + "".join(f"{name} = operator:mul\n" for name in names))
    return folder


@pytest.mark.parametrize(
    ("package", "version", "same"),
    [("lipnet", "1.0", True), ("lipnet", "1.1", False), ("lipnet-fork", "1.0", False)],
)
def test_another_package_or_version_of_it_is_another_plug_and_another_render(
    tmp_path, monkeypatch, package, version, same
):
    found = []
    for folder, given in (("before", ("lipnet", "1.0")), ("after", (package, version))):
        monkeypatch.setattr(sys, "path", [str(install(tmp_path / folder, *given, "x", "y"))])
        assert lips_id("plug:x").endswith(" of {} {}".format(*given)) and load_plug("plug:x") is operator.mul
        assert lips_id("plug:x") != lips_id("plug:y")
        found.append(render_key("path", "flow", "/out/ann.mp4", "plug:x"))
    assert (found[0] == found[1]) is same


def test_a_name_that_two_packages_give_is_refused(tmp_path, monkeypatch):
    for package in ("lipnet", "mouthnet"):
        install(tmp_path, package, "2.0", "x")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    for use in (check_lips, lips_id, load_plug):
        with pytest.raises(InputError, match=r"plug:x: is a plug of lipnet 2\.0 and mouthnet 2\.0; uninstall"):
            use("plug:x")


def test_lips_without_a_package_are_their_name():
    assert [lips_id(name) for name in ("off", "match")] == ["off", "match"]
