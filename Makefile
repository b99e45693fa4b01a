# Everything below is made from pyproject.toml and uv.lock into .tools and .venv, and nothing outside the checkout.

PYTHON ?= python3
UV := UV_PROJECT_ENVIRONMENT=.venv .tools/bin/uv
SYNC := $(UV) sync --quiet --frozen --no-python-downloads --python $(PYTHON) --compile-bytecode --extra cjk
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help run test lint test-clients test-processes conformance live contract bench demo demo-year

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

run: .venv/.stamp ## Start Conto: database, API, workers
	@exec .venv/bin/conto up

demo: .venv/.stamp ## On a running server: issue an invoice, leave its PDF here
	@exec .venv/bin/conto demo

demo-year: .venv/.stamp ## On a running server: a company's year of billing; its table of invoices, their PDFs
	@exec .venv/bin/conto demo year

test: .venv/.stamp ## Run the tests; ARGS="-k wallet" for some of them
	@exec .venv/bin/python -m pytest -n 2 $(ARGS)

test-clients: .venv/.stamp ## Run the tests with published clients, on Node and Python
	@$(SYNC) --group clients
	@exec .venv/bin/python -m pytest tests/clients -m clients -n 0 $(ARGS)

test-processes: .venv/.stamp ## Run the tests that kill and restart servers and workers under load
	@exec .venv/bin/python -m pytest tests/processes -n 0 $(ARGS)

conformance: .venv/.stamp ## Run the scenarios of the specification; AREAS="invoices" for some of them
	@exec .venv/bin/python -m tests.conformance $(AREAS)

live: .venv/.stamp ## Run the scenarios in live organizations, their clock a file; AREAS="invoices" for some of them
	@exec .venv/bin/python -m tests.live $(ARGS) $(AREAS)

contract: .venv/.stamp ## Compare our OpenAPI with another description of the API; FILE=api.yaml for its path
	@exec .venv/bin/python -m tests.contract_comparison $(FILE)

bench: .venv/.stamp ## Measure throughput and latency
	@exec .venv/bin/python -m benchmarks

lint: .venv/.stamp ## Check style, types and the direction of imports
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --quiet --check
	@.venv/bin/basedpyright
	@.venv/bin/lint-imports --no-logo

.venv/.stamp: pyproject.toml uv.lock | .tools/bin/uv
	@$(SYNC)
	@touch $@

.tools/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Conto needs Python 3.11 or newer; name one as in: make PYTHON=python3.12 $(MAKECMDGOALS)' >&2; exit 1; }
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
