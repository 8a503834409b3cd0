"""Faults that nobody foresaw, outside of any unit: where it happened, what to do, and where the trace is. And those
that are the user's, which stay one line."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from prefect import flow
from prefect.states import Failed
from typer.testing import CliRunner

from data_catalog import Catalog
from data_catalog.faults import BadName, InUse
from data_catalog.upkeep.tags import BadTag
from data_catalog.uris.reachable import UnusableStore
from flows.command_line.app import app
from flows.configuration.settings import Settings
from flows.deployed.given import told
from flows.stage_runs import StageRuns
from tango_models.errors import InputError
from tasks.create_clips import CreateClips
from tasks.runtime.cluster.pool import PoolClosed
from tasks.runtime.registry import STAGES
from tasks.runtime.run_stage import Progress
from tests.media_samples import tone, write_sound
from tests.stages import add_video


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch) -> Path:
    """The user's state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def catalog(tmp_path) -> str:
    catalog = Catalog(tmp_path / "catalog")
    add_video(catalog, "ann", "v", uri="/ann.mp4")
    return catalog.uri


def _line(*command: str) -> str:
    """The line with which a command fails."""
    ran = CliRunner().invoke(app, list(command))
    assert ran.exit_code == 1 and isinstance(ran.exception, SystemExit), ran.output
    (line,) = ran.output.strip().splitlines()
    return line


def _trace(said: str) -> str:
    """What stands in the file that a line names."""
    (file,) = re.findall(r"report it with the trace in (\S+)$", said)
    return Path(file).read_text()


def _break_down(monkeypatch, error: Exception) -> None:
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("flows.status.catalog_status", fail)


UNFORESEEN = [
    ValueError("Non-positive determinant"),
    KeyError("x"),
    OSError("odd"),
    RuntimeError("y"),
    ImportError("z"),
]


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
def test_a_command_says_its_name_and_keeps_the_trace(error, catalog, monkeypatch):
    _break_down(monkeypatch, error)
    said = _line("status", "ann", "--catalog", catalog)
    assert re.search(
        rf"error `tango status` met a fault of its own \({type(error).__name__}: .*\); run the command again", said
    )
    assert "in fail\n    raise error\n" in _trace(said)


@pytest.mark.parametrize("fault", [UnusableStore, BadTag, BadName, InUse])
def test_what_is_foreseen_is_told_as_it_is_and_leaves_no_trace(fault, catalog, monkeypatch, state):
    _break_down(monkeypatch, fault("it: is so; do this"))
    assert _line("status", "ann", "--catalog", catalog) == "error it: is so; do this"
    assert not state.exists()


def test_where_no_file_can_be_written_the_trace_is_on_the_terminal(catalog, monkeypatch, state):
    state.write_text("a file")
    _break_down(monkeypatch, UNFORESEEN[0])
    shown = CliRunner().invoke(app, ["status", "ann", "--catalog", catalog]).output
    assert "in fail\n    raise error\n" in shown and "report it with the trace above" in shown


