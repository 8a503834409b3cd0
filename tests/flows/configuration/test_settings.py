"""One tree of settings, from the environment or a file."""

import json
import random
import re
import string

import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flows.configuration.setting_names import FILE_VARIABLE, leaves, variable
from flows.configuration.settings import Settings, load_settings, setting_names
from tango_models.errors import InputError
from tasks.runtime.registry import create_stage
from tasks.views.footage.frame_source import FRAME_CACHE_MB

LEAVES = sorted(leaves(setting_names()))
LETTERS = string.ascii_lowercase + string.digits + "_."
KNOWN = {".".join(leaf.split(".")[:end]) for leaf in LEAVES for end in range(1, leaf.count(".") + 2)}


def test_a_nested_setting_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("TANGO_CATALOG", "s3://bucket/tables")
    monkeypatch.setenv("TANGO_BODY", "/models/SMPLX_NEUTRAL_2020.npz")
    monkeypatch.setenv("TANGO_STAGES__RENDER_VIDEO__CRF", "16")
    settings = Settings()
    assert settings.catalog == "s3://bucket/tables"
    assert settings.stages.render_video.crf == 16
    configs = settings.stage_configs()
    assert configs["fit_smplx"]["body"] == configs["create_clips"]["body"] == "/models/SMPLX_NEUTRAL_2020.npz"


def test_a_file_gives_what_the_environment_does_not(monkeypatch, tmp_path):
    path = tmp_path / "tango.toml"
    path.write_text('catalog = "from_file"\nmax_attempts = 9\n[cluster.workers.detect_landmarks]\ncount = 3\n')
    monkeypatch.setenv("TANGO_SETTINGS", str(path))
    monkeypatch.setenv("TANGO_CATALOG", "from_environment")
    settings = Settings()
    assert (settings.catalog, settings.max_attempts) == ("from_environment", 9)
    assert settings.cluster.workers["detect_landmarks"].count == 3


def test_a_settings_file_that_is_missing_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("TANGO_SETTINGS", str(tmp_path / "none.toml"))
    with pytest.raises(ValueError, match="no such file"):
        Settings()


def test_a_value_out_of_range_is_refused(monkeypatch):
    monkeypatch.setenv("TANGO_MAX_FAILED_SHARE", "2")
    with pytest.raises(ValueError, match="max_failed_share"):
        Settings()


def test_settings_survive_the_way_through_a_deployments_parameters():
    settings = Settings(catalog="x")
    assert Settings(**settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("TANGO_STAGES__RENDER_VIDO__CRF", "stages.render_video.crf"),
        ("TANGO_STAGES__RENDER_VIDEO__CFR", "stages.render_video.crf"),
        ("TANGO_CATALOGUE", "catalog"),
        ("tango_max_attemps", "max_attempts"),
        ("TANGO_STAGES__FIT_SMPLX__BODY", "body"),
        ("TANGO_STAGES__RETRIEVE_PATH__EDGES__SEPARATION", "stages.score_edges.edges.separation"),
        ("TANGO_CLUSTER__WORKERS__DETECT_LANDMARK__COUNT", "cluster.workers.detect_landmarks.count"),
        ("TANGO_CATALOG__URI", "catalog"),
        ("TANGO_STAGES__DETECT_MOUTHS__CRF", "stages."),
    ],
)
def test_a_name_that_is_no_setting_is_refused_with_the_nearest(monkeypatch, name, nearest):
    monkeypatch.setenv(name, "3")
    with pytest.raises(ValueError, match=rf"is no setting; did you mean {re.escape(nearest)}"):
        Settings()


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("TANGO_RAY", "settings are: acinterp, aumoclip.…, body, catalog,"),
        ("TANGO_STAGES__RENDER_VIDEO__ZZZZZZZZ", "settings of stages.render_video are: crf, frame_cache_mb,"),
    ],
)
def test_a_name_that_is_like_no_setting_is_refused_with_those_of_its_group(monkeypatch, name, there):
    monkeypatch.setenv(name, "3")
    with pytest.raises(ValueError, match=rf"is no setting; {re.escape(there)}") as refused:
        Settings()
    assert len(str(refused.value)) < 500


def test_a_name_in_a_file_or_a_deployments_parameters_is_refused_too(monkeypatch, tmp_path):
    path = tmp_path / "tango.toml"
    path.write_text("[stages.interpolate_seams.placement]\nmax_halff = 3\n")
    monkeypatch.setenv("TANGO_SETTINGS", str(path))
    with pytest.raises(ValueError, match=r"did you mean stages\.interpolate_seams\.placement\.max_half"):
        Settings()
    monkeypatch.delenv("TANGO_SETTINGS")
    with pytest.raises(ValueError, match="did you mean max_failed_share"):
        Settings(max_failed_shares=0.5)


def test_what_stages_share_is_set_once(monkeypatch):
    monkeypatch.setenv("TANGO_STAGES__SCORE_EDGES__EDGES__SEPARATION", "9")
    monkeypatch.setenv("TANGO_STAGES__INTERPOLATE_SEAMS__PLACEMENT__MAX_HALF", "5")
    monkeypatch.setenv("TANGO_AUMOCLIP__BACKBONES", "/models")
    configs = Settings().stage_configs()
    assert configs["retrieve_path"]["edges"] == configs["score_edges"]["edges"]
    assert configs["retrieve_path"]["edges"]["separation"] == 9
    assert configs["render_video"]["seams"]["placement"]["max_half"] == 5
    assert configs["embed_clips"] == configs["embed_speech"] == configs["retrieve_path"]["model"]


