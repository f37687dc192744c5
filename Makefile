# Two commands: `make demo` sets everything up and runs the main job; `make test` sets everything up and runs the tests.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
# The newest uv of the day this was pinned: installs in seconds what pip installs in minutes, from the same files.
UV_VERSION := 0.13.9
VENV := .venv
SPARK := .venv-spark
BIN := $(VENV)/bin
UV := $(BIN)/uv
export UV_COMPILE_BYTECODE ?= 1

.PHONY: help setup demo test unit lint down clean lock bench

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

# Each stamp is written last, so an interrupted step is done again from where it stopped.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
	  { echo "Python 3.11 or 3.12 is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1); name another: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "This Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@echo "[1/4] virtual environment"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.ready: requirements-dev.txt pyproject.toml | $(UV)
	@echo "[2/4] Airflow, Great Expectations and the rest (about 900 MB)"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

$(SPARK)/.ready: requirements-spark.txt | $(UV)
	@echo "[3/4] Spark, in an environment of its own (about 500 MB)"
	@test -x $(SPARK)/bin/python || $(UV) venv --quiet --python $(BIN)/python $(SPARK)
	@$(UV) pip install --quiet --python $(SPARK)/bin/python --require-hashes -r requirements-spark.txt
	@touch $@

setup: $(VENV)/.ready $(SPARK)/.ready ## Install everything into this folder
	@echo "[4/4] Java libraries"
	@$(BIN)/stack prepare

demo: setup ## Start the platform, send three days of shop events, run the DAGs, show what happened
	@$(BIN)/stack demo

# Two at a time: a whole DAG waits for its servers half of the time. A folder's tests stay together (tests/conftest.py).
test: setup unit ## All tests: unit, then with real servers and whole DAGs
	@$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder -m "integration or e2e"

unit: $(VENV)/.ready ## The fast tests only
	@$(BIN)/pytest -n 2 -q -m "not integration and not e2e"

lint: $(VENV)/.ready ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

down: ## Stop every server that `make demo` started
	@test ! -x $(BIN)/stack || $(BIN)/stack down

clean: down ## Remove what was installed and all local data
	@rm -rf $(VENV) $(SPARK) .stack great_expectations/uncommitted .pytest_cache .mypy_cache .ruff_cache .hypothesis

lock: | $(UV) ## Resolve the dependencies again (hashes, no index)
	@$(UV) pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --group dev -o requirements-dev.txt pyproject.toml
	@$(UV) pip compile -q --universal --generate-hashes --no-header --no-emit-index-url -c requirements-dev.txt -o requirements.txt pyproject.toml
	@$(UV) pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --group spark -o requirements-spark.txt

bench: setup ## The figures of the README, by hand (several minutes)
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python -m bench.$$(basename $$file .py) || exit 1; done
