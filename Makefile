## make            the shipped study, from images to the report (the same as make all)
## make all        sets libtorch up, builds, and brings every stage up to date; what is up to date is not computed again
## make test       sets libtorch up and runs all tests
## make segment    one stage and what it needs; likewise infer, gradcam, lime, deletion, evaluate, report
## make plan       what is up to date, what would run, and why; computes nothing
## make status     what the study consists of now
## make build      sets libtorch up and builds the programs, in target/release
## make check      everything that is checked besides the tests: format, clippy, docs, layers, scripts, tables
## make scenes     draws scenes like the shipped ones into target/drawn
## make train      trains the shipped networks again, hours of all cores; data/README.md
## make clean      removes what was built and libtorch; never artifacts/
##
## CONFIG=FILE     another study than pipeline.toml
## ARGS='...'      further options for the program that runs, for example ARGS=-v; see target/release/pipeline --help

CONFIG ?= pipeline.toml
ARGS ?=
STAGES := segment infer gradcam lime deletion evaluate report
CHECKS := check-format check-clippy check-docs check-layers check-scripts check-libtorch check-latest
PIPELINE := target/release/pipeline
PROGRAMS := target/release

# Where rustup puts cargo, for a shell that was open before it was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin
# cargo takes libtorch from .libtorch (.cargo/config.toml), whatever scripts/libtorch.sh has put or linked there.
unexport LIBTORCH LIBTORCH_USE_PYTORCH LIBTORCH_INCLUDE LIBTORCH_LIB

.NOTPARALLEL:
.PHONY: all $(STAGES) test plan status build libtorch cargo check $(CHECKS) scenes train clean help

all: build
	@$(PIPELINE) run --config $(CONFIG) $(ARGS)

$(STAGES): build
	@$(PIPELINE) run $@ --config $(CONFIG) $(ARGS)

plan status: build
	@$(PIPELINE) $@ --config $(CONFIG) $(ARGS)

# The integration tests run the programs.
test: build
	cargo test --release --workspace $(ARGS)

# The first build takes minutes and shows that it gets on; later ones keep quiet.
build: libtorch
	@cargo build --release --workspace $(if $(wildcard $(PIPELINE)),--quiet)

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

check-libtorch:
	scripts/libtorch.test.sh

check-latest:
	scripts/checks/latest.sh

scenes: build
	$(PROGRAMS)/scenes --out target/drawn --seed 20261122 --per-class 2 $(ARGS)

train: build
	$(PROGRAMS)/train alexnet --weights data/networks/alexnet.safetensors --log data/networks/alexnet.jsonl \
		--shards 10 --epochs 24 --batch 64 --learning-rate 6e-4 --weight-decay 0.02 $(ARGS)
	$(PROGRAMS)/train resnet50 --weights data/networks/resnet50.safetensors --log data/networks/resnet50.jsonl \
		--shards 10 --epochs 14 --small-epochs 9 --batch 32 --learning-rate 2e-3 --weight-decay 0.05 $(ARGS)

clean:
	rm -rf target .venv .libtorch .libtorch.part .libtorch.lock .libtorch.log

help:
	@sed -n 's/^## \{0,1\}//p' Makefile
