"""What the forms of the deployments take, and what is refused before a run begins."""

import importlib
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flows.deployed.given import given_settings
from tango_models.errors import InputError

ENTRIES = yaml.safe_load((Path(__file__).parents[3] / "prefect.yaml").read_text())["deployments"]


def _flow(entry):
    module, _, name = entry["entrypoint"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def _schema(name):
    from prefect.utilities.callables import parameter_schema

    (entry,) = [entry for entry in ENTRIES if entry["name"] == name]
    return parameter_schema(_flow(entry))


def _refused(name: str, **parameters) -> bool:
    schema = _schema(name).model_dump()
    return not jsonschema.Draft202012Validator(schema).is_valid(parameters)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_every_parameter_has_a_line_of_help_and_the_settings_tree_is_no_part_of_the_form(entry):
    flow = _flow(entry)
    assert flow.name == entry["name"]
    from prefect.utilities.callables import parameter_schema

    schema = parameter_schema(flow)
    for name, field in schema.properties.items():
        kind = schema.definitions.get(field.get("$ref", "").rpartition("/")[2], {})
        assert field.get("description") or kind.get("description"), name
    assert "settings" not in schema.properties and "catalog" not in schema.properties
    for schedule in entry.get("schedules", []):
        assert schedule["slug"] and schedule["active"] is False


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "x" * 65, "a\\b"])
def test_the_server_refuses_names_that_are_paths(name):
    assert _refused("onboard-avatar", avatar=name)
    assert not _refused("onboard-avatar", avatar="ann", videos=["/data/talk.mp4", "s3://b/k.mp4"])


@pytest.mark.parametrize("path", ["talk.mp4", "./talk.mp4", "../talk.mp4", "", "data/x.wav"])
def test_the_server_refuses_relative_paths(path):
    assert _refused("onboard-avatar", avatar="ann", videos=[path])
    assert _refused("preprocess-dataset", folder=path)
    assert _refused("reenact", avatar="ann", speech=path, out="/out.mp4")
    assert _refused("reenact", avatar="ann", speech="/in.wav", out=path)
    assert _refused("reenact", avatar="ann", speech="/in.wav", out="/out.mp4", settings_file=path)


def test_the_server_refuses_what_is_out_of_bounds_or_no_choice():
    good = {"avatar": "ann", "speech": "/in.wav", "out": "/out.mp4"}
    assert not _refused("reenact", **good, seed=3, interpolator="rife", scorer="0.7*aumoclip+0.3*prosody")
    assert _refused("reenact", **good, seed=-1)
    assert _refused("reenact", **good, interpolator="magic")
    assert _refused("rerun-stage", stages=["fly"])
    assert _refused("rerun-stage", redo="perhaps")
    assert _refused("train-aumoclip", folder="/f", workers=0)
    assert not _refused("rerun-stage", stages=["fit_smplx"], redo="force")
    assert not _refused("evaluate-interpolators", interpolators=["cut", "flow"], lengths=[7], gaps=3)
    for wrong in ({"lengths": [0]}, {"lengths": [61]}, {"gaps": 0}, {"interpolators": ["none"]}, {"weights": ["w"]}):
        assert _refused("evaluate-interpolators", **wrong)


def _numbers(field):
    """The parts of a parameter's schema that take numbers."""
    for part in (field, *field.get("anyOf", []), *([field["items"]] if "items" in field else [])):
        if part.get("type") in ("integer", "number"):
            yield part


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_every_number_of_a_form_has_bounds_that_prefects_server_can_give_out_again(entry):
    schema = _schema(entry["name"])
    for name, field in schema.properties.items():
        for part in _numbers(field):
            assert part.get("minimum", -(2**64)) > -(2**63) and part.get("maximum", 2**64) < 2**63, name


def test_the_forms_offer_what_the_commands_and_the_jobs_do():
    from flows.command_line.app import InterpolatorName
    from flows.deployed.judging import Judged
    from flows.deployed.models import ACInterpSize, ACInterpStage
    from flows.deployed.rendering import Interpolator
    from tango_models.interpolation.acinterp.configuration import named_config
    from tango_models.interpolation.acinterp.learning.stages import STAGES
    from tango_models.interpolation.interpolators import NAMES
    from tasks.training.acinterp import ACInterpJob, check_acinterp_job

    assert [choice.value for choice in Interpolator] == [choice.value for choice in InterpolatorName]
    assert sorted(choice.value for choice in Judged) == sorted({"cut", "fade", *NAMES} - {"none"})
    assert sorted(stage.value for stage in ACInterpStage) == sorted(STAGES)
    for size in ACInterpSize:
        named_config(size.value)
    check_acinterp_job(ACInterpJob(folder="/f", stage=ACInterpStage.refiner.value, training={"steps": 3}))
    with pytest.raises(InputError):
        check_acinterp_job(ACInterpJob(folder="/f", stage="fly"))


def test_settings_of_a_run_go_before_its_file_and_that_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TANGO_MAX_ATTEMPTS", "2")
    monkeypatch.setenv("TANGO_TASK_RETRIES", "4")
    monkeypatch.setenv("TANGO_STAGES__RENDER_VIDEO__REPORT_MB", "7")
    file = tmp_path / "run.toml"
    file.write_text("max_attempts = 3\ntransitions_mb = 5\n[stages.render_video]\ncrf = 20\n")
    found = given_settings(str(file), ["stages.render_video.crf=16", "max_failed_share = 0.5"])
    assert (found.max_attempts, found.task_retries, found.transitions_mb, found.max_failed_share) == (3, 4, 5, 0.5)
    assert (found.stages.render_video.crf, found.stages.render_video.report_mb) == (16, 7)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("max_atempts=3", "max_attempts"),
        ("max_attempts=0", "max_attempts"),
        ("max_attempts.x=0", "max_attempts"),
        ("stages.render_video.crf=[]", "crf"),
        ("catalog=elsewhere", "is served"),
    ],
)
def test_what_is_no_setting_is_named(override, said, monkeypatch):
    monkeypatch.setenv("TANGO_CATALOG", "/served")
    with pytest.raises((InputError, ValueError), match=said):
        given_settings(None, [override])


@given(st.text(max_size=30))
def test_no_override_whatever_raises_anything_but_a_line_for_a_person(text):
    try:
        given_settings(None, [text])
    except (InputError, ValueError) as error:
        assert str(error)
