# `make dashboard` on a fresh machine does all there is to do: it makes .venv, installs
# the pinned packages, and starts the page. What is up to date is not done again.
#
# Needs GNU make, a POSIX shell and Python 3.11 or newer (another one: PYTHON=python3.12).
# ARGS reaches the program:  make dashboard ARGS="--port 9000 --no-browser"
#                            make test ARGS="-k mesh"

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help dashboard lab test lint format screenshots bench pins clean distclean FORCE

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

dashboard: $(VENV)/.installed-run  ## open the dashboard in the browser
	$(BIN)/face3d dashboard $(ARGS)

lab: $(VENV)/.installed-run  ## open the notebooks in JupyterLab
	$(BIN)/jupyter-lab notebooks $(ARGS)

test: $(VENV)/.installed-test  ## run every test, those in the browser too
	$(WITH_BROWSER) $(WITH_VALIDATOR) $(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.installed-test  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy face3d_widgets

format: $(VENV)/.installed-test  ## put the code into shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

screenshots: $(VENV)/.installed-test  ## photograph the page, for the README and the eye
	$(WITH_BROWSER) $(BIN)/python -m tests.screenshots $(ARGS)

bench: $(VENV)/.installed-test  ## measure times and memory
	$(WITH_BROWSER) $(BIN)/python -m tests.benchmarks $(ARGS)

pins:  ## renew requirements/*.txt from pyproject.toml
	@$(CHECK_PYTHON)
	$(PYTHON) tools/pins.py

clean:  ## remove what runs and builds left behind
	rm -rf build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -path ./$(VENV) -prune -o \
	    '(' -name __pycache__ -o -name .ipynb_checkpoints ')' -type d -prune -exec rm -rf {} +

distclean: clean  ## remove .venv as well
	rm -rf $(VENV)

# The tests find the browser through this variable.
WITH_BROWSER = FACE3D_CHROMIUM="$$(sh tools/ensure_chromium.sh)" && export FACE3D_CHROMIUM &&
# And Khronos' validator of glTF through this one; without it one test is skipped.
WITH_VALIDATOR = FACE3D_GLTF_VALIDATOR="$$(sh tools/ensure_gltf_validator.sh || :)" && \
	export FACE3D_GLTF_VALIDATOR &&

CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "face3d_widgets needs Python 3.11 or newer, and $(PYTHON) is not:" \
	    "$$($(PYTHON) --version 2>&1). Try  make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }

# --- The environment -----------------------------------------------------------------
# The two stamps below say what is installed. They count for nothing when .venv does not
# run (half made, or its Python is gone) or was made at another path, which its scripts
# still name: then it is made anew.
MADE_HERE = test ! -e $(VENV)/.made-in || grep -qxF "$(CURDIR)" $(VENV)/.made-in
VENV_BROKEN := $(shell { $(BIN)/python -c '' 2>/dev/null && { $(MADE_HERE); }; } || echo FORCE)

$(VENV)/.installed-run: pyproject.toml requirements/run.txt tools/install.sh $(VENV_BROKEN)
	@if [ -n "$(VENV_BROKEN)" ]; then \
	    $(CHECK_PYTHON); \
	    echo "Making $(VENV) ..."; \
	    rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && echo "$(CURDIR)" > $(VENV)/.made-in; \
	fi
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	@sh tools/install.sh $(BIN)/python requirements/run.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed-run requirements/test.txt
	@sh tools/install.sh $(BIN)/python requirements/test.txt
	@touch $@
