# `make` alone lists what there is. Everything lives in .venv and in the data folder (instance/, or UNDERSIGNED_DATA).

PYTHON ?= python3
ARGS ?=
RUN_STAMP := .venv/.run-$(shell sha256sum requirements.txt | cut -c1-16)
DEV_STAMP := .venv/.dev-$(shell cat requirements.txt requirements-dev.txt | sha256sum | cut -c1-16)

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench programs npm

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

run: $(RUN_STAMP) ## The whole site on this machine: PORT=8000, data in instance/
	@.venv/bin/python serve.py --with-make

test: $(DEV_STAMP) programs npm ## Every test; some of them: make test ARGS="tests/operations -k backup"
	.venv/bin/python -m pytest -n auto --dist loadgroup $(ARGS)

lint: $(DEV_STAMP) ## ruff, mypy, import contracts, pip check
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/mypy app.py config.py stripe_keys.py serve.py tools/verify_delivery.py
	.venv/bin/lint-imports
	.venv/bin/python -m pip check

format: $(DEV_STAMP) ## Lays out the code
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: $(DEV_STAMP) ## Load and fault drills; see bench/
	.venv/bin/python -m bench $(ARGS)

programs:
	@sh operations/programs.sh

npm:
	@sh operations/npm.sh

$(RUN_STAMP):
	@PYTHON="$(PYTHON)" sh operations/install.sh requirements.txt
	@rm -f .venv/.run-* && touch $@

$(DEV_STAMP):
	@PYTHON="$(PYTHON)" sh operations/install.sh requirements-dev.txt
	@rm -f .venv/.run-* .venv/.dev-* && touch $@ $(RUN_STAMP)
