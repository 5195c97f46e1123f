#!/usr/bin/env bash
# Opens every folder of artifacts/latest (or of another study's folder, ARTIFACTS) in DuckDB, pandas and polars, of pinned versions in the virtual environment .venv.
# Arguments go to open_latest.py. Then checks what must hold of controls (controls.py) and runs docs/analysis.ipynb.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly LATEST=${ARTIFACTS:-artifacts}/latest
readonly REQUIREMENTS=scripts/checks/requirements.txt INSTALLED=.venv/requirements.txt
if [[ ! -e $LATEST ]]; then
  echo "latest: skipped: $LATEST is not there; make all makes it"
  exit 0
fi
if ! cmp -s $REQUIREMENTS $INSTALLED; then
  if ! python3 -m venv --clear .venv || ! .venv/bin/python -m pip install --quiet --require-hashes --requirement $REQUIREMENTS; then
    echo "latest: skipped: the virtual environment .venv could not be made: it needs Python 3.11 or later with venv (Debian, Ubuntu: apt-get install python3-venv) and a network"
    exit 0
  fi
  cp $REQUIREMENTS $INSTALLED
fi
.venv/bin/python scripts/checks/open_latest.py "$LATEST" "$@"
.venv/bin/python scripts/checks/controls.py "$LATEST"
exec .venv/bin/python scripts/checks/notebook.py
