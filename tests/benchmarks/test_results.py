"""RESULTS.md is made of what benchmarks printed: whole tables, one section each, nothing beside them."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import benchmarks
from benchmarks.machine import peak_memory
from benchmarks.printing import heading, median_seconds, table
from benchmarks.results import NAMES, RESULTS, compose, faults_of, read_sections, write_section

MEASURED = "AMD EPYC, 2 cores, 24 GiB, Python 3.11.7, 2026-11-27, commit ffe5759, load 1.5 at the start."
EDGES = (
    f"## Edge scoring\n\nDoc.\n\n`python -m benchmarks.edges --clips 880`. {MEASURED}\n\n"
    "| clips | s |\n|---|---|\n| 880 | 0.3 |\n"
)
SEAMS = (
    f"## Seams\n\nDoc.\n\n`python -m benchmarks.seams`. {MEASURED}\n\n| avatar | worst |\n|---|---|\n| ann | 21.0 |\n"
)


@pytest.fixture
def results(tmp_path):
    path = tmp_path / "RESULTS.md"
    path.write_text(compose({"edges": EDGES, "seams": SEAMS}))
    return path


@pytest.mark.parametrize("cells", [["a"], ["a", "b", "c"], []])
def test_a_row_with_another_number_of_cells_than_columns_is_refused_before_anything_is_printed(cells, capsys):
    with pytest.raises(ValueError, match=f"{len(cells)} cells under 2 columns"):
        table(["one", "two"], [["1", "2"], cells])
    assert capsys.readouterr().out == ""


def test_a_heading_tells_of_a_place_on_this_machine_the_last_part_alone(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["edges.py", "--catalog", str(tmp_path / "mine"), "--runs", "3", "own/here"])
    heading("Edge scoring", "What it measures.", "edges")
    printed = capsys.readouterr().out
    assert "`python -m benchmarks.edges --catalog mine --runs 3 own/here`" in printed and str(tmp_path) not in printed


def test_a_table_and_its_heading_are_printed_as_markdown(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["edges.py", "--clips", "880"])
    heading("Edge scoring", "What it measures.\n", "edges")
    table(["one", "two"], [["1", "2"]])
    lines = capsys.readouterr().out.split("\n")
    assert lines[:4] == ["## Edge scoring", "", "What it measures.", ""]
    assert lines[4].startswith("`python -m benchmarks.edges --clips 880`. ") and "cores" in lines[4]
    assert lines[6:] == ["| one | two |", "|---|---|", "| 1 | 2 |", "", ""]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [[], ["--speech", "my speech.wav", "--scorers", "0.5*aumoclip+0.5*prosody"]])
def test_what_is_printed_is_a_section_of_its_benchmark_and_of_no_other(name, options, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmark.py", *options])
    heading("Title", "What it measures, by `python -m benchmarks`, in | and ##.\n\nMore.\n", name)
    table(["one", "two"], [["1", "a | b"], ["", r"2 \ 3"]])
    printed = capsys.readouterr().out
    assert faults_of(name, printed) == []
    assert all(faults_of(other, printed) for other in NAMES if other != name)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("## Edge", "Edge", "not with a heading"),
        ("`python -m benchmarks.edges --clips 880`. ", "", "with which command"),
        (", commit ffe5759", "", "with which command"),
        ("AMD EPYC, 2 cores, 24 GiB", "my machine", "with which command"),
        ("|---|---|\n", "", "without a line below"),
        ("|---|---|\n", "|---|\n", "without a line below"),
        ("| 880 | 0.3 |\n", "", "or without a row"),
        ("| 880 | 0.3 |", "| 880 | 0.3 | 7 |", "3 cells under 2 columns"),
        ("| 880 | 0.3 |", "| 880 |", "1 cells under 2 columns"),
        ("| clips | s |\n|---|---|\n| 880 | 0.3 |\n", "0.3 s\n", "no table"),
    ],
)
def test_what_is_no_section_is_told_and_not_written(before, after, fault, results):
    assert faults_of("edges", EDGES) == [] and before in EDGES
    broken = EDGES.replace(before, after)
    assert any(fault in found for found in faults_of("edges", broken))
    whole = results.read_text()
    with pytest.raises(ValueError, match=r"benchmarks\.edges printed is no section"):
        write_section("edges", broken, results)
    assert results.read_text() == whole


def test_the_median_of_some_runs_comes_with_the_last_result():
    counted = iter(range(10))
    seconds, result = median_seconds(lambda: next(counted), 3)
    assert result == 2 and seconds > 0


def test_the_memory_of_a_process_is_not_that_of_the_one_that_started_it():
    held = bytearray(b"x" * 300_000_000)
    program = "from benchmarks.machine import peak_memory; print(peak_memory())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 5 < float(done.stdout) < 200 < len(held) / 1e6 < peak_memory()


def test_writing_a_section_replaces_that_section_only_and_twice_is_once(results):
    write_section("seams", SEAMS.replace("21.0", "9.0"), results)
    once = results.read_text()
    assert read_sections(once) == {"edges": EDGES, "seams": SEAMS.replace("21.0", "9.0")}
    write_section("seams", SEAMS.replace("21.0", "9.0"), results)
    assert results.read_text() == once
    write_section("seams", SEAMS, results)
    assert results.read_text() == compose({"edges": EDGES, "seams": SEAMS})


def test_a_new_section_takes_its_place_among_the_others(results):
    assert "calibration" in _never(results.read_text())
    write_section("calibration", EDGES.replace("benchmarks.edges", "benchmarks.calibration"), results)
    assert list(read_sections(results.read_text())) == ["edges", "calibration", "seams"]
    assert "calibration" not in _never(results.read_text())


def test_text_outside_of_sections_and_sections_of_no_benchmark_are_refused(results):
    whole = results.read_text()
    for text in (whole + "By the way.\n", whole.replace("<!-- benchmarks.seams", "Well.\n<!-- benchmarks.seams")):
        with pytest.raises(ValueError, match="outside"):
            read_sections(text)
    with pytest.raises(ValueError, match="preamble"):
        read_sections(whole.removeprefix("# Results\n"))
    with pytest.raises(ValueError, match="twice"):
        read_sections(whole + whole[whole.index("\n<!--") :])
    with pytest.raises(ValueError, match="no such benchmark: blur"):
        write_section("blur", "## Blur", results)
    assert results.read_text() == whole


def test_the_results_are_the_preamble_and_sections_of_benchmarks_that_exist():
    text = RESULTS.read_text()
    assert compose(read_sections(text)) == text


@pytest.mark.parametrize("name", NAMES)
def test_the_results_of_every_benchmark_stand_as_they_were_printed_or_it_is_said_that_there_are_none(name):
    text = RESULTS.read_text()
    section = read_sections(text).get(name)
    assert (section is None) == (name in _never(text))
    if section is not None:
        assert faults_of(name, section) == []


def _never(text: str) -> list[str]:
    """Those that the results say were never run."""
    lines = [line for line in text.splitlines() if line.startswith("Never run with `--write`: ")]
    return lines[0].removeprefix("Never run with `--write`: ").removesuffix(".").split(", ") if lines else []


def test_every_benchmark_has_its_name_in_the_list():
    modules = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    measuring = [name for name in modules if hasattr(importlib.import_module(f"benchmarks.{name}"), "main")]
    assert sorted(measuring) == sorted(NAMES)


def test_an_unknown_name_is_refused():
    done = subprocess.run([sys.executable, "-m", "benchmarks", "--write", "blur"], capture_output=True, text=True)
    assert done.returncode == 2 and "blur" in done.stderr