@pytest.mark.parametrize("stage", ["fit_smplx", "create_clips", "interpolate_seams", "render_video"])
def test_a_bound_on_memory_makes_nothing_stale(monkeypatch, stage):
    name, configs = f"TANGO_STAGES__{stage.upper()}__FRAME_CACHE_MB", [Settings().stage_configs()[stage]]
    monkeypatch.setenv(name, "17")
    configs.append(Settings().stage_configs()[stage])
    assert [config["frame_cache_mb"] for config in configs] == [FRAME_CACHE_MB, 17]
    one, other = (create_stage(stage, config).config_hash for config in configs)
    assert one == other
    monkeypatch.setenv(name, "0")
    with pytest.raises(ValueError, match="frame_cache_mb"):
        Settings()


def test_names_of_the_users_own_are_no_settings(monkeypatch):
    settings = Settings(storage_options={"endpoint": "http://localhost:9000"})
    assert settings.storage_options == {"endpoint": "http://localhost:9000"}


def _slips(name: str) -> set[str]:
    """All that one slip of the hand makes of a name: a letter too many, too few, another, or two exchanged."""
    found = {name[:k] + name[k + 1 :] for k in range(len(name))}
    found |= {name[:k] + letter + name[k:] for k in range(len(name) + 1) for letter in LETTERS}
    found |= {name[:k] + letter + name[k + 1 :] for k in range(len(name)) for letter in LETTERS}
    return found | {name[:k] + name[k + 1] + name[k] + name[k + 2 :] for k in range(len(name) - 1)}


def _misspelt(leaf: str, chance: random.Random) -> list[str]:
    """The parts of a name of which one is not as it should be, and no name comes of it."""
    while True:
        parts = leaf.split(".")
        place = chance.randrange(len(parts))
        parts[place] = chance.choice(sorted(_slips(parts[place])))
        plain = all(part.strip("_") == part != "" and "__" not in part and "." not in part for part in parts)
        if plain and ".".join(parts) not in KNOWN:
            return parts


def _by_variable(parts, monkeypatch, folder):
    monkeypatch.setenv(variable(".".join(parts)), "3")


def _by_json(parts, monkeypatch, folder):
    value = 3
    for part in reversed(parts[1:]):
        value = {part: value}
    monkeypatch.setenv(variable(parts[0]), json.dumps(value))


def _by_file(parts, monkeypatch, folder):
    value = "3"
    for part in reversed(parts[1:]):
        value = f'{{"{part}" = {value}}}'
    file = folder / "tango.toml"
    file.write_text(f'"{parts[0]}" = {value}\n')
    monkeypatch.setenv(FILE_VARIABLE, str(file))


@pytest.mark.parametrize("said", [_by_variable, _by_json, _by_file])
@hypothesis_settings(max_examples=2, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_any_part_of_any_name_misspelt_is_refused_with_what_was_meant(said, seed, tmp_path_factory):
    chance, folder = random.Random(seed), tmp_path_factory.mktemp("settings")
    for leaf in chance.sample(LEAVES, len(LEAVES) // 6):
        parts = _misspelt(leaf, chance)
        with pytest.MonkeyPatch.context() as monkeypatch:
            said(parts, monkeypatch, folder)
            with pytest.raises(InputError) as refused:
                load_settings()
        # of a variable that is none, what it holds is not looked at
        wrong = parts[0] if said is _by_json and parts[0] not in KNOWN else ".".join(parts)
        (meant,) = re.findall(r"is no setting; did you mean ([a-z0-9_.]+) \(", str(refused.value))
        assert meant in KNOWN and wrong in _slips(meant), (leaf, wrong)
        assert wrong in str(refused.value)


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_setting_has_no_settings_of_its_own(leaf, monkeypatch):
    if isinstance(Settings().model_dump().get(leaf), dict) or leaf.endswith(".resources"):
        return  # names of the user's own
    monkeypatch.setenv(variable(f"{leaf}.x"), "3")
    with pytest.raises(InputError, match=rf"{re.escape(leaf)}\.x .*did you mean {re.escape(leaf)} \("):
        load_settings()


def test_a_group_that_is_empty_is_looked_at_too(monkeypatch):
    monkeypatch.setenv("TANGO_STAGES", '{"render_vido": {}}')
    with pytest.raises(InputError, match=r"did you mean stages\.render_video \("):
        load_settings()
    monkeypatch.delenv("TANGO_STAGES")
    with pytest.raises(InputError, match=r"did you mean cluster\.workers\.detect_landmarks \("):
        load_settings(stages={}, cluster={"workers": {"detect_landmark": {}}})


@pytest.mark.parametrize("name", ["cluster", "stages.render_video", "storage_options", "cluster.workers"])
@pytest.mark.parametrize("text", ["3", "", "[]", "{", "{'a': 1}"])
def test_a_group_that_is_no_group_is_named(name, text, monkeypatch):
    monkeypatch.setenv(variable(name), text)
    with pytest.raises(
        InputError, match=rf"{variable(name)}: is (no JSON \(.*\)|a group of settings, and no JSON object); write"
    ):
        load_settings()


@pytest.mark.parametrize("text", [b"catalog = ", b"\xff", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_settings_file_is_named(text, monkeypatch, tmp_path):
    file = tmp_path / "tango.toml"
    file.write_bytes(text)
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    with pytest.raises(InputError, match=r"tango\.toml: is no TOML \(.*\); correct it"):
        load_settings()


def test_a_name_in_a_file_is_refused_though_the_environment_goes_before_it(monkeypatch, tmp_path):
    file = tmp_path / "tango.toml"
    file.write_text("[body]\nx = 3\n")
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    monkeypatch.setenv("TANGO_BODY", "/body.npz")
    with pytest.raises(InputError, match=r"tango\.toml: body\.x .*did you mean body"):
        load_settings()
