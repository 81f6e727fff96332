# Two commands for a new checkout: `make demo` and `make test`.
# Both set up .venv, build the kernels and install what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
SOURCES := setup.py pyproject.toml $(shell find fastreg -name '*.py[xd]' -o -name '*.h' -o -name '__init__.py')

.PHONY: help demo test lint docs bench clean tools

help:
	@echo "make demo   build, run on real data beside scikit-learn, write plots to demo-output/"
	@echo "make test   build, run all tests"
	@echo "make bench  build, run the benchmarks (BENCH='lasso threads --quick' to choose,"
	@echo "            BENCH='--against all --json full.json' to race other libraries too)"
	@echo "make docs   build, write the documentation to docs/_build/html"
	@echo "make lint   ruff and cython-lint"
	@echo "make clean  remove the environment, builds and outputs"

# What a Debian machine needs, named before anything fails in the middle.
tools:
	@command -v $(PYTHON) >/dev/null || { echo "python3 is missing: sudo apt-get install python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "fastreg needs Python 3.11 or newer: set PYTHON=python3.11, say"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv is missing: sudo apt-get install python3-venv"; exit 1; }
	@command -v $${CC:-gcc} >/dev/null || { echo "A C compiler is missing: sudo apt-get install gcc"; exit 1; }
	@$(PYTHON) -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' || \
		{ echo "Python's headers are missing: sudo apt-get install python3-dev"; exit 1; }

$(BIN)/python: | tools
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --upgrade pip
	@mkdir -p $(STAMPS)

# Editable, built in isolation; again whenever a kernel or the build changes.
$(STAMPS)/build: $(SOURCES) | $(BIN)/python
	@echo "Building fastreg (some minutes) ..."
	@$(BIN)/python -m pip install -qq --editable .
	@touch $@

# One stamp for each set of extras of pyproject.toml: stamps/demo, stamps/docs, ...
# Their requirements alone, so that the kernels are not built again.
$(STAMPS)/%: pyproject.toml $(STAMPS)/build
	@echo "Installing what $* needs ..."
	@$(BIN)/python -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["$*"]))' > $@.txt
	@$(BIN)/python -m pip install -qq --requirement $@.txt
	@touch $@

demo: $(STAMPS)/demo
	@$(BIN)/python -m benchmarks.demo

test: $(STAMPS)/test
	@$(BIN)/python -m pytest $(PYTEST)

bench: $(STAMPS)/benchmarks $(if $(findstring --against,$(BENCH)),$(STAMPS)/benchmarks-peers)
	@$(BIN)/python -m benchmarks $(BENCH)

docs: $(STAMPS)/docs
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

# cython-lint looks for its helpers on the path
lint: $(STAMPS)/lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint fastreg/_kernels

clean:
	rm -rf $(VENV) build dist *.egg-info demo-output docs/_build docs/api/generated docs/examples docs/generated
	find fastreg \( -name '*.so' -o -name '*.c' \) -delete
