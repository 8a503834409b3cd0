# `make demo` and `make test` create what they need; no other command is necessary.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check bench clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert sys.version_info[:2] == (3, 11), "Python 3.11 is needed (make PYTHON=python3.11)"'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip check
	touch $@

demo: $(STAMP)
	$(BIN)/tango demo

test: check
	$(BIN)/python -m pytest -m "integration or end_to_end or footage" --durations=15

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy data_catalog tasks flows tango_models
	$(BIN)/python -m pytest -m "not integration and not end_to_end and not footage"

bench: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) demo_out *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
