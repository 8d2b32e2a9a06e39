# The front door. Every word sets itself up: it needs Python 3.11 or newer, and a package index.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test chaos measure check format clean

demo: .venv/ready ## a whole stack on this machine: imports a file, runs a hand-sent event
	@$(BIN)/python -m local demo

test: .venv/ready ## every test; no network, no AWS account
	@$(BIN)/pytest -n 2

chaos: .venv/ready ## 300 tasks on a local AWS that fails; SEED=7 make chaos repeats a run
	@$(BIN)/python -m tests.chaos

measure: .venv/ready ## the numbers that are promised, and what they are
	@$(BIN)/python -m tests.measure

check: .venv/ready ## what CI runs: format, lint, types, imports, tests
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: .venv/ready
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

clean:
	rm -rf .venv .build .wheels .local

.venv/ready: requirements.txt requirements-dev.txt requirements-lambda.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -m infra.wheels # what the bundle carries, for the tests to need no network
	@touch $@
