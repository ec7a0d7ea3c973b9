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

.PHONY: test
test: unit sanitize pytest ## What a change must pass: unit tests, sanitizers of the pure parts, end to end
	@echo "make test: all passed"

.PHONY: unit
unit: build-tests ## Unit, property, golden and protocol tests
	@ctest --test-dir build/release --output-on-failure -j $(JOBS) $(ARGS)

.PHONY: build-tests
build-tests: setup-build
	@cmake --preset release >/dev/null
	@cmake --build build/release -j $(JOBS)
	@ln -sf release/src/app/chancery build/chancery

.PHONY: pytest
pytest: build-tests ## Against real peers: Envoy, the AWS CLI and SDKs, botocore's model; ARGS=... goes to pytest
	@tools/setup.sh test
	@$$(tools/as_root) build/env/client/bin/python -m pytest -q tests $(ARGS)

.PHONY: e2e
e2e: build-tests ## The end-to-end tests alone; ARGS=... goes to pytest
	@tools/setup.sh test
	@$$(tools/as_root) build/env/client/bin/python -m pytest -q tests/e2e $(ARGS)

.PHONY: compatibility
compatibility: build-tests ## Rewrite docs/guide/compatibility.md from what the clients' tests prove
	@tools/setup.sh test
	@CHANCERY_COMPATIBILITY_REWRITE=1 build/env/client/bin/python -m pytest -q tests/api/test_clients.py

.PHONY: field-support
field-support: build-tests ## Rewrite docs/guide/field-support.md from the goldens and the end-to-end tests
	@tools/setup.sh test
	@CHANCERY_FIELD_SUPPORT_REWRITE=1 build/env/client/bin/python -m pytest -q tests/compile/test_field_support.py

.PHONY: bench
bench: setup-build ## The API's throughput and latency next to moto's, and the cost of a proxy's start, into build/bench; ARGS=... goes to bench/run.py
	@tools/setup.sh bench
	@cmake --preset release >/dev/null
	@cmake --build build/release -j $(JOBS) --target chancery api_load
	@ln -sf release/src/app/chancery build/chancery
	@PYTHONPATH=tools:. build/env/bench/bin/python -m bench.run $(ARGS)
	@PYTHONPATH=tools:. build/env/bench/bin/python -m bench.proxy_start

.PHONY: test-long
test-long: build-tests ## Random tests for longer and from a named seed: SEED=... CASES=... SOAK_SECONDS=... CHANGES=...; fuzzing, 24 minutes a target
	@tools/setup.sh test
	@RC_PARAMS="max_success=$(or $(CASES),100000) seed=$(or $(SEED),1)" ctest --test-dir build/release \
		--output-on-failure -j $(JOBS) --timeout 3600 -R '[Pp]ropert|Random|Generated'
	@SOAK_SECONDS=$(or $(SOAK_SECONDS),60) SOAK_SEED=$(or $(SEED),1) build/env/client/bin/python -m pytest -q -s tests/soak
	@CHANGES=$(or $(CHANGES),100) CHANGES_SEED=$(or $(SEED),1) $$(tools/as_root) build/env/client/bin/python -m pytest -q -s \
		tests/e2e/scenarios/test_changes_under_load.py
	@$(MAKE) fuzz SECONDS=$(or $(SECONDS),1440)

# A finding fails it and says how to keep it as a test.
.PHONY: fuzz
fuzz: setup-build setup-lint ## libFuzzer on everything that reads foreign bytes: SECONDS=60 for each, TARGET=codec alone
	@cmake --preset fuzz >/dev/null
	@cmake --build build/fuzz -j $(JOBS) --target $(if $(TARGET),$(TARGET:%=fuzz_%),fuzz_targets)
	@tests/fuzz/run build/fuzz $(or $(SECONDS),60) $(TARGET)

# The parts without sockets, where a sanitizer is cheap; `make asan` and `make tsan` take everything.
.PHONY: sanitize
sanitize: setup-build ## ASan and UBSan on the model, the compiler, the protocol core and identities
	@cmake --preset asan >/dev/null
	@cmake --build build/asan -j $(JOBS) --target model_test compile_test xds_test iam_test
	@ctest --test-dir build/asan --output-on-failure -j $(JOBS) -R '^(model|compile|xds|iam)/'

.PHONY: asan tsan
asan tsan: setup-build ## All unit tests under ASan+UBSan, or under TSan
	@cmake --preset $@ >/dev/null
	@cmake --build build/$@ -j $(JOBS)
	@ctest --test-dir build/$@ --output-on-failure -j $(JOBS) $(ARGS)

.PHONY: golden
golden: build-tests ## Rewrite the compiler's golden files; review the difference before you commit it
	@CHANCERY_GOLDEN_REWRITE=1 ctest --test-dir build/release --output-on-failure -R '^compile/.*[Gg]olden'

.PHONY: fmt
fmt: setup-lint ## Format the code
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 -i

.PHONY: lint
lint: setup-lint setup-build ## clang's warnings with thread-safety analysis, clang-tidy, formatting
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 --dry-run --Werror
	@cmake --preset lint >/dev/null
	@cmake --build build/lint -j $(JOBS)
	@git ls-files 'src/*.cc' | grep -vE '_test.cc|/conformance_' | xargs -P $(JOBS) -n 8 clang-tidy-19 -p build/lint --quiet --warnings-as-errors='*'

.PHONY: setup-lint
setup-lint:
	@tools/setup.sh lint

.PHONY: clean
clean: ## Remove everything that was built, the Python environments included
	@rm -rf build
