"""Compares what `imaging` draws of every JPEG file that its tests write with what libjpeg draws (Pillow 13).

    target/oracles-venv/bin/python scripts/checks/jpegs.py

The tests' own oracle is the picture that their encoder was given; this shows that the files are JPEG files to others too.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

# Levels: the decoders differ in the last bit of the cosine transform and in how they interpolate chroma.
LARGEST = 6


def main():
    folder = Path(__file__).parents[2] / "target" / "jpegs"
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    test = ["decode::jpeg::tests::write_every_file", "--exact", "--ignored"]
    subprocess.run(["cargo", "test", "--release", "-p", "imaging", "--lib", "--", *test], check=True)
    drawn, refused, wrong = 0, 0, 0
    for file in sorted(folder.glob("*.jpg")):
        expected = np.asarray(Image.open(file).convert("RGB")).astype(int)
        png = file.with_suffix(".png")
        if not png.exists():
            refused += 1
            continue
        drawn += 1
        largest = np.abs(np.asarray(Image.open(png)).astype(int) - expected).max()
        if largest > LARGEST:
            wrong += 1
            print(f"{file.with_suffix('.txt').read_text()}: {largest} levels apart")
    print(f"{drawn} drawn, {refused} refused, {wrong} more than {LARGEST} levels from libjpeg")
    return 1 if wrong or not drawn else 0


if __name__ == "__main__":
    sys.exit(main())
