# The verbs. Each is a line; what is longer is in scripts/. ARGS reaches the program: make test ARGS="-k cursors -x"

BIN := .venv/bin
# The interpreter itself, not the one of an environment that happens to be active.
PYTHON ?= $(shell for python in python3 python3.15 python3.14 python3.13 python3.12 python3.11; do $$python -c \
	'import sys; sys.version_info < (3, 11) and sys.exit(1); print(sys._base_executable)' 2>/dev/null && break; done)
# Node of the wheel, where there is one, lies beside Python.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench chaos siege fuzz conformance docs clean

help:
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 14

setup: ## make .venv, the browser's client and the dashboard, and see to Node, the Node packages of the tests and a Chromium
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "setup: Headway needs Python 3.11 or newer; install it, or call make PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) scripts/setup.py $(SETUP)

run: SETUP = run
run: setup ## start the demo at http://127.0.0.1:4000: live work of every kind, and nothing of it stays
	@$(BIN)/headway demo $(ARGS)

test: setup ## run every test
	@$(BIN)/python -m pytest -n auto --maxprocesses 2 $(ARGS)
	@# A choice of Python's tests (ARGS="-k cursors -x") is one without these.
	@$(if $(filter-out --%,$(ARGS)),,npm --prefix clients/typescript run --silent test)
	@$(if $(filter-out --%,$(ARGS)),,npm --prefix clients/react run --silent test)

check: SETUP = run
check: setup ## format, lint, strict types, import contracts, unused dependencies, documentation, TypeScript
	@scripts/check

bench: setup ## measure delivery against a C floor and others; wants a C compiler
	@$(BIN)/python -m bench $(ARGS)

chaos: setup ## kill and cut at random, then compare what every client saw with the log
	@$(BIN)/python -m chaos $(ARGS)

siege: setup ## attack at full speed and measure what a thousand valid clients notice; ARGS="--clients 1000 --seconds 5"
	@$(BIN)/python -m siege $(ARGS)

fuzz: SETUP = fuzz
fuzz: setup ## feed every reader of strangers' bytes with what nobody would write; ARGS="--minutes 10"
	@$(BIN)/python -m fuzz $(ARGS)

conformance: setup ## run other people's protocol suites; conformance/README.md says how to have them
	@ENGINEIO="$(ENGINEIO)" SOCKETIO="$(SOCKETIO)" WSTEST="$(WSTEST)" scripts/conformance

docs: SETUP = run
docs: setup ## write what is made from the code: pages of docs/reference, tables of the TypeScript client
	@$(BIN)/python scripts/docs.py $(ARGS)
	@$(BIN)/python scripts/typescript.py $(ARGS)

clean: ## remove everything the other verbs made
	rm -rf .venv .tools .fuzz tests/peers/node_modules bench/build dist
	rm -rf clients/react/node_modules clients/react/dist dashboard/node_modules dashboard/dist
	rm -rf clients/typescript/node_modules clients/typescript/dist src/headway/server/static/built
	rm -rf .coverage htmlcov .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
