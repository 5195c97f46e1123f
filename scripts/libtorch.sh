#!/usr/bin/env bash
# Puts libtorch where cargo and the programs look for it: .libtorch, in the root of the repository.
#
#   LIBTORCH=DIR               link to a libtorch that is already on this machine
#   LIBTORCH_FLAVOR=cpu|cuda   what to download; without it, cuda where nvidia-smi lists a GPU, else cpu
#   SELECTIVITY_WHEELS=DIR     take the wheels from a folder instead of the network
#
# The wheels keep their layout (torch/lib beside nvidia/*/lib), because the libraries' RPATHs count on it;
# lib and include are links into it. The stamp, written last, holds the pinned versions and the size of every
# library: where it does not agree with what is there, everything is made again, beside, and renamed.
# Written for bash 3.2, the one of macOS.
set -euo pipefail
shopt -s nullglob

readonly TORCH_VERSION=2.11.0
readonly TARGET=.libtorch PART=.libtorch.part LOCK=.libtorch.lock LOG=.libtorch.log
readonly OTHER_WAY="or set LIBTORCH to a folder that holds libtorch $TORCH_VERSION"

say() { echo "libtorch: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

require_compiler() {
  command -v "${CXX:-c++}" >/dev/null && command -v cc >/dev/null && return
  command -v g++ clang++ >/dev/null && command -v cc >/dev/null &&
    fail "no compiler is called ${CXX:-c++} here: set CXX to the name of yours, for example CXX=g++."
  fail "no C++ compiler was found: install one (Debian, Ubuntu: apt-get install g++; macOS: xcode-select --install) and run make again."
}

# The version that the headers below folder $1 state, or "an unknown version".
version_of() {
  local header pattern='MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+)'
  for header in "$1"/include/torch/{headeronly,csrc/api/include/torch}/version.h; do
    if [[ -f $header && $(<"$header") =~ $pattern ]]; then
      echo "${BASH_REMATCH[1]}.${BASH_REMATCH[2]}.${BASH_REMATCH[3]}"
      return
    fi
  done
  echo "an unknown version"
}

fits() {
  local libraries=("$1"/lib/libtorch_cpu.*)
  [[ ${#libraries[@]} -gt 0 && $(version_of "$1") == "$TORCH_VERSION" ]]
}

link_to() {
  [[ -d $1 ]] || fail "LIBTORCH is $1, which is no folder: correct it, or unset it to have libtorch $TORCH_VERSION downloaded."
  fits "$1" || fail "LIBTORCH is $1, which holds $(version_of "$1"), but $TORCH_VERSION is needed, in lib/ and include/: correct it, or unset it to have that downloaded."
  [[ $1 -ef $TARGET ]] && return
  rm -rf "$TARGET"
  ln -s "$1" "$TARGET"
  say "$TARGET is now a link to $1"
}

platform() {
  case $OSTYPE-$HOSTTYPE in
    linux-gnu*-x86_64) echo linux-x86_64 ;;
    linux-gnu*-aarch64) echo linux-aarch64 ;;
    darwin*-arm64 | darwin*-aarch64) echo macos-arm64 ;;
    *) fail "no libtorch wheel is known for $OSTYPE on $HOSTTYPE: set LIBTORCH to a folder that holds libtorch $TORCH_VERSION." ;;
  esac
}

gpu_seen() { command -v nvidia-smi >/dev/null && [[ $(nvidia-smi -L 2>/dev/null) == *GPU\ * ]]; }

has_cuda_set() { [[ -f $TARGET/stamp && $(<"$TARGET/stamp") == cuda* ]]; }

# An unpacked CUDA set serves a machine without a GPU too, so it stays until the other one is asked for.
wanted_flavor() {
  case ${LIBTORCH_FLAVOR:-} in
    cpu | cuda) echo "$LIBTORCH_FLAVOR" ;;
    "") if has_cuda_set || gpu_seen; then echo cuda; else echo cpu; fi ;;
    *) fail "LIBTORCH_FLAVOR is '$LIBTORCH_FLAVOR', but can only be cpu or cuda." ;;
  esac
}

