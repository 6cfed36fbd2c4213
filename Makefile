.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help: ## print these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

rehearse: $(READY) ## take an example app to an emulated AWS: build, push, cluster, deploy
	@$(BIN)/python -m clouddeploy rehearse examples/echo examples/static

test: $(READY) ## run every test that this machine can run
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

lint: $(READY) ## format check, lint, types (mypy and pyright), layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(READY) ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## measure start-up, render and push beside docker and skopeo
	$(BIN)/python -m tests.benchmarks

faults: $(READY) ## push 3,000 times on bad days, through kill -9 and to mean registries, and count
	$(BIN)/python -m tests.faults

bench-up: $(READY) ## bring up a real Docker Engine, registries and Kubernetes for the live tests
	@$(BIN)/python -m tests.live.bench up

bench-down: $(READY) ## end everything that bench-up started
	@$(BIN)/python -m tests.live.bench down

bench-status: $(READY) ## show what of the bench is up
	@$(BIN)/python -m tests.live.bench status

recording: $(READY) ## make docs/rehearse.svg anew from a real run
	$(BIN)/python -m tests.benchmarks.recording docs/rehearse.svg

docs: $(READY) ## write the table of docs/providers.md anew, from the code
	$(BIN)/python -m tests.providers_page

fidelity: $(READY) ## run what is done to the emulated clouds and write docs/fidelity.md anew
	$(BIN)/python -m tests.fidelity_page

pins: ## let constraints.txt name the newest versions of all that make installs
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --group dev --editable '.[all]'
	$(BIN)/python -m pip list --format=freeze --exclude-editable --exclude setuptools > constraints.txt
	@touch $(READY)

clean: ## remove what make and the tests have made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --editable '.[all]'
	@touch $(READY)

.PHONY: help rehearse test lint format bench faults bench-up bench-down bench-status recording docs fidelity pins clean
