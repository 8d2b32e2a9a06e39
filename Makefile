# The front door. Every word sets itself up: it needs Python 3.11 or newer, and a package index.
PYTHON ?= python3
PYTEST_ARGS ?=
BIN := .venv/bin
# Branch coverage of handler/, in percent, that `make coverage` and `make check` ask for.
COVERAGE_FLOOR := 97
# What needs no engine of Pulumi's, no package of npm and no browser: these have their own words.
HERE := not engine and not clients and not browser

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-fast pulumi clients console screenshots first-deploy coverage chaos simulate soak measure benchmark check static lock format clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

demo: .venv/ready ## a whole stack on this machine: imports a file, runs a hand-sent event
	@$(BIN)/python -m local demo

test: .venv/ready ## the tests, 3 minutes; no network, no AWS account
	@$(BIN)/pytest -n 2 -m "not slow and $(HERE)" $(PYTEST_ARGS)

test-slow: .venv/ready ## the other tests: every call in turn, every permission, what takes seconds
	@$(BIN)/pytest -n 2 -m "slow and $(HERE)" $(PYTEST_ARGS)

test-fast: .venv/ready ## the same without the local AWS and the program, a minute
	@$(BIN)/pytest -n 2 -m "not system and not slow and not program and $(HERE)" --hypothesis-profile=fast $(PYTEST_ARGS)

pulumi: .venv/ready ## the tests on the real Pulumi engine; builds the CLI once if it isn't there
	@$(BIN)/python -m tests.engine $(PYTEST_ARGS)

clients: .venv/ready ## clients of npm, and GraphiQL in Chromium; needs Node.js, network once
	@$(BIN)/python -m tests.clients $(PYTEST_ARGS)

console: .venv/ready ## the operators' page in Chromium; needs Node.js and Chromium, network once
	@$(BIN)/python -m tests.browser $(PYTEST_ARGS)

screenshots: .venv/ready ## writes docs/images/console-*.png anew, from a stack with many tasks
	@$(BIN)/python -m tests.browser.screenshots

first-deploy: .venv/ready ## ten checks of a stack in AWS, before and after its first `up`: STACK=dev
	@$(BIN)/python -m cli.first_deploy --stack $(or $(STACK),$(error Name a stack: make first-deploy STACK=dev))

coverage: .venv/ready ## every test, and the lines of handler/ that no test runs
	@$(BIN)/pytest -n 2 -m "$(HERE)" --cov --cov-fail-under=$(COVERAGE_FLOOR) $(PYTEST_ARGS)

static: .venv/ready ## the checks that run no test: format, lint, types, imports
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: static coverage ## every check: format, lint, types, imports, tests with coverage

format: .venv/ready ## formats the code, and fixes what the linter can fix
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

chaos: .venv/ready ## 300 tasks on a local AWS that fails; SEED=7 make chaos repeats a run
	@$(BIN)/python -m tests.chaos

simulate: .venv/ready ## 10,000 tasks in one thread, with every fault; SEED=7 make simulate repeats a run
	@$(BIN)/python -m tests.simulation

soak: .venv/ready ## the properties, on new inputs for an hour; SECONDS=60 SEED=7 make soak
	@$(BIN)/python -m tests.soak

measure: .venv/ready ## the numbers that are promised, and what they are
	@$(BIN)/python -m tests.measure

benchmark: .venv/ready ## our loop, a bare loop and rivals on the same work; minutes, network once
	@$(BIN)/python -m tests.benchmark

lock: .venv/ready ## writes every requirements*.txt, after a change of a requirements*.in
	@$(BIN)/python -m infra.lock
	@$(BIN)/python -m tests.benchmark.lock
	@$(BIN)/python -m tests.browser.lock
	@$(MAKE) --no-print-directory .venv/ready

clean: ## removes everything that these words have made
	rm -rf .venv .build .wheels .local

.venv/ready: requirements-dev.txt requirements-lambda.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@ln -sfn ../../cli/background-tasks $(BIN)/background-tasks # the operators' command line
	@$(BIN)/python -m infra.archive.wheels # what the bundle carries, for the tests to need no network
	@touch $@
