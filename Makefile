# The whole project by name. Asks for Python 3.11 or newer, cargo and make; says which one is missing.
PROFILE ?= quick
STORAGE ?= sqlite:///reports/$(PROFILE)/optuna_study.db
STUDY = $(STORAGE:sqlite:///%=%)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CRATE := $(wildcard crypto/src/*.rs crypto/src/*/*.rs) crypto/Cargo.toml crypto/Cargo.lock crypto/cbindgen.toml
BUILT := nexuszero/_crypto/.built
CIRCUITS := tests/fixtures/circuits
IDIOMS := tests/fixtures/idioms
HEADER := cargo run --quiet --manifest-path crypto/header/Cargo.toml --locked --target-dir crypto/target --
CIRCOM := npx -y circom2@0.2.23

.PHONY: help setup week test lint lab dashboard docs screenshots clone bench benchmark corpus compare repeat ranking reference asan audit clean header lock circuits
.DEFAULT_GOAL := help

help: ## Lists the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(BUILT) ## Installs everything into .venv and builds the Rust library

week: setup ## Runs the whole week: PROFILE=quick (default), smoke or full
	$(BIN)/nexuszero week --profile $(PROFILE)

test: export OMP_NUM_THREADS = 1 # two workers on two cores: OpenMP's threads would wait for each other
test: setup ## Runs every test: Rust, Python, notebooks
	cargo test --manifest-path crypto/Cargo.toml --locked
	$(BIN)/python -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=300 -n 2 --dist loadfile --no-loadscope-reorder tests notebooks

lint: setup ## ruff, mypy, contracts between rooms, cargo fmt, clippy, the C header; warnings are errors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check nexuszero notebooks/experiments docs tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	cargo fmt --manifest-path crypto/Cargo.toml --check
	cargo clippy --manifest-path crypto/Cargo.toml --locked --all-targets -- -D warnings
	$(HEADER)

# glibc's heap goes to pieces in long trainings: nexuszero/report/pages.py, HEAP
lab compare repeat ranking: export GLIBC_TUNABLES ?= glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0

lab: setup ## Opens the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

dashboard: setup ## Serves the study of PROFILE (or of STORAGE=URL) in optuna-dashboard, on loopback
	@case $(STUDY) in *://*) ;; *) test -f $(STUDY) || { echo "make: $(STUDY) is missing; run the week, or name a STORAGE=" >&2; exit 2; };; esac
	$(BIN)/optuna-dashboard --host 127.0.0.1 $(STORAGE)

docs: setup ## Writes docs/options.md and docs/results.md anew
	$(BIN)/python docs/make.py

screenshots: setup ## Takes the pictures of docs/images from the week of PROFILE (asks for Chromium)
	@command -v chromium chromium-browser google-chrome >/dev/null || { echo "make: Chromium is missing; apt-get install chromium" >&2; exit 2; }
	@test -f reports/$(PROFILE)/index.html || { echo "make: reports/$(PROFILE) is missing; run make week PROFILE=$(PROFILE)" >&2; exit 2; }
	$(BIN)/nexuszero report $(CIRCUITS)/compare.bn128.r1cs --exact >/dev/null
	$(BIN)/python docs/screenshots.py reports/$(PROFILE)

clone: setup ## Measures set-up, lint, tests and the quick week in a fresh clone (reports/clone.json)
	$(BIN)/python notebooks/experiments/clone.py

bench: setup ## Measures speed as ratios taken in one run (reports/bench.json, bench.html)
	test -f data/full/train/index.h5 || $(BIN)/nexuszero generate --profile full
	$(BIN)/python notebooks/experiments/bench.py

corpus: setup ## Compiles circuits that people publish on npm and measures them (reports/corpus.json; asks for npx)
	$(BIN)/python notebooks/experiments/corpus.py

compare: setup ## Trains variants of the network with several seeds (reports/reference/comparison.json)
	test -f data/full/train/index.h5 || $(BIN)/nexuszero generate --profile full
	$(BIN)/python notebooks/experiments/compare.py

repeat: setup ## Trains the full week's network with four more seeds (after `make corpus`; reports/reference/seeds.json)
	test -f data/full/train/index.h5 || $(BIN)/nexuszero generate --profile full
	$(BIN)/python notebooks/experiments/repeat.py --set corpus=build/corpus

ranking: setup ## Trains every trial of the quick week's search to the end (reports/reference/ranking.json)
	@test -f reports/quick/optuna_study.db || { echo "make: reports/quick/optuna_study.db is missing; run make week" >&2; exit 2; }
	$(BIN)/python notebooks/experiments/ranking.py

benchmark: setup ## Measures the benchmark's own baselines (reports/benchmark.json, docs/benchmark.md)
	test -f data/full/train/index.h5 || $(BIN)/nexuszero generate --profile full
	$(BIN)/python notebooks/experiments/benchmark_baselines.py

reference: setup ## Keeps the full week's figures and network in reports/reference
	$(BIN)/nexuszero reference

asan: ## Runs the tests of the C ABI and of its memory under AddressSanitizer (x86-64 Linux)
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address cargo test --manifest-path crypto/Cargo.toml --locked --target x86_64-unknown-linux-gnu --target-dir crypto/target/asan --lib --test memory -- ffi memory

audit: ## Checks licences and known advisories of what the crate depends on (asks for cargo-deny)
	@command -v cargo-deny >/dev/null || { echo "make: cargo-deny is missing; cargo install cargo-deny" >&2; exit 2; }
	cargo deny --manifest-path crypto/Cargo.toml --config crypto/deny.toml --locked check

lock: $(READY) ## Renews requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --group dev --all-extras pyproject.toml -o requirements.lock

circuits: ## Compiles circuits/*.circom and circuits/idioms into tests/fixtures (asks for npx)
	@command -v npx >/dev/null || { echo "make: npx is missing; install Node.js 20 or newer" >&2; exit 2; }
	@mkdir -p build/circuits
	@set -e; for prime in bn128 goldilocks; do for source in circuits/*.circom; do name=$$(basename $$source .circom); \
		$(CIRCOM) $$source --r1cs --sym --O1 --prime $$prime -o build/circuits >build/circuits/$$name.log || { cat build/circuits/$$name.log >&2; exit 2; }; \
		for kind in r1cs sym; do mv build/circuits/$$name.$$kind $(CIRCUITS)/$$name.$$prime.$$kind; done; done; done
	@set -e; for level in O1 O2; do for source in circuits/idioms/*.circom; do name=$$(basename $$source .circom); \
		$(CIRCOM) $$source --r1cs --sym --$$level -o build/circuits >build/circuits/$$name.log || { cat build/circuits/$$name.log >&2; exit 2; }; \
		for kind in r1cs sym; do mv build/circuits/$$name.$$kind $(IDIOMS)/$$name.$$level.$$kind; done; done; done
	@sha256sum circuits/*.circom circuits/idioms/*.circom $(CIRCUITS)/*.r1cs $(CIRCUITS)/*.sym $(IDIOMS)/*.r1cs $(IDIOMS)/*.sym >$(CIRCUITS)/SHA256SUMS

header: ## Renews the committed C header
	$(HEADER) --write

clean: ## Removes what was built or generated
	rm -rf $(VENV) crypto/target nexuszero/_crypto build data checkpoints reports/smoke reports/quick reports/full reports/circuits reports/assets

$(READY): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing; install Python 3.11 or newer" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than 3.11; set PYTHON=" >&2; exit 2; }
	@command -v cargo >/dev/null || { echo "make: cargo is missing; install Rust with rustup" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "$$(grep '^uv==' requirements.lock)"
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
	@touch $@

$(BUILT): $(READY) $(CRATE) pyproject.toml
	VIRTUAL_ENV=$(VENV) $(BIN)/maturin develop --release --locked --uv --quiet
	@touch $@
