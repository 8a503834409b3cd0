"""Settings that are paths mean the same in the folder of a run as where they were set."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.configuration.setting_names import leaves, variable
from flows.configuration.setting_paths import PATHS, whole_paths
from flows.configuration.settings import load_settings, setting_names
from flows.server.worker import Work

NAMES = st.text(st.sampled_from("abc./"), min_size=1, max_size=8).filter(lambda text: text.strip("./"))


@given(st.dictionaries(st.sampled_from(PATHS), st.tuples(NAMES, st.booleans()), min_size=1), st.booleans())
def test_relative_paths_are_of_the_folder_where_they_were_set(tmp_path_factory, given_paths, in_capitals):
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        table: dict[str, dict] = {}
        for name, (path, in_file) in given_paths.items():
            if in_file:
                *groups, last = name.split(".")
                place = table
                for group in groups:
                    place = place.setdefault(group, {})
                place[last] = path
            else:
                text = variable(name)
                patch.setenv(text if in_capitals else text.lower(), path)
        (here / "tango.toml").write_text(_toml(table))
        patch.setenv("TANGO_SETTINGS", "tango.toml")
        work = Work("/catalog", variables=whole_paths(load_settings()))
        environment = work._environment()
        for name in [name for name in os.environ if name.upper().startswith("TANGO_")]:
            patch.delenv(name)
        for name, value in environment.items():
            if name.upper().startswith("TANGO_"):
                patch.setenv(name, value)
        patch.chdir(there)
        found = load_settings()
    assert found.catalog == "/catalog"
    for name, (path, _) in given_paths.items():
        value = found
        for part in name.split("."):
            value = getattr(value, part)
        assert os.path.isabs(value) and os.path.abspath(value) == os.path.abspath(here / path)


def _toml(table: dict, before: str = "") -> str:
    text = "".join(f'{name} = "{value}"\n' for name, value in table.items() if isinstance(value, str))
    return text + "".join(f"[{name}]\n{_toml(below)}" for name, below in table.items() if isinstance(below, dict))


def test_whole_paths_homes_and_uris_stay_as_they_are(monkeypatch):
    for place in ("/a/b", "~/b", "s3://bucket/b"):
        monkeypatch.setenv("TANGO_DATASET", place)
        monkeypatch.setenv("TANGO_BODY", place)
        assert whole_paths(load_settings()) == {}


def test_no_setting_that_is_a_path_is_forgotten():
    words = ("path", "file", "folder", "checkpoint", "backbones", "body", "dataset", "acinterp")
    named = {leaf for leaf in leaves(setting_names()) if leaf.split(".")[-1].split("_")[-1] in words}
    assert named == set(PATHS)
