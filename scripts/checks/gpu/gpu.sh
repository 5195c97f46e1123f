#!/usr/bin/env bash
# Checks the values and the speed of the programs on an NVIDIA GPU, in about six minutes, and writes gpu.json and gpu.md.
#
#   ./gpu.sh [FOLDER]          where the two files go; the default is the current folder
#   PYTHON=python3.12 ./gpu.sh a Python that has PyTorch 2.11 for CUDA
#
# Without a GPU it says so and checks everything else. Exit status 1: a value is outside its tolerance; 2: something that it needs is missing.
set -euo pipefail
exec "${PYTHON:-python3}" "$(dirname "${BASH_SOURCE[0]}")/gpu.py" "${1:-.}"
