#!/usr/bin/env bash
# The layers of the workspace (ARCHITECTURE.md): who may know libtorch, and who may permute a tensor's axes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Tests may use everything; all other crates are pure arithmetic, tables or the pipeline around them.
readonly KNOW_LIBTORCH="executor networks occlusion infer gradcam lime deletion integration"
# tch's own names, with arguments: Option::transpose() and Result::transpose() have none.
readonly PERMUTES='\.(f_)?((permute|transpose|swapaxes|swapdims|movedim|moveaxis)_?\(([^)]|$)|(tr|t|t_|mt|mh|numpy_t)\(\))'

status=0
violation() {
  echo "layers: $*" >&2
  status=1
}

tree=$(cargo tree --locked --workspace --edges normal,build --invert torch-sys --prefix none --format '{p}')
# Members of the workspace are the ones with a path: "name v0.1.0 (/path)".
members=$(sed -nE 's|^([a-z0-9_-]+) v[^ ]+ \(/.*|\1|p' <<<"$tree" | sort -u | paste -sd ' ' -)
[[ $members == *networks* ]] || violation "cargo tree does not show that networks depends on torch-sys, so this check saw nothing"
for crate in $members; do
  [[ " $KNOW_LIBTORCH " == *" $crate "* ]] ||
    violation "$crate depends on libtorch, which only $KNOW_LIBTORCH may: cargo tree -p $crate -i torch-sys shows the way"
done

folders=()
# The executor permutes as graphs of networks say, and knows no pictures.
for crate in ${KNOW_LIBTORCH#executor }; do [[ -d crates/$crate/src ]] && folders+=("crates/$crate/src"); done
# Comments and texts may name what code may not.
permuting() {
  local file
  while read -r file; do
    if grep -qE "$PERMUTES" <(sed 's|"[^"]*"||g; s|//.*||' "$file"); then echo "$file"; fi
  done
}
files=$(find "${folders[@]}" -name '*.rs' | sort | permuting | paste -sd ' ' -)
for file in $files; do [[ $file == crates/networks/src/* ]] || violation "$file permutes axes, which networks does for all"; done
[[ $(wc -w <<<"$files") -le 1 ]] || violation "axes are permuted in more than one file: $files"

if [[ $status == 0 ]]; then echo "layers: libtorch is known to $members only; axes are permuted in ${files:-no file}"; fi
exit $status
