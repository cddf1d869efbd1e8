# Needs Python 3.11+ and make, nothing else: every target makes the .venv it runs in.

VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
INPUTS := pyproject.toml constraints.txt
TESTS ?= tests
WORKERS ?= 3
BENCH ?=
SEEDS ?= 5
GUARDS ?=

# Hundreds of tests start processes of ours: what they compile is kept, whatever the machine's own setting is.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test chaos guards lint mypy pyright bench docs clean

help:  ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F'|' '{printf "  make %-7s %s\n", $$1, $$2}'

demo: $(RUN_STAMP)  ## the hub's main job on the built-in sandbox, start to reconciled
	$(BIN)/benehub demo

test: $(DEV_STAMP)  ## all tests (TESTS=path for a part, WORKERS=n); gets a Chromium where it can
	@$(BIN)/python tests/browsers.py --install
	$(BIN)/python -m pytest -n $(WORKERS) --maxschedchunk=16 $(TESTS)

chaos: $(DEV_STAMP)  ## workers killed and stalled, the database restarted, for long (SEEDS=n); prints what came of it
	BENEHUB_CHAOS=$(SEEDS) $(BIN)/python -m pytest -s tests/chaos

guards: $(DEV_STAMP)  ## each guard of the connector SDK taken out in a copy of the tree: the tests have to notice (GUARDS="--only http")
	$(BIN)/python tests/contract/without.py $(GUARDS)

lint: $(DEV_STAMP)  ## ruff, mypy, pyright and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j2 mypy pyright
	$(BIN)/lint-imports

# Two cores work on the two: each takes minutes where nothing is cached.
mypy pyright: $(DEV_STAMP)
	$(BIN)/$@

bench: $(DEV_STAMP)  ## CPU and memory beside bare peers, as ratios; jobs a second (BENCH="--json bench.json" PEOPLE="--people n m" PAGES="--people n" JOBS="--jobs n")
	$(BIN)/python tests/bench/run.py $(BENCH)
	$(BIN)/python tests/bench/bench_api.py $(PEOPLE)
	$(BIN)/python tests/bench/bench_pages.py $(PAGES)
	$(BIN)/python tests/bench/jobs.py $(JOBS)
	$(BIN)/python tests/bench/idle.py

docs: $(DEV_STAMP)  ## write the generated pages under docs/ again
	$(BIN)/python docs/generate.py

clean:  ## remove .venv, caches and what the demo left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist benehub-demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv where it is at hand, else the standard library's venv and pip. A Python below 3.11 is refused by name.
$(BIN)/python:
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python '>=3.11' $(VENV); \
	else \
	  for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      $$python -m venv $(VENV) && exit 0; \
	      rm -rf $(VENV); exit 1; \
	    fi; \
	  done; \
	  echo "benehub needs Python 3.11 or later; none of python3, python3.11 to python3.14 is one" >&2; exit 1; \
	fi

define install
	@echo "installing into $(VENV) (once; again when $(INPUTS) change)"
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '$(1)'; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(1)'; \
	fi
endef

$(RUN_STAMP): $(INPUTS) | $(BIN)/python
	$(call install,.)
	@touch $@

$(DEV_STAMP): $(INPUTS) | $(BIN)/python
	$(call install,.[dev])
	@touch $(RUN_STAMP) $@
