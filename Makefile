# The one entry to everything; `make help` lists it. CI runs `make test`, which is what a user runs.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The system's own tools first, whatever a developer's PATH puts before them.
export PATH := /usr/bin:/bin:$(PATH)
# Compiler results are shared between checkouts.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := true

JOBS ?= $(shell nproc)

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1	\2/' | expand -t 20

.PHONY: build
build: setup-build ## Build the release binary, build/chancery
	@cmake --preset release >/dev/null
	@cmake --build build/release -j $(JOBS) --target chancery
	@ln -sf release/src/app/chancery build/chancery

.PHONY: setup-build
setup-build:
	@tools/setup.sh build

.PHONY: run
run: build ## Run the example mesh with real Envoys; CHECK=1 asserts what it measures and ends
	@tools/setup.sh demo
	@PYTHONPATH=tools build/env/client/bin/python -m demo.run $(if $(CHECK),--check)

.PHONY: e2e
e2e: build ## End-to-end tests with real Envoys and boto3; ARGS=... goes to pytest
	@tools/setup.sh test
	@build/env/client/bin/python -m pytest tests/e2e tests/api $(ARGS)

.PHONY: clean
clean: ## Remove everything that was built, the Python environments included
	@rm -rf build
