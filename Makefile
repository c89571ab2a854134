# `make install` needs only Python >= 3.11 with venv and pip; everything else runs from .venv.

VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
LOCK    := requirements/lock.txt
WORKERS ?= 2
BENCH   ?= $(wildcard benchmarks/[a-z]*.py)

# Tests start many processes: with bytecode that is kept, each imports torch in a fraction of the time.
unexport PYTHONDONTWRITEBYTECODE

# The first of these that is Python 3.11 or newer; `make install PYTHON=...` overrides it.
find_python = $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

# One thread a worker: two processes that use all cores each are slower than one.
pytest = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations=25 --durations-min=8

# The files with such a mark: to look for it in all takes two workers a minute.
marked = $$(grep -rl 'mark\.$(1)' tests --include='test_*.py')

# Ends a pytest command; status 5 means that no test was selected, which is no failure.
none_is_fine = || { status=$$?; [ $$status -eq 5 ] || exit $$status; }

.DEFAULT_GOAL := help
.PHONY: help install real zoo demo test test-slow test-long test-all lint types format bench docs lock changelog dist clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## make .venv with all extras and the tools of development

$(STAMP): pyproject.toml $(LOCK)
	@set -eu; \
	python="$(or $(PYTHON),$(find_python))"; \
	"$${python:-false}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "symmeter needs Python 3.11 or newer: install one, or name it with make install PYTHON=..." >&2; exit 1; }; \
	[ -x $(BIN)/python ] || "$$python" -m venv $(VENV); \
	uv=uv; \
	if ! uv --version >/dev/null 2>&1; then \
		uv=$(BIN)/uv; \
		[ -x "$$uv" ] || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; \
	fi; \
	UV_HTTP_TIMEOUT=$${UV_HTTP_TIMEOUT:-300} "$$uv" pip install --python $(BIN)/python -r $(LOCK) -e .
	@touch $@

real: $(STAMP) ## add the real networks that some slow tests measure
	@uv --version >/dev/null 2>&1 && uv=uv || uv=$(BIN)/uv; \
	[ -x "$$(command -v $$uv)" ] || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; \
	"$$uv" pip install --quiet --python $(BIN)/python -r requirements/real.txt && \
	"$$uv" pip install --quiet --python $(BIN)/python --no-deps -r requirements/real-alone.txt

zoo: real ## measure real trained networks beside twins with random weights, write results/ (ARGS=--help)
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m zoo $(ARGS)

demo: $(STAMP) ## train small networks here, measure them, write a report
	$(BIN)/symmeter demo

test: $(STAMP) ## run the tests and the examples in docstrings, without the slow ones
	$(pytest) -m "not slow and not long"

test-slow: $(STAMP) ## run the slow tests only, without the long ones
	$(pytest) -m "slow and not long" $(call marked,slow) $(none_is_fine)

test-long: $(STAMP) ## run what takes minutes: more cases and seeds of what other tests do for one (.ci/run leaves it out)
	$(pytest) -m long $(call marked,long) $(none_is_fine)

test-all: $(STAMP) ## run every test
	$(pytest)

study-%: $(STAMP) ## run one study, such as study-instrument, with ARGS (studies/README.md)
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python studies/$*.py $(ARGS)

lint: $(STAMP) ## check style, format, the direction of imports, and types
	$(BIN)/ruff check .
	$(BIN)/ruff check --preview --select PLW1514 src benchmarks studies zoo # text has an encoding on every system
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

types: $(STAMP) ## check types only
	$(BIN)/pyright

format: $(STAMP) ## repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## run each script in benchmarks/ with --quick (BENCH=file for one)
	@set -e; for script in $(BENCH); do echo "== $$script"; $(BIN)/python $$script --quick; done

docs: $(STAMP) ## build the site into build/docs, with warnings as errors; its notebooks are run
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -b html -W --keep-going -n -q -E -a -j 8 docs build/docs
	@echo "build/docs/index.html"

lock: $(STAMP) ## renew requirements/lock.txt (LOCK_ARGS=--upgrade for newer versions)
	@uv --version >/dev/null 2>&1 && uv=uv || uv=$(BIN)/uv; \
	"$$uv" pip compile --quiet pyproject.toml --all-extras --group dev --group docs --universal --python-version 3.11 \
		--fork-strategy fewest --no-annotate --no-header --no-emit-index-url $(LOCK_ARGS) -o $(LOCK)
	@{ echo "# All that 'make install' installs. Made by 'make lock' (uv pip compile): do not edit."; cat $(LOCK); } \
		> $(LOCK).new && mv $(LOCK).new $(LOCK)

changelog: $(STAMP) ## print what changes/ will add to CHANGELOG.md at the next release
	@$(BIN)/towncrier build --draft

dist: $(STAMP) ## build the wheel and the sdist into dist/
	@uv --version >/dev/null 2>&1 && uv=uv || uv=$(BIN)/uv; \
	rm -rf dist && "$$uv" build --quiet --out-dir dist && ls dist

clean: ## remove caches and build products, keep .venv
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
