# make demo, make test, make check, make bench, make screenshots, make nightly: each sets up by itself. DEMO_SERVE=0 make demo opens no pages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
STAMP := $(VENV)/.installed
DEMO ?= demo
RECIPE := $(wildcard src/kampass/web/vendor/*)
BUILT := src/kampass/web/static/vendor/built-from.txt

.PHONY: demo test check nightly bench screenshots setup lock clean anew

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
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/kampass catalogue lint
	$(BIN)/python -m docs.check

nightly: $(STAMP)
	KAMPASS_EXPLAIN=all KAMPASS_HOSTILE=all KAMPASS_PAIRS=5 KAMPASS_WORLDS=1000 KAMPASS_HISTORIES=100 KAMPASS_KILLS=200 KAMPASS_FLIPS=1000 KAMPASS_SIMULATIONS=20 KAMPASS_SCHEMA=200 KAMPASS_QUESTIONS=300 KAMPASS_PUBLISHES=20 KAMPASS_SCHEDULES=100 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m "nightly or not nightly"
	$(BIN)/kampass catalogue test --mutants

bench: $(STAMP)
	$(BIN)/python -m benchmarks

screenshots: $(STAMP)
	$(BIN)/python -m docs.screenshots

lock:
	$(UV) lock

clean:
	rm -rf $(VENV) .uv demo src/kampass/web/static/vendor
