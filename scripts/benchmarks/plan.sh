#!/usr/bin/env bash
# How long it takes to plan a study of 50,000 images and 2 networks that is up to date, and in how much memory. The study is made first, without
# computing anything, in a folder that should be in memory (10 GB): minutes.
#
#   scripts/benchmarks/plan.sh FOLDER [IMAGES]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo build --release --workspace --examples --quiet
for _ in 1 2 3; do target/release/examples/large_study "${1:?a folder, for example /dev/shm/large}" "${2:-50000}"; done
