#!/usr/bin/env bash
# Packs the check of a GPU into one folder of at most 60 MB, which needs neither Rust nor a network where it runs. `make gpu-bundle` builds first.
#
#   scripts/checks/gpu/pack.sh [FOLDER]      the default is target/gpu-bundle
#
# Copy the folder to a machine with an NVIDIA GPU and PyTorch 2.11 for CUDA, and run FOLDER/gpu.sh there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

readonly FOLDER=${1:-target/gpu-bundle} MOST=60000000
readonly PROGRAMS=(segment infer gradcam lime deletion) EXAMPLES=(throughput differences)
readonly IMAGES=(airplane-00 glasses-01 mug-00 umbrella-00)

rm -rf "$FOLDER"
mkdir -p "$FOLDER"/programs "$FOLDER"/study/{images,networks}
for program in "${PROGRAMS[@]}" "${EXAMPLES[@]/#/examples/}"; do
  strip -o "$FOLDER/programs/$(basename "$program")" "target/release/$program"
done
tar --create --xz --directory "$FOLDER/programs" --file "$FOLDER/programs.tar.xz" .
rm -r "$FOLDER/programs"
for image in "${IMAGES[@]}"; do cp "data/images/$image.png" "$FOLDER/study/images/"; done
cp data/classes.txt "$FOLDER/study/"
cp data/networks/*.safetensors "$FOLDER/study/networks/"
cp scripts/checks/gpu/gpu.{sh,py} "$FOLDER/"

bytes=$(du --bytes --summarize "$FOLDER" | cut -f1)
((bytes <= MOST)) || { echo "$FOLDER has $bytes bytes, more than $MOST: pack fewer programs." >&2; exit 1; }
echo "$FOLDER: $((bytes / 1000000)) MB. Copy it to a machine with an NVIDIA GPU and PyTorch 2.11, and run gpu.sh there."