def test_only_the_newest_traces_are_kept(catalog, monkeypatch, state):
    _break_down(monkeypatch, UNFORESEEN[0])
    for _ in range(52):
        said = _line("status", "ann", "--catalog", catalog)
    assert len(list((state / "tango" / "faults").iterdir())) == 50 and _trace(said)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["status", "eve"], "avatar 'eve': unknown (known: ann); onboard it first"),
        (["forget", "eve"], "avatar 'eve': unknown (known: ann); `tango status` lists them"),
        (["forget", "ann", "x.mp4"], "x.mp4: no video of ann (it has ann.mp4); name one of those"),
        (["rerun", "eve"], "avatar 'eve': unknown (known: ann); name one of those"),
        (["rerun", "a/b"], "avatar name 'a/b': not allowed; use"),
        (["onboard", "a/b"], "avatar name 'a/b': not allowed; use"),
        (["onboard", "eve"], "avatar 'eve': unknown, and no video is given; run `tango onboard eve VIDEO...`"),
        (["reenact", "eve", "SPEECH", "--out", "OUT"], "avatar 'eve': unknown (known: ann); run `tango onboard eve"),
        (["reenact", "ann", "SPEECH", "--out", "OUT"], "avatar 'ann': none of its 1 videos is ready; `tango status"),
        (["reenact", "ann", "SPEECH", "--out", "OUT", "--scorer", "x"], "scorer 'x': 'x' is not known; choose among"),
        (["tag", "a b"], "tag 'a b': not allowed; use"),
        (
            ["tag", "x", "--delete"],
            "tag 'x': unknown (known: none); there is nothing to delete; `tango tag` lists those there are",
        ),
        (["train", "aumoclip", "--folder", "OUT", "--avatar", "eve"], "avatar eve: has no clips in the present"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_fault_of_the_users_stays_one_line(command, said, catalog, tmp_path, state):
    places = {"SPEECH": str(write_sound(tmp_path / "a.wav", tone(0.5, 16000))), "OUT": str(tmp_path / "o.mp4")}
    shown = _line(*(places.get(part, part) for part in command), "--catalog", catalog)
    assert shown.startswith(f"error {said}") and not state.exists()


@pytest.mark.parametrize("variable", ["TANGO_MAX_ATTEMPTS", "TANGO_STAGES", "TANGO_STAGES__RENDER_VIDEO__CRF"])
def test_a_setting_that_cannot_be_stays_one_line(variable, catalog, monkeypatch, state):
    monkeypatch.setenv(variable, "-x")
    shown = _line("status", "--catalog", catalog)
    assert variable in shown and "fault of its own" not in shown and not state.exists()


def _ended(stage: str, error: Exception) -> list[str]:
    """What a run says of a stage whose task ended so."""
    pools = SimpleNamespace(catalog=SimpleNamespace(uri="/catalog"))
    runs = StageRuns(pools, Progress(), Settings())  # type: ignore[arg-type]
    future = SimpleNamespace(state=Failed(data=error), wait=lambda: None)
    runs._futures.append((stage, "ann.mp4", future))  # type: ignore[arg-type]
    (summary,) = runs.summaries()
    return summary.errors


@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_of_a_plan_says_the_stage_and_keeps_the_trace(stage, state):
    def plan():
        raise ValueError("Non-positive determinant")

    with pytest.raises(ValueError, match="Non-positive") as raised:
        plan()
    (said,) = _ended(stage, raised.value)
    assert said.startswith(f"ann.mp4: {stage} met a fault of its own (ValueError: Non-positive determinant); run the")
    assert "in plan\n" in _trace(said)


@pytest.mark.parametrize("error", [InputError("x.mp4", "is empty", "copy it again"), PoolClosed()])
def test_what_is_no_fault_of_a_stage_is_told_as_it_is(error, state):
    assert _ended("fit_smplx", error) == [f"ann.mp4: {error}"] and not state.exists()


@pytest.mark.integration
def test_a_run_whose_plan_breaks_down_says_so(catalog, monkeypatch, prefect_server):
    def plan(self, source, **_):
        raise ValueError("Non-positive determinant")

    monkeypatch.setattr(CreateClips, "plan", plan)
    settings = Settings(catalog=catalog, task_retries=0)
    pools = SimpleNamespace(catalog=Catalog(catalog), configs=settings.stage_configs())

    @flow(persist_result=False)
    def run() -> list[str]:
        runs = StageRuns(pools, Progress(), settings)  # type: ignore[arg-type]
        return runs.run("create_clips", "ann.mp4", {"track": "v"}).errors

    (said,) = run()
    assert said.startswith("ann.mp4: create_clips met a fault of its own (ValueError: Non-positive determinant); run")
    assert 'in plan\n    raise ValueError("Non-positive determinant")\n' in _trace(said)


@pytest.mark.integration
@pytest.mark.parametrize("error", [ValueError("Non-positive determinant"), InputError("x", "is empty", "copy it")])
def test_a_flow_of_the_page_ends_with_what_to_do_and_its_trace_is_in_the_runs_log(error, prefect_server, caplog):
    @flow(persist_result=False)
    @told
    def rerun_stage():
        raise error

    state = rerun_stage(return_state=True)
    logs = "\n".join(entry.getMessage() for entry in caplog.records if entry.name == "prefect.flow_runs")
    if isinstance(error, InputError):
        assert state.message == str(error) and "raise error" not in logs
    else:
        assert state.message.startswith(
            "rerun-stage met a fault of its own (ValueError: Non-positive determinant); run"
        )
        assert state.message.endswith("report it with the trace in the run's log in the UI")
        assert "in rerun_stage\n    raise error\n" in logs
