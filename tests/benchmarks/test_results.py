"""RESULTS.md is made of what benchmarks printed: whole tables, one section each, nothing beside them."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import benchmarks
from benchmarks.machine import peak_memory
from benchmarks.printing import heading, median_seconds, table
from benchmarks.results import NAMES, PREAMBLE, RESULTS, compose, read_sections, write_section

EDGES = "## Edge scoring\n\n| clips | s |\n|---|---|\n| 880 | 0.3 |\n"
SEAMS = "## Seams\n\n| avatar | worst |\n|---|---|\n| ann | 21.0 |\n"


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


def test_a_table_and_its_heading_are_printed_as_markdown(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["edges.py", "--clips", "880"])
    heading("Edge scoring", "What it measures.\n", "edges")
    table(["one", "two"], [["1", "2"]])
    lines = capsys.readouterr().out.split("\n")
    assert lines[:4] == ["## Edge scoring", "", "What it measures.", ""]
    assert lines[4].startswith("`python -m benchmarks.edges --clips 880`. ") and "cores" in lines[4]
    assert lines[6:] == ["| one | two |", "|---|---|", "| 1 | 2 |", "", ""]


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
    write_section("calibration", "## Calibration", results)
    assert list(read_sections(results.read_text())) == ["edges", "calibration", "seams"]


def test_text_outside_of_sections_and_sections_of_no_benchmark_are_refused(results):
    whole = results.read_text()
    for text in (whole + "By the way.\n", whole.replace("<!-- benchmarks.seams", "Well.\n<!-- benchmarks.seams")):
        with pytest.raises(ValueError, match="outside"):
            read_sections(text)
    with pytest.raises(ValueError, match="preamble"):
        read_sections(whole.removeprefix("# Results\n"))
    with pytest.raises(ValueError, match="twice"):
        read_sections(whole + whole.removeprefix(PREAMBLE))
    with pytest.raises(ValueError, match="no such benchmark: blur"):
        write_section("blur", "## Blur", results)
    assert results.read_text() == whole


def test_the_results_are_the_preamble_and_sections_of_benchmarks_that_exist():
    text = RESULTS.read_text()
    assert compose(read_sections(text)) == text


def test_every_benchmark_has_its_name_in_the_list():
    modules = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    measuring = [name for name in modules if hasattr(importlib.import_module(f"benchmarks.{name}"), "main")]
    assert sorted(measuring) == sorted(NAMES)


def test_an_unknown_name_is_refused():
    done = subprocess.run([sys.executable, "-m", "benchmarks", "--write", "blur"], capture_output=True, text=True)
    assert done.returncode == 2 and "blur" in done.stderr
