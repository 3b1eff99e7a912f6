# `make demo` and `make test` each set up what is missing and then do their job.
.PHONY: demo test check long bench experiments bench-optimize bench-search judged loaded fuzz clean setup all-optimize report plot heatmap
# Each of the many processes would compile its modules anew.
export PYTHONDONTWRITEBYTECODE :=
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
WORKERS ?= --numprocesses=auto --dist=worksteal

demo: setup
	$(BIN)/corr collect gemm.c
	@echo
	$(BIN)/corr optimize gemm.c --proposer rules --iterations 1 --candidates 6 || [ $$? -eq 4 ]
	@echo
	$(BIN)/corr report gemm -o gemm.html
	@echo
	@echo "See it:           gemm.html"
	@echo "Ask it anything:  $(BIN)/corr sql \"SELECT pass, sum(count) FROM remarks GROUP BY pass\""

# Style, types and the arrows between rooms; then every test that starts no tool and takes no time.
check: $(VENV)/.dev
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check corr collectors tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest $(WORKERS) -m "not slow"

# All but what is long. What compares times runs last, what needs the machine for itself alone; what fails beside others once
# more by itself.
test: setup $(VENV)/.dev
	@sh tools/setup-debian.sh test
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check corr collectors tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	sh tools/run-tests.sh $(BIN)/python -m pytest $(WORKERS) -m "not timed and not long"
	sh tools/run-tests.sh $(BIN)/python -m pytest $(WORKERS) -m "timed and not alone and not long"
	sh tools/run-tests.sh $(BIN)/python -m pytest -m alone

# What `make test` tries a third of: planted causes of `corr diff`, honest C++ for the gate, loop nests in other orders; and
# whole sessions that take long. A quarter of an hour.
long: setup $(VENV)/.dev
	@sh tools/setup-debian.sh test
	sh tools/run-tests.sh $(BIN)/python -m pytest $(WORKERS) -m "long and not timed"
	sh tools/run-tests.sh $(BIN)/python -m pytest $(WORKERS) -m "long and timed"

bench: setup $(VENV)/.dev
	$(BIN)/python -m bench

# Ten differences divided by `diff --swap`, twenty loops with a pass left out by `why --ablate`: what
# they find where it is known. An idle machine for half an hour.
experiments: setup $(VENV)/.dev
	$(BIN)/python -m bench.experiments

bench-optimize: setup $(VENV)/.dev
	$(BIN)/python -m bench.optimize

# The studies of studies/: an hour. That of IREE is done where it is installed
# (pip install iree-base-compiler iree-base-runtime, in the environment or on the path).
bench-search: setup
	$(BIN)/corr search full studies/unroll_threshold.toml
	$(BIN)/corr search full studies/unroll_and_slp.toml
	@PATH="$(abspath $(BIN)):$$PATH"; if command -v iree-compile > /dev/null; \
	  then $(BIN)/corr search full studies/iree_split/study.toml; \
	  else echo "iree-compile is not installed: studies/iree_split is left out"; fi

# Proposes wrong and honest candidates in sessions, and writes docs/judged.md; half an hour.
judged: setup $(VENV)/.dev
	$(BIN)/python -m bench.judged

# Judges equal and slightly faster candidates beside four busy loops, for docs/judged.md; ten minutes.
loaded: setup $(VENV)/.dev
	$(BIN)/python -m bench.judged.loaded

# Optimises the kernels that ship with corr: all of them, or make all-optimize KERNELS="gemm.c 2mm.c".
# The targets after it show those, or whatever the lake has. A kernel that cannot be made faster
# (exit code 4) is no error.
ifeq ($(origin KERNELS),undefined)
KERNELS := $(filter-out regions_papi.c,$(notdir $(wildcard kernels/*.c kernels/*.cpp)))
SHOWN := --all
else
SHOWN = $(basename $(notdir $(KERNELS)))
endif
ITERATIONS ?= 3
RESULTS ?= results

all-optimize: setup
	$(BIN)/corr optimize $(KERNELS) --iterations $(ITERATIONS) $(OPTIMIZE) || [ $$? -eq 4 ]
	$(BIN)/corr export results $(SHOWN) -o $(RESULTS) --only csv,metrics,opcodes,profile,ir

report: setup
	$(BIN)/corr report $(SHOWN) -o $(RESULTS)/report.html

plot: setup
	$(BIN)/corr export results $(SHOWN) -o $(RESULTS) --only plot,bars

heatmap: setup
	$(BIN)/corr export results $(SHOWN) -o $(RESULTS) --only heatmap

# Damages real records of remarks and what other tools wrote, and reads them; reorders random loop nests and compares their results.
# make fuzz FUZZ_SECONDS=600 takes longer.
FUZZ_SECONDS ?= 60
fuzz: setup $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz_readers --seconds $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz_polyhedral --seconds $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz_irregular --seconds $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz_ahead --seconds $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz_borders --seconds $(FUZZ_SECONDS)
	$(BIN)/python -m tests.fuzz_gate --seconds $(FUZZ_SECONDS)

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
