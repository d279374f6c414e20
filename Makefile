# Everything that is done to this repository, one word each. Needs Python 3.10 or newer with its venv module; uses uv
# where it is on the PATH, because it installs in a tenth of pip's time.

PYTHON ?= python3
VENV ?= .venv
# More than there are cores: many tests wait for processes and servers.
WORKERS ?= 3
ARGS ?=

BIN := $(VENV)/bin
# What Mason itself needs; and what its tests need, too.
INSTALLED := $(VENV)/.installed
STAMP := $(VENV)/.setup-done
UV := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup components test lint types demo bench suites docs pictures site test-oldest test-newest build lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make $(VENV) with Mason (editable) and all that tests need

ifdef UV
INSTALL = uv pip install --quiet --python $(BIN)/python --constraints constraints.txt --editable
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
endif

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Mason needs Python 3.10 or newer; name one with PYTHON=python3.x")'
ifdef UV
	test -x $(BIN)/python || uv venv --quiet --seed --python $(PYTHON) $(VENV)
else
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
endif
	$(INSTALL) .
	@touch $@

$(STAMP): $(INSTALLED)
	$(INSTALL) '.[dev]'
	@touch $@

components: ## what slow tests run beside Mason, into .components: Spark, Hive, HDFS (Java 17), PostgreSQL, Trino's grammar, ministack, Airflow
	@PYTHON="$(PYTHON)" sh scripts/components

test: lint types ## all checks: ruff, mypy, pytest (ARGS='-k plan' for some)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: setup ## ruff: rules and layout
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup ## mypy, strict
	$(BIN)/mypy

demo: $(INSTALLED) ## the main road on real data, each command before its output
	PATH="$(abspath $(BIN)):$$PATH" sh scripts/demo
	@printf '\nTo go on, put mason on the PATH of this shell: source %s/bin/activate\n' '$(VENV)'

bench: setup ## measure speed against the floors (ARGS='--full --json FILE')
	$(BIN)/python -m benchmarks.run $(ARGS)

suites: setup ## compare with other readers over their test files (ARGS=FOLDER)
	$(BIN)/python -m benchmarks.suites $(ARGS)

docs: setup ## write the generated references anew
	$(BIN)/python -m scripts.make_docs

pictures: setup ## draw anew what a terminal shows, into docs/pictures
	$(BIN)/python -m scripts.make_pictures

site: setup ## make a site of the README and all pages, in build/site
	$(BIN)/python -m scripts.make_site

test-oldest: ## `make test` with the oldest Python that Mason runs on, where there is one
	@PYTHON="$(PYTHON)" ARGS="$(ARGS)" sh scripts/test-with 3.10

test-newest: ## `make test` with the newest Python, where it is another one than this machine's own
	@PYTHON="$(PYTHON)" ARGS="$(ARGS)" sh scripts/test-with 3.14 3.13 3.12

build: setup ## wheel and source distribution, into dist/
	$(BIN)/python -m build

lock: setup ## pin the newest versions that fit together, into constraints.txt
	command -v uv || $(BIN)/python -m pip install --quiet uv
	PATH="$(abspath $(BIN)):$$PATH" sh scripts/lock

clean: ## remove what can be made again, environments too
	rm -rf .venv .venv-3.* .components build dist mason.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
