## make            the shipped study, from images to the report (the same as make all)
## make all        sets libtorch up, builds, and brings every stage up to date; what is up to date is not computed again
## make demo       three photographs, Grad-CAM and LIME, in less than a minute
## make test       sets libtorch up and runs all tests
## make segment    one stage and what it needs; likewise infer, gradcam, lime, deletion, evaluate, report
## make plan       what is up to date, what would run, and why; computes nothing
## make status     what the study consists of now
## make summary    the main table with intervals, in the terminal; brings what it needs up to date
## make build      sets libtorch up and builds the programs, in target/release
## make docs       writes docs/settings.md and docs/tables.md from the declarations in the code
## make check      everything that is checked besides the tests: format, clippy, docs, layers, scripts, tables, the report in a browser
## make check-readme  every command of README.md in an empty clone: half an hour
## make check-report  the report in headless Chromium, used as a reader does; skipped without chromium, node and npm
## make parity     every method beside its published implementation: quantity, tolerance, largest difference
## make fuzz       twenty thousand mutations of each .pt2 file of the tests: no panic, and no more memory than four times the file
## make reliability kills, starves and damages runs in every way of docs/reliability.md: one to two hours; ARGS=--short: minutes
## make oracles    makes the values to compare with again, in Python with pinned packages: 3 GB, minutes
## make bench      our speed beside that of the published implementations, in turns: well over an hour; in the Python of make oracles
## make census     exports 82 popular classifiers with random weights and compares the executor with PyTorch; hours; CENSUS_PYTHON names a Python with torch and timm
## make scenes     draws scenes like the shipped ones into target/drawn
## make train      draws 10,000 scenes and trains the shipped networks again: an hour or more; see data/README.md
## make gpu-bundle packs a check of values and speed for a machine with an NVIDIA GPU and PyTorch 2.11, in target/gpu-bundle
## make paper      the paper's study, pipeline.paper.toml: fetches the two weight files, says how many hours it takes, runs it
## make clean      removes what was built and libtorch; never artifacts/
##
## CONFIG=FILE     another study than pipeline.toml
## ARGS='...'      further options for the program that runs, for example ARGS=-v; see target/release/pipeline --help

CONFIG ?= pipeline.toml
ARGS ?=
STAGES := segment infer gradcam lime deletion evaluate report
CHECKS := check-format check-clippy check-docs check-layers check-scripts check-prose check-libtorch check-latest check-report
PIPELINE := target/release/pipeline
PROGRAMS := target/release
PAPER := pipeline.paper.toml
DEMO := pipeline.demo.toml
# In this order: the later ones read what torchscript makes.
ORACLES := surrogate preparation superpixels torchscript checkpoints networks hirescam architectures lime_runs removal measures controls
ORACLE_PYTHON := target/oracles-venv/bin/python
CENSUS_PYTHON ?= target/census-venv/bin/python

# Where rustup puts cargo, for a shell that was open before it was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin
# cargo takes libtorch from .libtorch (.cargo/config.toml), whatever scripts/libtorch.sh has put or linked there.
unexport LIBTORCH LIBTORCH_USE_PYTORCH LIBTORCH_INCLUDE LIBTORCH_LIB

.NOTPARALLEL:
.PHONY: all demo $(STAGES) test docs plan status summary build libtorch cargo check $(CHECKS) check-readme parity fuzz reliability oracles bench census scenes train gpu-bundle paper clean help

all: build
	@$(PIPELINE) run --config $(CONFIG) $(ARGS)

$(STAGES): build
	@$(PIPELINE) run $@ --config $(CONFIG) $(ARGS)

demo: build
	@$(PIPELINE) run --config $(DEMO) $(ARGS)

plan status: build
	@$(PIPELINE) $@ --config $(CONFIG) $(ARGS)

summary: report
	@$(PROGRAMS)/report --summary --quiet --config $(CONFIG)

# Tests fail where these pages are not what the code declares.
docs: libtorch
	WRITE_DOCS=1 cargo test --release -p study -p measures --lib -- up_to_date

# The integration tests run the programs. Tests run side by side: threads of libtorch that wait must not keep the cores busy.
test: export OMP_WAIT_POLICY := passive
test: build
	cargo test --release --workspace --exclude benches $(ARGS)

# The first build takes minutes and shows that it gets on; later ones keep quiet.
build: libtorch
	@cargo build --release --workspace --exclude benches $(if $(wildcard $(PIPELINE)),--quiet)

libtorch: cargo
	@LIBTORCH='$(LIBTORCH)' scripts/libtorch.sh

cargo:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust with rustup and run make again." >&2; exit 1; }

check: $(CHECKS)

check-format: cargo
	cargo fmt --all --check

check-clippy: libtorch
	cargo clippy --release --workspace --all-targets --quiet -- -D warnings

