"""Times our superpixels beside scikit-image's, in turns, on the shipped scenes cropped to 224x224.

    python3 scripts/benchmarks/superpixels.py target/release/examples/time

Prints the median seconds of both on one thread, the ratio (above 1: ours is faster), and the ratio of ours with all threads to scikit-image, which
knows one; both with the smallest and the largest median of a scene.
"""

import os

# Before numpy is loaded, which asks them then.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image, ImageOps
from skimage import segmentation

SCENES = sorted((Path(__file__).parents[2] / "data" / "images").glob("*-00.png"))
REPEATS = 5
THEIRS = {
    "quickshift": lambda image: segmentation.quickshift(image, kernel_size=4, max_dist=200, ratio=0.2),
    "slic": lambda image: segmentation.slic(image, n_segments=50, compactness=10, start_label=0),
    "felzenszwalb": lambda image: segmentation.felzenszwalb(image, scale=100, sigma=0.5, min_size=50),
}


def ours(program, path, threads):
    environment = os.environ | ({"RAYON_NUM_THREADS": str(threads)} if threads else {})
    command = [program, path, str(REPEATS)]
    lines = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: [float(second) for second in seconds] for name, *seconds in map(str.split, lines)}


def theirs(image):
    def seconds(algorithm):
        start = time.perf_counter()
        algorithm(image)
        return time.perf_counter() - start

    return {name: [seconds(algorithm) for _ in range(REPEATS)] for name, algorithm in THEIRS.items()}


def main(program):
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for scene in SCENES:
            crop = ImageOps.fit(Image.open(scene).convert("RGB"), (224, 224))
            path = f"{folder}/{scene.name}"
            crop.save(path)
            rounds.append((ours(program, path, 1), ours(program, path, None), theirs(np.array(crop))))
    print("| algorithm | ours, 1 thread | scikit-image | ratio | range | ratio with all threads | range |\n|---|---|---|---|---|---|---|")
    for name in THEIRS:
        one, every, other = (median(second for part in rounds for second in part[side][name]) for side in range(3))
        of_scenes = [[median(seconds[name]) for seconds in part] for part in rounds]
        alone, parallel = ([scene[2] / scene[side] for scene in of_scenes] for side in range(2))
        print(
            f"| {name} | {one:.4f} s | {other:.4f} s | {other / one:.1f} | {min(alone):.1f} to {max(alone):.1f} "
            f"| {other / every:.1f} | {min(parallel):.1f} to {max(parallel):.1f} |"
        )


if __name__ == "__main__":
    main(sys.argv[1])
