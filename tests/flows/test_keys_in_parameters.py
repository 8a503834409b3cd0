"""Keys of an object store are in no parameter of a flow, and so neither in Prefect's database nor in its UI."""

import contextlib
import copy
import importlib
import pickle
import pkgutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect import Flow

import flows
from data_catalog.uris.storage_options import HIDDEN
from flows.configuration.settings import Settings
from flows.deployed.given import given_settings
from tango_models.errors import InputError
from tasks.training.acinterp import ACInterpJob
from tasks.training.embedding import TrainingJob

SECRET = "s3cr3t-of-the-store"
OPTIONS = {"aws_access_key_id": f"id-{SECRET}", "aws_secret_access_key": SECRET}


def _flows() -> list[Flow]:
    found = {}
    for module in pkgutil.walk_packages(flows.__path__, "flows."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Flow):
                found[id(value)] = value
    return list(found.values())


def _database() -> list[Path]:
    from prefect.settings import get_current_settings

    file = Path(get_current_settings().server.database.connection_url.get_secret_value().split("///")[1])
    return [path for path in file.parent.glob(f"{file.name}*") if path.is_file()]


def test_prefects_database_holds_no_key(tmp_path, prefect_server):
    from flows.models.train_aumoclip import train_aumoclip
    from flows.onboard_avatar import onboard_avatar
    from flows.preprocess_dataset import preprocess_dataset
    from flows.reenact import reenact
    from flows.upkeep.rerun import Redo
    from flows.upkeep.rerun_stage import rerun_stage

    (tmp_path / "dataset").mkdir()
    settings = Settings(catalog=str(tmp_path / "catalog"), storage_options=OPTIONS, max_attempts=73)
    job = TrainingJob(folder=str(tmp_path / "run"), pairs=str(tmp_path / "none"), storage_options=OPTIONS)
    for begin in (
        lambda: onboard_avatar("ann", [str(tmp_path / "none.mp4")], settings=settings),
        lambda: preprocess_dataset(str(tmp_path / "dataset"), settings=settings),
        lambda: reenact("ann", str(tmp_path / "none.wav"), str(tmp_path / "out.mp4"), settings=settings),
        lambda: rerun_stage([], [], Redo.failed, settings),
        lambda: train_aumoclip(job, settings=settings),
    ):
        with contextlib.suppress(Exception):  # none of them can go well
            begin()
    held = b"".join(path.read_bytes() for path in _database())
    assert b'"max_attempts": 73' in held or b'"max_attempts":73' in held, "parameters are looked for in the wrong place"
    assert SECRET.encode() not in held


def test_no_flow_whatever_writes_keys_down():
    given = {
        "settings": Settings(storage_options=OPTIONS),
        "job": TrainingJob(folder="/f", storage_options=OPTIONS),
    }
    seen = set()
    for flow in _flows():
        named = {name: given[name] for name in flow.parameters.properties if name in given}
        named |= {"job": ACInterpJob(folder="/f", storage_options=OPTIONS)} if "acinterp" in flow.name else {}
        written = flow.serialize_parameters(named)
        assert SECRET not in repr(written), flow.name
        seen |= set(named)
    assert seen == {"settings", "job"}


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text(min_size=3, max_size=20), max_size=4))
def test_the_flow_itself_has_the_keys_and_nobody_who_prints_them(options):
    for made in (Settings(storage_options=options), TrainingJob(folder="/f", storage_options=options)):
        for copied in (made, made.model_copy(), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert copied.storage_options == options == copied.model_dump()["storage_options"]
        assert set(made.model_dump(mode="json")["storage_options"].values()) <= {HIDDEN}
        assert "storage_options" not in repr(made)


@pytest.mark.parametrize("override", ['storage_options={"a": "b"}', "storage_options.a=b", " storage_options = {}"])
def test_a_form_takes_no_keys(override):
    import jsonschema
    from prefect.utilities.callables import parameter_schema

    from flows.deployed.upkeep import gc

    schema = jsonschema.Draft202012Validator(parameter_schema(gc).model_dump_for_openapi())
    assert not schema.is_valid({"overrides": [override]})
    assert schema.is_valid({"overrides": ["max_attempts=3"]})
    with pytest.raises(InputError, match="worker's environment"):
        given_settings(None, [override])
