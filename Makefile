# make demo, make test, make test-quick, make check, make bench, make screenshots, make sbom, make nightly: each sets up by itself.
# DEMO_SERVE=0 make demo opens no pages. make nightly-kills (or another shard below) runs that part of the night alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
STAMP := $(VENV)/.installed
DEMO ?= demo
RECIPE := $(wildcard src/kampass/web/vendor/*)
BUILT := src/kampass/web/static/vendor/built-from.txt

# Rewritten test modules are kept, so that the next collection takes a fraction of the first.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q -n 2 --dist worksteal

# The shards of the night: a shard sets a switch and runs every test module that reads it, and prints what each of them counted.
SWITCH_worlds := KAMPASS_WORLDS=1000
SWITCH_histories := KAMPASS_HISTORIES=100
SWITCH_kills := KAMPASS_KILLS=200
SWITCH_flips := KAMPASS_FLIPS=1000
SWITCH_simulations := KAMPASS_SIMULATIONS=20
SWITCH_explain := KAMPASS_EXPLAIN=all
SWITCH_hostile := KAMPASS_HOSTILE=all
SWITCH_pairs := KAMPASS_PAIRS=5
SWITCH_schema := KAMPASS_SCHEMA=200
SWITCH_questions := KAMPASS_QUESTIONS=300
SWITCH_publishes := KAMPASS_PUBLISHES=20
SWITCH_schedules := KAMPASS_SCHEDULES=100
SWITCH_messy := KAMPASS_MESSY=300
SWITCH_wrong := KAMPASS_WRONG=all
SWITCHED := worlds histories kills flips simulations explain hostile pairs schema questions publishes schedules messy wrong
SHARDS := $(SWITCHED) long mutants

.PHONY: demo test test-quick check nightly $(SHARDS:%=nightly-%) bench screenshots sbom setup lock clean anew

setup: $(STAMP)

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

# Installing builds the package, and building it fetches what the pages load (hatch_build.py), unless that is there and current.
$(STAMP): pyproject.toml uv.lock hatch_build.py $(RECIPE) $(filter .uv/bin/uv,$(UV)) $(if $(wildcard $(BUILT)),,anew)
	$(UV) sync --quiet --frozen --compile-bytecode --reinstall-package kampass --python $(PYTHON)
	touch $@

demo: $(STAMP)
	@if [ ! -f $(DEMO)/kampass.toml ]; then $(BIN)/kampass init $(DEMO) --sample; fi
	@$(BIN)/kampass kpi --period 2025-Q1..2025-Q4 --grain quarter --workspace $(DEMO)
	@echo
	@if [ "$(DEMO_SERVE)" = 0 ]; then echo "Next: $(BIN)/kampass serve --workspace $(DEMO)"; \
	else exec $(BIN)/kampass serve --workspace $(DEMO); fi

test: $(STAMP)
	$(PYTEST)

test-quick: $(STAMP)
	$(PYTEST) -m "quick and not nightly"

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/kampass catalogue lint
	$(BIN)/python -m docs.check

# Every shard runs to its end, whatever another found.
nightly: $(STAMP)
	$(MAKE) --keep-going $(SHARDS:%=nightly-%)

$(SWITCHED:%=nightly-%): nightly-%: $(STAMP)
	$(SWITCH_$*) $(PYTEST) -rP -m "nightly or not nightly" $$(grep -rlE '$(firstword $(subst =, ,$(SWITCH_$*)))\b' tests --include='test_*.py')

# What the night alone does and no switch widens.
nightly-long: $(STAMP)
	$(PYTEST) -rPs -m nightly

nightly-mutants: $(STAMP)
	$(BIN)/kampass catalogue test --mutants

bench: $(STAMP)
	$(BIN)/python -m benchmarks

screenshots: $(STAMP)
	$(BIN)/python -m docs.screenshots

# What runs with it, with licences: build/sbom. Fails on a licence that is not permissive.
sbom: $(STAMP)
	$(BIN)/python -m docs.sbom build/sbom

lock:
	$(UV) lock

clean:
	rm -rf $(VENV) .uv demo src/kampass/web/static/vendor
