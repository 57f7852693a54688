# `make help` lists the targets. What they share is in scripts/.
SHELL = /bin/sh
BIN = .venv/bin
SETUP = python=$$(sh scripts/python.sh) && "$$python" scripts/setup.py
.DEFAULT_GOAL = help
.PHONY: help setup setup-dev run test faults a11y weight screenshots check format services services-stop bench clean

help: ## List the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/#/' | awk -F'# ' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo
	@echo '  PORT=8001 make run           serves at another port'
	@echo '  ENTRAIDE_HOME=/path make run keeps its state elsewhere than in var/'

setup: ## Make everything that running needs, in .venv, node_modules and var
	@$(SETUP)

setup-dev: ## The same, and what tests and checks need
	@$(SETUP) --dev

run: setup ## Serve the board at http://127.0.0.1:8000, with demo data the first time
	@exec $(BIN)/entraide up --demo

test: setup-dev ## Run the tests: on the embedded defaults, and on what `make services` started
	@exec $(BIN)/python scripts/lanes.py

faults: setup-dev ## Kill everything 200 times, and the other faults in full; prints the figures
	@exec $(BIN)/python -m tests.faults

a11y: setup-dev ## Hold every page against axe-core in Chromium; prints a table
	@exec $(BIN)/python -m tests.audits a11y

weight: setup-dev ## What every page loads, how much it jumps, on a slow line; prints a table
	@exec $(BIN)/python -m tests.audits weight

screenshots: setup-dev ## Take the pictures of docs/screenshots anew, in Chromium
	@exec $(BIN)/python -m tests.audits screenshots

check: setup-dev ## Style, types, import rules, translations, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict matcher board
	$(BIN)/python -m pytest -q tests/architecture
	$(if $(wildcard scripts/check_translations.py),$(BIN)/python scripts/check_translations.py)
	$(BIN)/python scripts/check_templates.py

format: setup-dev ## Put the sources into their format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

services: ## On Debian: install and start PostgreSQL, Redis and Chromium for the other tests
	@python=$$(sh scripts/python.sh) && exec "$$python" scripts/services.py start

services-stop: ## Stop what `make services` started
	@python=$$(sh scripts/python.sh) && exec "$$python" scripts/services.py stop

bench: ## Measure, as JSON lines, and draw the plots
	@$(SETUP) --dev --bench
	@$(BIN)/python -m benchmarks all --json var/benchmarks.jsonl
	@cat var/benchmarks.jsonl
	@$(BIN)/python -m benchmarks.engine.plots var/benchmarks.jsonl docs/images
	@$(BIN)/python -m benchmarks.waves.plots var/benchmarks.jsonl docs/images

clean: ## Remove what set-up made; the state under var/ stays
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
