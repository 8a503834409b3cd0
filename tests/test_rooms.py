"""The house stays one in which things are found: how much lies at the top of the rooms that people enter first."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST = 14


@pytest.mark.parametrize(
    "room",
    [
        *("tasks", "tasks/runtime", "flows", "data_catalog"),
        *("tango_models/motion_graph", "tango_models/body", "tango_models/aumoclip", "tango_models/interpolation"),
    ],
)
def test_a_room_lists_no_more_files_than_one_reads_at_a_glance(room):
    files = sorted(path.name for path in (ROOT / room).glob("*.py"))
    assert len(files) <= MOST, f"{room} has {len(files)} files: give some that belong together a room of their own"


def test_every_room_says_what_it_is_for():
    for room in ("tasks", "flows", "tango_models", "data_catalog"):
        for init in (ROOT / room).rglob("__init__.py"):
            assert init.read_text().lstrip().startswith('"""'), f"{init.relative_to(ROOT)} says nothing"
