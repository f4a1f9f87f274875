# make demo, make test, make check, make bench, make nightly: each sets up by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
STAMP := $(VENV)/.installed
DEMO ?= demo

.PHONY: demo test check nightly bench setup lock clean

setup: $(STAMP)

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

$(STAMP): pyproject.toml uv.lock $(filter .uv/bin/uv,$(UV))
	$(UV) sync --quiet --frozen --compile-bytecode --python $(PYTHON)
	touch $@

demo: $(STAMP)
	@if [ ! -f $(DEMO)/kampass.toml ]; then $(BIN)/kampass init $(DEMO) --sample; fi
	@$(BIN)/kampass kpi --period 2025-Q1..2025-Q4 --grain quarter --workspace $(DEMO)
	@echo
	@echo "Next: $(BIN)/kampass kpi nrr --period 2025-Q2 --by account_manager --workspace $(DEMO)"

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
	KAMPASS_EXPLAIN=all KAMPASS_HOSTILE=all KAMPASS_PAIRS=5 KAMPASS_WORLDS=1000 KAMPASS_HISTORIES=100 KAMPASS_KILLS=200 KAMPASS_FLIPS=1000 KAMPASS_SIMULATIONS=20 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m "nightly or not nightly"
	$(BIN)/kampass catalogue test --mutants

bench: $(STAMP)
	$(BIN)/python -m benchmarks

lock:
	$(UV) lock

clean:
	rm -rf $(VENV) .uv demo
