# `make demo` and `make test` each set up what is missing and then do their job.
.PHONY: demo test check bench bench-optimize fuzz clean setup
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3

demo: setup
	$(BIN)/corr collect gemm.c
	@echo
	@echo "Ask it anything:  $(BIN)/corr sql \"SELECT pass, sum(count) FROM remarks GROUP BY pass\""

test: setup $(VENV)/.dev
	@sh tools/setup-debian.sh test
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check corr collectors tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

bench: setup $(VENV)/.dev
	$(BIN)/python -m bench

bench-optimize: setup $(VENV)/.dev
	$(BIN)/python -m bench.optimize

# Damages real records of remarks at random and reads them; make fuzz FUZZ_SECONDS=600 takes longer.
FUZZ_SECONDS ?= 60
fuzz: setup $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

setup: $(VENV)/.corr
	@sh tools/setup-debian.sh

$(VENV)/.corr: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "corr needs Python 3.11 or newer (make PYTHON=python3.12 ...)" >&2; exit 3; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "no venv module; on Debian: apt-get install python3-venv" >&2; exit 3; }
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.corr
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
