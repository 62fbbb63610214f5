# Everything runs from the hash-pinned locks in virtual environments of its own; nothing is installed elsewhere.
PYTHON ?= python3.11
ifeq ($(shell $(PYTHON) -c '' 2>/dev/null && echo yes),)
PYTHON := python3
endif
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV ?= uv
ARGS ?=

.PHONY: demo test test-here lint lock clean

demo: .venv-demo/.ready
	.venv-demo/bin/python -m controller demo $(ARGS)

.venv-demo/.ready: requirements.lock
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements.lock
	touch $@

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

# The whole suite on every Python from 3.11 to 3.13 that is installed; the first also measures coverage.
test:
	@sh tests/every_python.sh $(ARGS)

# The suite on one Python: what `make test` runs once for each.
test-here: $(VENV)/.ready
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict controller
	$(BIN)/lint-imports

lock:
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml \
		--group test --group lint --group build -o requirements-dev.lock

clean:
	rm -rf .venv .venv-* .coverage* .hypothesis .mypy_cache .ruff_cache .pytest_cache
