# `make demo` and `make test` create what they need; no other command is necessary.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
UNIT_TESTS := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not integration and not end_to_end and not footage and not soak"

# Where Python is told to keep no byte code (many containers are), each of the thousand processes of a test run, and every
# command, compiles what it imports anew: Prefect, Ray and torch took two to three times as long to import.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test soak check bench pins clean

# The pins are complete, so they need no resolver; what it then finds in place, it keeps, and where it must not, it says so.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert sys.version_info[:2] == (3, 11), "Python 3.11 is needed (make PYTHON=python3.11)"'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --no-deps --no-compile -r constraints.txt || echo "Not every pin fits this machine: pip resolves the rest."
	$(PIP) install --no-compile -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip check
	$(BIN)/python -m compileall -qq -j 0 -x '/tests/' "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" || true
	touch $@

demo: $(STAMP)
	$(BIN)/tango demo

# One run, one after the other: they share a Prefect server, a Ray cluster and an avatar, and side by side on two cores
# they took longer (of each, up to eight times) than in a row.
test: check
	$(BIN)/python -m pytest -m "(integration or end_to_end or footage) and not soak" --durations=25

# What takes minutes each and needs no run at every change, and the properties on new random examples: before a release,
# and after changes of what they are about.
soak: $(STAMP)
	$(UNIT_TESTS) --hypothesis-profile=searching
	$(BIN)/python -m pytest -m soak --durations=25

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports
	$(BIN)/mypy data_catalog tasks flows tango_models benchmarks
	$(UNIT_TESTS)

bench: $(STAMP)
	$(BIN)/python -m benchmarks

# The newest releases that pyproject.toml admits, without what is of this machine's build (torch's `+cpu`).
pins:
	rm -rf .pins && $(PYTHON) -m venv .pins
	.pins/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	(head -1 constraints.txt; .pins/bin/python -m pip freeze --all --exclude tango-avatar --exclude pip | sed -n 's/+[a-z0-9.]*$$//; /==/p') > .pins/constraints.txt
	mv .pins/constraints.txt constraints.txt && rm -rf .pins

clean:
	rm -rf $(VENV) demo_out *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
