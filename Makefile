# Everything runs from the hash-pinned locks in virtual environments of its own; nothing is installed elsewhere. The
# locks are whole, so pip follows no dependency (an old one would look for `coverage[toml]` beside a pinned `coverage`).
PYTHON ?= python3.11
ifeq ($(shell $(PYTHON) -c '' 2>/dev/null && echo yes),)
PYTHON := python3
endif
VENV ?= .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV ?= uv
ARGS ?=

PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: demo dist install uninstall image licences test test-here test-covered test-all-zones simulate defects fuzz mutants bench screenshots lint lock prometheus-rule clean

demo: .venv-demo/.ready
	.venv-demo/bin/python -m controller demo $(ARGS)

.venv-demo/.ready: requirements.lock
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r requirements.lock
	touch $@

# The build backend alone, by hashes too.
.venv-build/.ready: requirements-build.lock
	$(PYTHON) -m venv .venv-build
	.venv-build/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r requirements-build.lock
	touch $@

# The source distribution, and the wheel.
dist: .venv-build/.ready
	rm -rf dist
	.venv-build/bin/python -m hatchling build

# The program below PREFIX in a virtual environment of its own, the systemd unit, and samples below /etc; DESTDIR goes
# before all of them.
install: dist
	PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' PYTHON='$(PYTHON)' sh deploy/systemd/install.sh install dist/*.whl

uninstall:
	PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' sh deploy/systemd/install.sh uninstall

# The image, by the first builder of these that there is; BASE is another base, ARGS are more options of the builder. All
# but docker are asked for its format: OCI's own has no healthcheck.
BUILDER ?= $(firstword $(foreach name,podman docker buildah,$(if $(shell command -v $(name)),$(name))) podman)
IMAGE ?= campaign-controller:$(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' controller/__init__.py)
image:
	$(BUILDER) build $(if $(filter-out docker,$(notdir $(BUILDER))),--format docker) --file deploy/container/Containerfile \
		--tag '$(IMAGE)' $(if $(BASE),--build-arg BASE='$(BASE)') \
		--build-arg REVISION="$$(git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || echo unknown)" $(ARGS) .

# The licences of what is installed with the program, for deploy/licences.md.
licences: $(VENV)/.ready
	$(BIN)/python -m tests.deploy.licences >deploy/licences.md.new
	mv deploy/licences.md.new deploy/licences.md

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

# The suite on every Python from 3.11 to 3.13 that is installed; the first one also measures coverage, and runs alone
# what is long and the same everywhere. The tests of the page need a browser: it is installed where that may be done.
test:
	@sh tests/browser/install_chromium.sh
	@MAKE="$(MAKE)" sh tests/every_python.sh $(ARGS)

# The suite on one Python: what `make test` runs once for each.
test-here: $(VENV)/.ready
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

# The same with coverage: 95 % of everything, 100 % of the core's. Says nothing more where both are met.
test-covered: $(VENV)/.ready
	$(BIN)/coverage erase
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --cov --cov-report= --cov-fail-under=95 $(ARGS)
	@$(BIN)/coverage report --include='controller/core/*' --fail-under=100 >.coverage-core 2>&1 || { cat .coverage-core; exit 1; }

# Every zone of the tz database around every change of its clock: about a minute more.
test-all-zones: $(VENV)/.ready
	$(BIN)/python -m pytest --numprocesses auto tests/core/test_every_zone.py --all-zones

# Simulated years of trouble on all cores; exit 1 on any violation, with the seed made small.
YEARS ?= 1
simulate: $(VENV)/.ready
	$(BIN)/python -m tests.simulation --years $(YEARS) $(ARGS)

# Every seeded defect, one at a time: the simulator must catch each.
defects: $(VENV)/.ready
	$(BIN)/python -m pytest --numprocesses 2 --dist load -rP tests/simulation/test_seeded_defects.py --all-defects $(ARGS)

# The rules files' fuzzing for minutes instead of seconds.
fuzz: $(VENV)/.ready
	$(BIN)/python -m pytest --numprocesses auto tests/rules/test_rules_fuzz.py --hypothesis-profile=thorough $(ARGS)

# How many small changes to the core its tests notice: twenty minutes on two cores; fails below 95 %.
mutants: $(VENV)/.ready
	$(BIN)/python -m tests.mutation $(ARGS)

# Ours against what a user would pick instead, and against the limit, in the same run; ONLY=sweep runs one part.
ONLY ?=
bench: .venv-bench/.ready
	.venv-bench/bin/python -m tests.bench $(ONLY)

# A contestant that cannot be installed is shown as missing; psutil and requests are needed.
.venv-bench/.ready: requirements.lock requirements-bench.lock
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r requirements.lock
	.venv-bench/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r requirements-bench.lock
	touch $@

# The page in light and dark, for the README.
screenshots: $(VENV)/.ready
	$(BIN)/python -m tests.browser.screenshots deploy/screenshots $(ARGS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict controller
	$(BIN)/lint-imports

lock:
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml \
		--group test --group lint --group build -o requirements-dev.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group build \
		-c requirements-dev.lock -o requirements-build.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group bench \
		-c requirements-dev.lock -o requirements-bench.lock

# The alerts as the Prometheus Operator wants them; a test holds the two against each other.
RULE := deploy/kubernetes/monitoring/prometheus-rule.yaml
prometheus-rule:
	sed '/^spec:$$/q' $(RULE) >$(RULE).new
	sed -n '/^groups:$$/,$$ s/^./  &/p; /^$$/p' deploy/prometheus/alerts.yaml >>$(RULE).new
	mv $(RULE).new $(RULE)

clean:
	rm -rf .venv-* dist .coverage* .hypothesis .mypy_cache .ruff_cache .pytest_cache
