#!/usr/bin/env bash
# Every shell script passes shellcheck (where it is installed), every Python script compiles, and so does JavaScript (where node is installed).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

shell=(.ci/run data/scenes/make.sh scripts/*.sh scripts/*/*.sh)
if command -v shellcheck >/dev/null; then
  shellcheck "${shell[@]}"
else
  echo "scripts: shellcheck is not installed, so only the syntax is checked" >&2
  for script in "${shell[@]}"; do bash -n "$script"; done
fi
for script in "${shell[@]}"; do
  [[ -x $script ]] || { echo "scripts: $script is not executable: chmod +x $script" >&2; exit 1; }
done

find scripts -name '*.py' -exec python3 -c '
import ast, pathlib, sys
for name in sys.argv[1:]:
    ast.parse(pathlib.Path(name).read_text(), name)
' {} +
if command -v node >/dev/null; then
  for script in scripts/*/*/*.mjs crates/pages/src/*.js; do node --check "$script"; done
fi
echo "scripts: ${#shell[@]} shell scripts are clean, and the other scripts compile"
