# make run    everything at http://localhost:8000
# make test   lint, types, contracts, JavaScript checks and every test
# make bench  measure the server against others; a quarter of an hour
# make bench-media, bench-recovery  the media worker against Janus; calls on bad networks; ten minutes each
# make bench-diagnose  break a call in every way and see whether the server says what it is; three minutes
# make fuzz   make up what strangers may send, for a minute each reader
# make lock   bring the lock files up to date with pyproject.toml

PYTHON ?= python3
ENV := .venv
BIN := $(ENV)/bin
JS := tests/web/js
PEERS := benchmarks/signalling/peers
SOURCES := chatroom media nurseries web tests benchmarks
# What the kernel of the packet path is compiled from. An install does so, where there is a compiler.
KERNEL := $(addprefix media/worker/kernel/,fanout.h fanout.c inlet.h inlet.c build.py hatch.py)

# Off: checkpoints on every path, which is a promise of libraries like Trio itself; startable functions, which want a list
# by hand; async functions that Quart wants async.
ASYNC_OFF := ASYNC9,ASYNC114,ASYNC124

.PHONY: run test check check-python check-js pytest bench bench-media bench-recovery bench-diagnose fuzz screenshot lock format clean

run: $(ENV)/.run
	@$(BIN)/chatroom serve $(ARGS)

test: check $(ENV)/.test $(ENV)/.system
	@.ci/tests $(BIN)/python

check: check-python check-js

check-python: $(ENV)/.test
	@echo "== format and lint"
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/flake8 --select=ASYNC --enable=ASYNC --disable=$(ASYNC_OFF) --max-line-length=120 chatroom media/bridge nurseries web
	@echo "== types"
	@$(BIN)/mypy
	@echo "== contracts between the layers"
	@$(BIN)/lint-imports --no-cache

check-js: $(ENV)/.js
	@echo "== JavaScript: types"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(JS)/node_modules/.bin/tsc -p web/static
	@echo "== JavaScript: tests"
	@$(BIN)/node --test "$(JS)/*.test.js"

pytest: $(ENV)/.test $(ENV)/.system
	@echo "== tests"
	@$(BIN)/python -m pytest $(ARGS)

bench: $(ENV)/bench/.made
	@$(ENV)/bench/bin/python -m benchmarks.signalling $(ARGS)
	@$(ENV)/bench/bin/python -m benchmarks.churn

bench-media: $(ENV)/bench/.made
	@command -v janus >/dev/null || .ci/apt janus
	@$(ENV)/bench/bin/python -m benchmarks.media $(ARGS)

bench-diagnose: $(ENV)/.test $(ENV)/.system
	@$(BIN)/python -m benchmarks.diagnose $(ARGS)

bench-recovery: $(ENV)/.test $(ENV)/.system
	@$(BIN)/python -m benchmarks.recovery $(ARGS)

fuzz: $(ENV)/fuzz/.made
	@$(ENV)/fuzz/bin/python -m tests.fuzz $(ARGS)

screenshot: $(ENV)/.test $(ENV)/.system
	@$(BIN)/python -m tests.browser.screenshot docs/screenshot.png

format: $(ENV)/.test
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

lock: $(ENV)/.test
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile $(COMPILE) --extra build pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile $(COMPILE) --extra dev --constraint requirements.lock pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile $(COMPILE) --extra bench --constraint requirements.lock pyproject.toml -o requirements-bench.lock
	@$(BIN)/uv pip compile $(COMPILE) --extra fuzz --constraint requirements-dev.lock pyproject.toml -o requirements-fuzz.lock
COMPILE := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

clean:
	rm -rf $(ENV) $(JS)/node_modules $(PEERS)/node_modules tests/output

# ---- the environment; each stamp is remade when what it is made from changes

$(ENV)/.run: requirements.lock pyproject.toml .ci/environment $(KERNEL)
	@PYTHON="$(PYTHON)" .ci/environment $(ENV) requirements.lock
	@touch $@

$(ENV)/.test: requirements-dev.lock pyproject.toml .ci/environment $(KERNEL)
	@PYTHON="$(PYTHON)" .ci/environment $(ENV) requirements-dev.lock
	@touch $@ $(ENV)/.run

$(ENV)/.js: $(ENV)/.test $(JS)/package-lock.json
	@echo "== installing what the JavaScript checks need"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --prefix $(JS) --no-audit --no-fund --loglevel=error
	@touch $@

# Apart from the other, which is left as the tests want it.
$(ENV)/bench/.made: requirements-bench.lock pyproject.toml .ci/environment $(KERNEL) $(PEERS)/package-lock.json
	@PYTHON="$(PYTHON)" .ci/environment $(ENV)/bench requirements-bench.lock
	@PATH="$(CURDIR)/$(ENV)/bench/bin:$$PATH" $(ENV)/bench/bin/npm ci --prefix $(PEERS) --no-audit --no-fund --loglevel=error
	@touch $@

$(ENV)/fuzz/.made: requirements-fuzz.lock pyproject.toml .ci/environment $(KERNEL)
	@PYTHON="$(PYTHON)" .ci/environment $(ENV)/fuzz requirements-fuzz.lock
	@touch $@

$(ENV)/.system: $(ENV)/.test .ci/system-packages
	@.ci/system-packages $(BIN)/python
	@$(BIN)/python -m media.worker.kernel.build
	@touch $@
