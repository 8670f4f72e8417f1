# Formguide on a fresh machine: Python 3.11 or newer, make and, the first time, a network to the package index.
#
#   make run    install, then every sport on its sample league
#   make test   install, then the tests
#   make help   the rest

SHELL := bash
STRICT := set -euo pipefail

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.formguide-installed
DAGSTER_SETTINGS := data/dagster/dagster.yaml
TORCH_VERSION := 2.13.0
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu

PIP := $(BIN)/python -m pip --disable-pip-version-check
# Compiling every module of every package costs as much as installing them; Python compiles those it imports.
PIP_INSTALL := $(PIP) install --no-compile --progress-bar off -c constraints.txt
PIP_LOG := $(VENV)/pip.log
# pip says a line or more per package; one in twenty tells a slow network from a dead one.
PROGRESS := tee -a $(PIP_LOG) | awk '\
	/^ *Collecting / { if (++n % 20 == 0) { print "  " n " packages found"; fflush() } } \
	/^Installing collected/ { print "  unpacking " NF - 3 " packages"; fflush() }'

export DAGSTER_HOME := $(CURDIR)/data/dagster
export PYTHONUNBUFFERED := 1
# Polars' and Numba's threads are the library's to choose; BLAS on top of them only gets in their way.
export OMP_NUM_THREADS ?= 1

TEST_WORKERS ?= auto
PYTEST_ARGS ?=

.PHONY: help install run test ui lint bench clean
.DEFAULT_GOAL := help

help:
	@echo "make run      install, run every sport on its sample league, show the forecasts"
	@echo "make test     install, run the tests (PYTEST_ARGS='-k lake' for some of them)"
	@echo "make ui       install, open the Dagster UI on http://localhost:3000"
	@echo "make lint     style, types and who may import whom"
	@echo "make bench    one script per claim of speed"
	@echo "make clean    remove what can be installed again; data/ stays"

install: $(INSTALLED) $(DAGSTER_SETTINGS)

$(BIN)/python:
	@$(STRICT); found=""; \
	for name in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found="$$name"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Formguide needs Python 3.11 or newer and found none: install one, or name it with" \
			"make PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$("$$found" --version)"; \
	if ! "$$found" -m venv $(VENV); then \
		rm -rf $(VENV); \
		echo "$$found cannot make a virtual environment: on Debian and Ubuntu, apt install python3-venv" >&2; \
		exit 1; \
	fi

# PyTorch first, in its CPU build where one is within reach: left to the package index it brings gigabytes of CUDA.
$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	@$(STRICT); echo "Installing Formguide (some minutes the first time)"; \
	: > $(PIP_LOG); \
	if ! $(BIN)/python -c 'import torch' 2>/dev/null; then \
		$(PIP_INSTALL) 'torch==$(TORCH_VERSION)+cpu' >> $(PIP_LOG) 2>&1 \
			|| $(PIP_INSTALL) --extra-index-url $(TORCH_CPU_INDEX) 'torch==$(TORCH_VERSION)+cpu' >> $(PIP_LOG) 2>&1 \
			|| { echo "  no CPU build of PyTorch is within reach: installing the plain one"; \
				$(PIP_INSTALL) 'torch==$(TORCH_VERSION)' 2>&1 | $(PROGRESS); }; \
	fi; \
	if ! $(PIP_INSTALL) -e '.[dev]' 2>&1 | $(PROGRESS); then \
		tail -n 15 $(PIP_LOG) >&2; \
		echo "The installation failed ($(PIP_LOG) has all of it). make again goes on where it stopped." >&2; \
		exit 1; \
	fi; \
	touch $@

# Dagster reads its settings from DAGSTER_HOME; the file to edit is the one in the root.
$(DAGSTER_SETTINGS): dagster.yaml | $(INSTALLED)
	@$(STRICT); mkdir -p $(@D); cp dagster.yaml $@; \
	if ! $(BIN)/dagster instance concurrency set warehouse 1 >> $(PIP_LOG) 2>&1; then \
		rm -f $@; tail -n 15 $(PIP_LOG) >&2; exit 1; \
	fi

run: install
	@$(BIN)/formguide run --sample

# Files go out in their order: xdist would put those of few tests last, and the longest are among them.
test: install
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

ui: install
	@$(BIN)/formguide ui

lint: install
	@$(BIN)/ruff check --output-format concise
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: install
	@$(STRICT); for script in bench/[a-z]*.py; do echo "== $$script"; $(BIN)/python -m "bench.$$(basename "$$script" .py)"; done

clean:
	@rm -rf $(VENV) *.egg-info build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed what can be installed again. data/ stays: delete it yourself if you mean to."
