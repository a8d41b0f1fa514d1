# make demo | test | check | screenshots: each does all the set-up that it needs first.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check
ARGS ?=
DEBIAN := chromium libimage-exiftool-perl lua-check lua5.1 postgresql
TOOLS := chromium exiftool luacheck

.PHONY: demo test check screenshots setup models tools clean

demo: models
	$(BIN)/studio demo $(ARGS)

test: setup models tools check
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: setup
	$(BIN)/ruff format --check studio_server tethering tests
	$(BIN)/ruff check studio_server tethering tests
	$(BIN)/mypy studio_server tethering
	$(BIN)/lint-imports
	$(BIN)/vulture

screenshots: setup models tools
	$(BIN)/python -m tests.screenshots $(ARGS)

setup: .venv/.ready

# torch first and by itself: an open range would take several GB of CUDA packages
.venv/.ready: pyproject.toml constraints.txt
	@echo "Setting up in .venv (about 2 GB, some minutes) …"
	$(PYTHON) -m venv .venv
	$(PIP) install --constraint constraints.txt torch
	$(PIP) install --constraint constraints.txt --editable '.[demo,test,check]'
	@touch $@

# what is compiled at its first use is compiled here, so that no client waits for it
models: setup
	$(BIN)/studio models pull
	@[ -e .venv/.warm ] || { $(BIN)/studio warm && touch .venv/.warm; }

tools:
	@missing=; for tool in $(TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then exit 0; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(DEBIAN) >/dev/null; \
	else echo "The tests want$$missing. On Debian: sudo apt-get install $(DEBIAN)"; [ -z "$$CI" ]; fi

clean:
	rm -rf .venv .test-output build *.egg-info .mypy_cache .ruff_cache .pytest_cache
