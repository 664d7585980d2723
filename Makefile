# Development tasks; `make` lists them. They use python3, or the one that is named: make check VENV=.venv
ifdef VENV
PYTHON := $(VENV)/bin/python
endif
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help check lint test fmt acceptance bench soak docs container

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

check: lint test ## all that must pass before a commit: format, lint, types, tests

lint: ## format and lint (ruff) and types (mypy), without changing anything
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m ruff check
	$(PYTHON) -m mypy

test: ## the test suite, in random order
	$(PYTHON) -m pytest

fmt: ## format, and mend what ruff can mend
	$(PYTHON) -m ruff format
	$(PYTHON) -m ruff check --fix

acceptance: ## the long runs that print figures: whole calls, barge-ins, recognition, leaks
	$(PYTHON) -m pytest -m acceptance -s -n 0

bench: ## CPU, latency and memory of a call beside a relay and a plain bridge, and all limits; long, on a quiet machine
	$(PYTHON) -m tests.bench.run --all

soak: ## 10,000 calls that end in every way, then 100 calls for half an hour: what do they leave behind?
	$(PYTHON) -m tests.soak.run

docs: ## the pages as a website in build/docs/site, every link followed once; needs the extra `docs`
	$(PYTHON) -m tests.docs.site

container: ## build the image with buildah and call it; root, Debian, minutes
	container/build-and-call.sh
