#!/usr/bin/env bash
# Runs every command of README.md, block after block, in an empty clone of the last commit, and prints how long each took.
#
#   scripts/checks/readme.sh [FOLDER]     FOLDER must not be there yet; without it the clone is target/readme, which is replaced
#
# PYTHON names a Python with PyTorch and timm for the exporter (python3). EXPORT is added to its command: `--random 1` where published weights cannot be fetched.
# LIBTORCH names a libtorch to link instead of fetching one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly ROOT=$PWD
folder=${1:-target/readme}
if [[ $# == 0 ]]; then rm -rf "$folder"; fi
git clone --quiet . "$folder"
cd "$folder"
mkdir photos
cp data/photographs/images/{goldfish,red-panda,space-shuttle}.jpg photos/

# Commands stand in fenced blocks, one a line; a comment may follow.
mapfile -t commands < <(awk '/^```/ { inside = !inside; next } inside && NF' README.md | sed 's/  *#.*//')
[[ ${#commands[@]} -gt 0 ]] || { echo "README.md has no commands" >&2; exit 1; }
for command in "${commands[@]}"; do
  command=${command/#python3 /${PYTHON:-python3} }
  case $command in *export_pt2.py*) command+=" ${EXPORT:-}" ;; esac
  echo "== $command"
  begin=$SECONDS
  bash -c "$command" || { echo "== FAILED after $((SECONDS - begin)) s: $command" >&2; exit 1; }
  echo "== $((SECONDS - begin)) s: $command"
done
echo "readme: ${#commands[@]} commands of README.md ran in ${folder#"$ROOT"/}"