check-docs: libtorch
	RUSTDOCFLAGS='-D warnings' cargo doc --release --workspace --no-deps --quiet

check-layers: cargo
	scripts/checks/layers.sh

check-scripts:
	scripts/checks/scripts.sh

check-prose:
	python3 scripts/checks/prose.py
	python3 scripts/checks/results.py

# Not among the checks: it builds everything in an empty clone and runs the default study.
check-readme:
	scripts/checks/readme.sh

check-libtorch:
	scripts/libtorch.test.sh

check-latest:
	scripts/checks/latest.sh

check-report:
	scripts/checks/report.sh $(ARGS)

parity: build
	cargo test --release --workspace --exclude benches --test integration parity -- --nocapture --test-threads=1

fuzz: export MUTATIONS := 20000
fuzz: cargo
	cargo test --release -p graph --lib -- mutated

reliability: export PYTHONDONTWRITEBYTECODE := 1
reliability: build
	python3 scripts/reliability/run.py $(ARGS)

# Without the hash seed, TorchScript files differ in bytes from run to run.
oracles: export PYTHONHASHSEED := 0
oracles: export PYTHONDONTWRITEBYTECODE := 1
oracles: export TQDM_DISABLE := 1
oracles: $(ORACLE_PYTHON)
	for oracle in $(ORACLES); do $(ORACLE_PYTHON) scripts/oracles/$$oracle.py tests/fixtures || exit 1; done
	$(ORACLE_PYTHON) scripts/oracles/graphs.py crates/graph/fixtures
	$(ORACLE_PYTHON) scripts/oracles/onnx_graphs.py crates/graph/fixtures
	$(ORACLE_PYTHON) scripts/oracles/faithfulness.py crates/measures/fixtures
	$(ORACLE_PYTHON) scripts/oracles/token_cams.py crates/graph/fixtures
	$(ORACLE_PYTHON) scripts/oracles/answers.py crates/arrays/fixtures
	$(ORACLE_PYTHON) scripts/oracles/maps.py crates/gradcam/fixtures
	$(ORACLE_PYTHON) scripts/oracles/queries.py crates/lime/fixtures
	$(ORACLE_PYTHON) scripts/oracles/full_networks.py target/oracles
	$(ORACLE_PYTHON) scripts/oracles/token_cams.py --full target/oracles

# Not in CI: it needs a virtual environment of its own, with torch, torchvision, timm, safetensors and numpy. Both sides keep freed memory, as our programs do.
census: export MALLOC_MMAP_MAX_ := 0
census: export MALLOC_TRIM_THRESHOLD_ := 1073741824
census: export MALLOC_TOP_PAD_ := 268435456
census: libtorch
	cargo build --release -p executor --example census --quiet
	$(CENSUS_PYTHON) scripts/checks/census.py target/release/examples/census $(ARGS)

# Machines differ from minute to minute, so every ratio is of runs that took turns.
bench: libtorch $(ORACLE_PYTHON)
	cargo build --release --workspace --examples --quiet
	$(ORACLE_PYTHON) scripts/benchmarks/evaluator.py target/release/examples/throughput
	$(ORACLE_PYTHON) scripts/benchmarks/explanations.py target/release/examples
	$(ORACLE_PYTHON) scripts/benchmarks/removal.py target/release/examples/removal_curve
	$(ORACLE_PYTHON) scripts/benchmarks/superpixels.py target/release/examples/time
	$(ORACLE_PYTHON) scripts/benchmarks/growth.py target/release/examples
	$(ORACLE_PYTHON) scripts/benchmarks/samplers.py target/release/examples --samples 1000 --runs 8 --images 4
	$(ORACLE_PYTHON) scripts/benchmarks/designs.py target/release/examples --samples 1000 --runs 8 --images 4
	cargo bench --package benches
	scripts/benchmarks/no_op.sh

$(ORACLE_PYTHON):
	python3 -m venv target/oracles-venv
	$(ORACLE_PYTHON) -m pip install --quiet --disable-pip-version-check --prefer-binary --requirement scripts/oracles/requirements.txt

# A workspace of its own, which nothing else builds.
scenes train:
	@LIBTORCH='$(LIBTORCH)' data/scenes/make.sh $@ $(ARGS)

gpu-bundle: build
	cargo build --release --workspace --examples --quiet
	scripts/checks/gpu/pack.sh

# What is there is not fetched or computed again; photographs and labels are yours: see the file.
paper: build
	@$(PIPELINE) fetch --config $(PAPER)
	@$(PIPELINE) plan --measure --config $(PAPER)
	@$(PIPELINE) run --config $(PAPER) $(ARGS)

clean:
	rm -rf target .venv .libtorch .libtorch.part .libtorch.lock .libtorch.log

help:
	@sed -n 's/^## \{0,1\}//p' Makefile
