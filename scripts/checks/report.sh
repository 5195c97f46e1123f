#!/usr/bin/env bash
# Opens artifacts/report (or that of another study's folder, ARTIFACTS) in headless Chromium and uses it: report/report.mjs. Needs node (18 or later), npm and chromium (or CHROMIUM, its program).
# Without PAGE also the report of a study of two images whose names need quoting, under two replacements, which it makes in target/awkward.
#
#   scripts/checks/report.sh [--general] [PAGE]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly FOLDER=scripts/checks/report
readonly INSTALLED=$FOLDER/node_modules/installed.json
readonly AWKWARD=target/awkward
pages=() options=()
for argument in "$@"; do
  if [[ $argument == --* ]]; then options+=("$argument"); else pages=("$argument"); fi
done
page=${pages[0]:-${ARTIFACTS:-artifacts}/report/index.html}

missing() {
  echo "report: skipped: $1"
  exit 0
}

[[ -e $page ]] || missing "$page is not there; make all makes it"
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[[ -n $CHROMIUM ]] || missing "there is no chromium (Debian, Ubuntu: apt-get install chromium)"
command -v node >/dev/null || missing "there is no node (Debian, Ubuntu: apt-get install nodejs npm)"
command -v npm >/dev/null || missing "there is no npm (Debian, Ubuntu: apt-get install npm)"
DUCKDB=${DUCKDB:-.venv/bin/python}
[[ -x $DUCKDB || " ${options[*]-} " == *" --general "* ]] || missing "there is no $DUCKDB with DuckDB; make check-latest makes it"

if ! cmp -s $FOLDER/package-lock.json $INSTALLED; then
  npm ci --prefix $FOLDER --no-audit --no-fund --silent || missing "npm ci failed in $FOLDER: it needs a network"
  cp $FOLDER/package-lock.json $INSTALLED
fi
DUCKDB=$(realpath --no-symlinks "$DUCKDB")
export CHROMIUM DUCKDB

# A study with names that shells, SQL, HTML and addresses read in their own ways.
make_awkward() {
  rm -rf $AWKWARD && mkdir -p $AWKWARD/images &&
    cp data/images/lamp-00.png "$AWKWARD/images/jack-o'-lantern & 100%.png" &&
    cp data/images/mug-00.png "$AWKWARD/images/<script>.png" &&
    cat >$AWKWARD/pipeline.toml <<'END' &&
[study]
seed = 1
runs = 2
[images]
folder = "images"
classes = "../../data/classes.txt"
[networks.alexnet]
architecture = "alexnet"
weights = "../../data/networks/alexnet.safetensors"
width = 0.25
[partitions.grid]
algorithm = "grid"
[methods.gradcam]
kind = "gradcam"
[methods.lime]
kind = "lime"
samples = 64
[methods.random]
kind = "random"
orders = 2
[deletion]
orders = ["most_relevant_first", "least_relevant_first"]
replacements = ["mean", "black"]
[evaluate]
resamples = 200
END
    (cd $AWKWARD && ../release/pipeline run --quiet) &&
    ls $AWKWARD/artifacts/report/figures/ranks.*.svg >/dev/null
}

node $FOLDER/report.mjs "${options[@]}" "$page"
if [[ ${#pages[@]} == 0 ]]; then
  [[ -x target/release/pipeline ]] || missing "target/release/pipeline is not there; make build makes it"
  make_awkward || { echo "report: the study in $AWKWARD could not be made" >&2; exit 1; }
  node $FOLDER/report.mjs "${options[@]}" $AWKWARD/artifacts/report/index.html
fi
