#!/usr/bin/env bash
# Opens artifacts/report in headless Chromium and uses it: report/report.mjs. Needs node (18 or later), npm and chromium (or CHROMIUM, its program).
#
#   scripts/checks/report.sh [--general] [PAGE]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly FOLDER=scripts/checks/report
readonly INSTALLED=$FOLDER/node_modules/installed.json
page=artifacts/report/index.html options=()
for argument in "$@"; do
  if [[ $argument == --* ]]; then options+=("$argument"); else page=$argument; fi
done

# On a developer's machine what is missing is skipped; where changes are accepted it is an error.
missing() {
  if [[ ${CI:-} == true ]]; then
    echo "report: $1" >&2
    exit 1
  fi
  echo "report: skipped, because $1"
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
exec node $FOLDER/report.mjs "${options[@]}" "$page"
