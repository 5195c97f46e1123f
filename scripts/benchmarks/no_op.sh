#!/usr/bin/env bash
# How long it takes to find that nothing of the shipped study is to be done, in milliseconds, five times. The study is brought up to date first.
#
#   scripts/benchmarks/no_op.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

make --silent all
for _ in 1 2 3 4 5; do
  start=$(date +%s%N)
  target/release/pipeline run >/dev/null 2>&1
  echo $((($(date +%s%N) - start) / 1000000))
done
