#!/usr/bin/env bash
# Builds and runs the programs of this workspace. It alone builds them.
#
#   data/scenes/make.sh scenes [OPTION...]   draws scenes like the shipped ones into target/drawn
#   data/scenes/make.sh train [OPTION...]    draws 10,000 scenes and trains both shipped networks: an hour or more
#   data/scenes/make.sh test                 checks the format, runs clippy and all tests
#
# An OPTION goes to the program and takes the place of the one given here; `data/scenes/make.sh scenes --help` lists them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH="$PATH:$HOME/.cargo/bin"
# cargo takes libtorch from .libtorch, where scripts/libtorch.sh puts or links it.
readonly LIBTORCH_FOLDER=${LIBTORCH:-} NETWORKS=data/networks PROGRAMS=target/scenes/release
unset LIBTORCH LIBTORCH_USE_PYTORCH LIBTORCH_INCLUDE LIBTORCH_LIB

# cargo finds the settings of this workspace from its folder.
in_workspace() { (cd data/scenes && "$@"); }
libtorch() { LIBTORCH=$LIBTORCH_FOLDER scripts/libtorch.sh; }

scenes() {
  in_workspace cargo build --release --package scenes
  "$PROGRAMS/scenes" --out target/drawn --seed 20261122 --per-class 2 "$@"
}

train_one() {
  local network=$1
  shift
  "$PROGRAMS/train" "$network" --weights "$NETWORKS/$network.safetensors" --log "$NETWORKS/$network.jsonl" --shards 10 "$@"
}

train() {
  libtorch
  in_workspace cargo build --release --package train
  train_one alexnet --epochs 24 --batch 64 --learning-rate 6e-4 --weight-decay 0.02 "$@"
  train_one resnet50 --epochs 14 --small-epochs 9 --batch 32 --learning-rate 2e-3 --weight-decay 0.05 "$@"
}

run_tests() {
  libtorch
  in_workspace cargo fmt --package scenes --package train --check
  in_workspace cargo clippy --release --all-targets -- -D warnings
  in_workspace cargo test --release
}

case ${1:-} in
  scenes | train) "$@" ;;
  test) run_tests ;;
  *)
    sed -n 's/^# \{0,1\}//p' data/scenes/make.sh >&2
    exit 2
    ;;
esac
