"""pyarrow without pandas, in processes of their own: it is decided when pyarrow is imported."""

import os
import subprocess
import sys

from data_catalog.lean_pyarrow import VARIABLE

_USES = """
import sys
import data_catalog
assert ("pandas" in sys.modules) is {there}, "after the catalog"
import pyarrow, lance
path = sys.argv[1]
lance.write_dataset(pyarrow.table({{"key": ["a", "b"], "value": [1.0, None]}}), path)
table = lance.dataset(path).to_table(filter="value IS NOT NULL")
assert table.to_pylist() == [{{"key": "a", "value": 1.0}}]
import pandas
assert pandas.DataFrame({{"value": [1, 2]}})["value"].sum() == 3
"""


def _run(code: str, *arguments: str, **environment: str) -> None:
    without = {name: value for name, value in os.environ.items() if name != VARIABLE}
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=without | environment, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr


def test_where_the_environment_says_so_the_catalog_brings_no_pandas_and_works(tmp_path):
    _run(_USES.format(there=False), str(tmp_path / "lean.lance"), **{VARIABLE: "1"})


def test_else_pyarrow_has_the_pandas_that_is_installed(tmp_path):
    _run(_USES.format(there=True), str(tmp_path / "usual.lance"))


def test_who_imported_pandas_before_keeps_what_pyarrow_makes_of_it():
    _run(
        "import pandas, data_catalog, pyarrow; assert len(pyarrow.table({'value': [1, 2]}).to_pandas()) == 2",
        **{VARIABLE: "1"},
    )
