# Each target makes .venv and installs what it needs; a second run is quick.
PYTHON ?= python3
WORKERS ?= 2
export PYTHON MAKECMDGOALS
V := .venv/bin

.PHONY: help demo test test-slow lint format docs bench conformance clean

help:
	@echo "make demo        deploy the AI Chef stack on the embedded AWS and show what stands"
	@echo "make test        the tests (under five minutes on two cores)"
	@echo "make test-slow   what is long or needs a peer"
	@echo "make lint        ruff, mypy --strict, generated docs up to date"
	@echo "make docs        generate the reference pages from the code"
	@echo "make bench       paired benchmarks"
	@echo "make conformance CHECKOUT=path   the public suite nubo-db/dynamodb-conformance, from a checkout of it"

.venv/.ready-local: pyproject.toml scripts/venv.sh
	@scripts/venv.sh local && touch $@

.venv/.ready-dev: pyproject.toml scripts/venv.sh
	@scripts/venv.sh local,dev && touch $@

# The AWS CLI, in an environment of its own: its botocore pin conflicts with the embedded data plane's.
.venv-aws/bin/aws: .venv/.ready-dev
	@echo "Installing awscli into .venv-aws (once) ..." >&2
	@$(V)/python -m venv .venv-aws
	@.venv-aws/bin/python -m pip install --quiet --disable-pip-version-check "awscli>=1.46,<2"
	@touch $@

demo: .venv/.ready-local
	@scripts/demo.sh

test: .venv/.ready-dev
	@$(V)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow"

test-slow: .venv/.ready-dev .venv-aws/bin/aws
	@$(V)/python -m pytest -n $(WORKERS) --dist worksteal -m slow -rs

lint: .venv/.ready-dev
	@$(V)/ruff check .
	@$(V)/ruff format --check .
	@$(V)/mypy
	@$(V)/python scripts/generate_docs.py --check

format: .venv/.ready-dev
	@$(V)/ruff check --fix .
	@$(V)/ruff format .

docs: .venv/.ready-dev
	@$(V)/python scripts/generate_docs.py

bench: .venv/.ready-dev .venv-aws/bin/aws
	@$(V)/python bench/run.py

conformance: .venv/.ready-local
	@test -n "$(CHECKOUT)" || { echo "make conformance CHECKOUT=path/to/dynamodb-conformance"; exit 2; }
	@$(V)/python scripts/conformance.py "$(CHECKOUT)"

clean:
	rm -rf .venv .venv-aws build dist .mypy_cache .ruff_cache .pytest_cache
