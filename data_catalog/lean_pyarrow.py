"""pyarrow imports pandas where that is installed, as `ray[train]` wants it: a second and a half of a core in every
process, and none of ours makes data frames of tables.

Where the environment says so, as it does in our commands and workers, pyarrow is imported as if there were none.
Whoever imports pandas afterwards has it; only `to_pandas` and its like say that it is missing, in that process.
"""

import importlib
import os
import sys

VARIABLE = "PYARROW_WITHOUT_PANDAS"


class _Hidden:
    """Of `sys.meta_path`: there is no pandas."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(f"hidden by {VARIABLE}", name=name)


def import_pyarrow() -> None:
    """Import pyarrow, if the environment has `VARIABLE`; to be called before anything else does. Where pandas or
    pyarrow's own look for it have come before, nothing is gained, and nothing is changed."""
    if not os.environ.get(VARIABLE) or "pandas" in sys.modules or "pyarrow.dataset" in sys.modules:
        return
    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)  # type: ignore[arg-type]  # a finder need have no more than that method
    try:
        importlib.import_module("pyarrow.dataset")  # its import is what looks, once
    finally:
        sys.meta_path.remove(hidden)  # type: ignore[arg-type]