# What the stamp in folder $1 must say: flavor and platform, the pinned wheels, the size in bytes of each library.
stamp_of() {
  echo "$kind"
  echo "$(<"$requirements")"
  (cd "$1" && wc -c include/torch/headeronly/version.h lib/* nvidia/*/lib/*) 2>/dev/null || true
}

is_whole() { [[ -f $TARGET/stamp && $(<"$TARGET/stamp") == "$(stamp_of "$TARGET")" ]]; }

# Prints the python that has pip: the machine's, or a virtual environment's made with the pip that Python brings along.
python_with_pip() {
  command -v python3 >/dev/null ||
    fail "python3 is missing, with which libtorch is downloaded: install it (Debian, Ubuntu: apt-get install python3 python3-pip), $OTHER_WAY."
  if python3 -c 'import pip' >>"$LOG" 2>&1; then
    echo python3
  elif python3 -m venv "$PART/venv" >>"$LOG" 2>&1; then
    echo "$PART/venv/bin/python"
  else
    fail "python3 has no pip, with which libtorch is downloaded: install it (Debian, Ubuntu: apt-get install python3-pip), $OTHER_WAY."
  fi
}

# pip compares platform tags as they are written, so every tag that the pinned wheels bear is named.
platform_tags() {
  local tag
  case $kind in
    *-macos-*) echo macosx_11_0_arm64 ;;
    *) for tag in _2_28 _2_27 _2_25 _2_18 _2_17 2014 _2_12 2010 _2_5 1; do echo "manylinux${tag}_${kind##*-}"; done ;;
  esac
}

download() {
  local arguments=() tag
  for tag in $(platform_tags); do arguments+=(--platform "$tag"); done
  if [[ -n ${SELECTIVITY_WHEELS:-} ]]; then arguments+=(--no-index --find-links "$SELECTIVITY_WHEELS"); fi
  # The wheels' libraries do not depend on the Python version: one is named, so that the user's does not matter.
  TMPDIR=$PWD/$PART "$python" -m pip download --no-deps --no-cache-dir --require-hashes --only-binary :all: \
    --implementation cp --python-version 3.11 --abi cp311 --abi none "${arguments[@]}" \
    --dest "$PART/wheels" --requirement "$requirements" >>"$LOG" 2>&1 || explain_download
}

explain_download() {
  case $(<"$LOG") in
    *"No space left"*) fail "the disk is full: make room (setting up cpu takes 1.5 GB, cuda 6 GB) and run make again." ;;
    *"DO NOT MATCH THE HASHES"*) fail "a wheel is not the pinned one, its SHA-256 differs, so nothing was kept: run make again, and if it happens again find out where $LOG says that the wheel came from." ;;
    *) fail "libtorch could not be downloaded: check the network and run make again, or put the wheels of $requirements into a folder and set SELECTIVITY_WHEELS to it, $OTHER_WAY (pip's output is in $LOG)." ;;
  esac
}

install() {
  local begin=$SECONDS
  [[ $kind == *-linux-x86_64 ]] || say "$kind is untested; please report how it goes."
  say "setting up libtorch $TORCH_VERSION ($kind) in $TARGET; cpu downloads some 530 MB, cuda 2.5 GB"
  rm -rf "$PART"
  mkdir -p "$PART/libtorch"
  trap 'rm -rf "$PART"' EXIT
  trap 'exit 130' INT
  : >"$LOG"
  python=$(python_with_pip)
  download
  "$python" scripts/libtorch/unpack.py "${kind%%-*}" "$PART/wheels" "$PART/libtorch" || exit 1
  stamp_of "$PART/libtorch" >"$PART/libtorch/stamp"
  if [[ -e $TARGET || -L $TARGET ]]; then mv "$TARGET" "$PART/old"; fi
  mv "$PART/libtorch" "$TARGET"
  say "libtorch is ready ($((SECONDS - begin)) s)"
}

main() {
  local given=${LIBTORCH:-}
  if [[ -d $given ]]; then given=$(cd -P -- "$given" >/dev/null && pwd); fi
  cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." >/dev/null
  require_compiler
  if [[ -n $given && $given != "$PWD/$TARGET" ]]; then
    link_to "$given"
    return
  fi
  # A link that an earlier LIBTORCH left stays until something else is asked for.
  if [[ -L $TARGET && -z ${LIBTORCH_FLAVOR:-} ]] && fits "$TARGET"; then return; fi

  kind=$(wanted_flavor)
  kind+=-$(platform)
  requirements=scripts/libtorch/$kind.txt
  [[ -f $requirements ]] || fail "there is no libtorch for $kind: unset LIBTORCH_FLAVOR, or set it to cpu."
  is_whole && return
  # The kernel's lock ends with the process. macOS has no flock: there, two first runs at once are not guarded.
  (: >"$LOCK") 2>/dev/null || fail "$PWD cannot be written to: mend its permissions, or make room, and run make again."
  exec 9>"$LOCK"
  if command -v flock >/dev/null && ! flock -n 9; then
    say "waiting for another run that sets libtorch up"
    flock 9
  fi
  is_whole || install
}

main
