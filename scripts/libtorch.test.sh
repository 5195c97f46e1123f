#!/usr/bin/env bash
# Tests scripts/libtorch.sh without a network and without libtorch, in a temporary copy of the scripts, on a wheel of a few bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
unset LIBTORCH LIBTORCH_FLAVOR CXX

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/main" "$work/wheels" "$work/none" "$work/bin"
export SELECTIVITY_WHEELS=$work/wheels PIP_DISABLE_PIP_VERSION_CHECK=1
here=$work/main/.libtorch

python3 - "$work/wheels/torch-2.11.0-py3-none-any.whl" <<'PY'
import sys, zipfile
version = "".join(f"#define TORCH_VERSION_{part}\n" for part in ("MAJOR 2", "MINOR 11", "PATCH 0"))
names = ["libtorch.so", "libtorch_cpu.so", "libtorch_cuda.so", "libtorch_python.so", "libc10.so"]
files = {f"torch/lib/{name}": name for name in names} | {"torch/include/torch/headeronly/version.h": version}
files |= {"torch-2.11.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: torch\nVersion: 2.11.0\n"}
files |= {"torch-2.11.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n"}
files |= {"torch-2.11.0.dist-info/RECORD": "", "torch/other.py": ""}
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
PY

# Pins the wheel by digest $1, as every requirements file of the copy.
pin() {
  local file
  for file in "$work"/main/scripts/libtorch/*.txt; do echo "torch==2.11.0 --hash=sha256:$1" >"$file"; done
}
digest() { python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"; }

fresh() {
  rm -rf "$work/main"
  mkdir -p "$work/main"
  cp -R ../scripts "$work/main/scripts"
  pin "$(digest "$work"/wheels/*.whl)"
}
set_up() { bash "$work/main/scripts/libtorch.sh" >"$work/output" 2>&1; }
ready() {
  fresh
  cp -R "$work/made" "$here"
  touch "$here/marker"
}

broken() {
  echo "FAILED: $name: $*"
  cat "$work/output"
  exit 1
}
test_case() {
  name=$1
  echo "test $name"
}
is_kept() { [[ -e $here/marker && ! -s $work/output ]] || broken "it was made again, or said something"; }
is_remade() { [[ ! -e $here/marker && -s $here/lib/libtorch_cpu.so && -f $here/stamp ]] || broken "it was not made again"; }
# refuses MESSAGE COMMAND: the command fails, its last line holds the message, and nothing half-done is left.
refuses() {
  local message=$1
  shift
  if "$@"; then broken "it succeeded"; fi
  [[ $(wc -l <"$work/output") -le 2 && $(tail -1 "$work/output") == *"$message"* ]] || broken "the message lacks '$message'"
  [[ ! -e $work/main/.libtorch.part ]] || broken "it left .libtorch.part"
}

# A PATH that holds only the named programs.
only() {
  rm -f "$work"/bin/*
  local program
  for program in bash dirname wc cat rm mkdir mv ln "$@"; do ln -s "$(command -v "$program")" "$work/bin/$program"; done
}
limited_set_up() { PATH=$work/bin set_up; }

test_case "a first run unpacks libraries and headers"
fresh
set_up
[[ -s $here/lib/libc10.so && -s $here/include/torch/headeronly/version.h ]] || broken "files are missing"
[[ $(<"$here/lib/libtorch.so") == "INPUT(-ltorch_cpu)" ]] || broken "libtorch.so is not the linker script"
[[ ! -e $here/lib/libtorch_cuda.so && ! -e $here/lib/libtorch_python.so && ! -e $here/torch/other.py ]] || broken "too much"
[[ ! -e $work/main/.libtorch.part ]] || broken "it left .libtorch.part"
cp -R "$here" "$work/made"

test_case "a second run does nothing"
ready
set_up
is_kept

test_case "a library that is too short is noticed"
ready
: >"$here/lib/libtorch_cpu.so"
set_up
is_remade

test_case "a missing library is noticed"
ready
rm "$here/lib/libc10.so"
set_up
is_remade

test_case "a folder without a stamp is made again"
ready
rm "$here/stamp"
set_up
is_remade

test_case "what a killed run left is cleared away"
ready
mkdir -p "$work/main/.libtorch.part/libtorch/lib"
mv "$here" "$work/main/.libtorch.part/old"
set_up
is_remade
[[ ! -e $work/main/.libtorch.part ]] || broken "it left .libtorch.part"

test_case "another pinned version is set up"
ready
for file in "$work"/main/scripts/libtorch/*.txt; do echo "# newer" >>"$file"; done
set_up
is_remade

test_case "where a GPU is seen CUDA is set up, it stays without one, and LIBTORCH_FLAVOR decides before both"
if [[ $OSTYPE == linux* ]]; then
  ready
  mkdir "$work/gpu"
  printf '#!%s\necho GPU 0: of a test\n' "$(command -v bash)" >"$work/gpu/nvidia-smi"
  chmod +x "$work/gpu/nvidia-smi"
  LIBTORCH_FLAVOR=cpu PATH=$work/gpu:$PATH set_up
  is_kept
  PATH=$work/gpu:$PATH set_up
  is_remade
  [[ -s $here/lib/libtorch_cuda.so ]] || broken "libtorch_cuda.so is missing"
  touch "$here/marker"
  set_up
  is_kept
  LIBTORCH_FLAVOR=cpu set_up
  is_remade
else
  echo "  skipped: only Linux has CUDA"
fi

test_case "another LIBTORCH_FLAVOR is refused"
ready
LIBTORCH_FLAVOR=tpu refuses "can only be cpu or cuda" set_up

test_case "a wheel with another digest is refused, and what was there stays"
ready
pin "$(printf '0%.0s' {1..64})"
refuses "SHA-256 differs" set_up
[[ -e $here/marker ]] || broken "the old libtorch is gone"

test_case "without a network it says what to do"
fresh
SELECTIVITY_WHEELS=$work/none refuses "check the network" set_up

test_case "without python3 it says what to do"
fresh
only c++ cc
refuses "python3 is missing" limited_set_up

test_case "without pip it says what to do"
fresh
only c++ cc
printf '#!%s\nexit 1\n' "$(command -v bash)" >"$work/bin/python3"
chmod +x "$work/bin/python3"
refuses "python3 has no pip" limited_set_up

test_case "without a C++ compiler it says what to do"
ready
only python3
refuses "no C++ compiler was found" limited_set_up

test_case "LIBTORCH of the right version is linked to, and stays"
ready
mv "$here" "$work/theirs"
rm "$work/theirs/stamp"
LIBTORCH=$work/theirs set_up
[[ $here -ef $work/theirs && -L $here ]] || broken "it is no link"
set_up
is_kept
LIBTORCH=$work/theirs set_up
is_kept

test_case "LIBTORCH_FLAVOR takes the place of an earlier link"
LIBTORCH_FLAVOR=cpu set_up
[[ ! -L $here ]] || broken "it is still a link"
is_remade

test_case "LIBTORCH of another version is refused"
ready
sed -i.bak s/11/12/ "$work/theirs/include/torch/headeronly/version.h"
LIBTORCH=$work/theirs refuses "holds 2.12.0, but 2.11.0 is needed" set_up

test_case "LIBTORCH that is no folder is refused"
LIBTORCH=$work/nowhere refuses "is no folder" set_up

test_case "LIBTORCH that names .libtorch itself changes nothing"
LIBTORCH=$here set_up
is_kept

echo "libtorch.sh: all tests passed"
