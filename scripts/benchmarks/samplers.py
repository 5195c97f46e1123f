"""Compares how precise LIME's weights are for a number of samples, and for a number of seconds, on the shipped trained networks.

    python3 scripts/benchmarks/samplers.py target/release/examples [--samples 256] [--runs 40] [--images 6] [--networks alexnet]

Every sampler and precision explains each image in repeated runs. The variance of a weight over the runs, summed over the superpixels, is its error; the
ratio of coin's in fp32 to another's says how many times fewer samples the other one needs for the same error, because errors fall with the number of
samples. Prints the median, smallest and largest ratio over the images, and what the mean of the weights differs by beyond chance, in
standard errors of one run.
"""

import argparse
import json
import subprocess
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).parents[2]
NETWORKS = ("alexnet", "resnet50")
IMAGES = sorted((ROOT / "data" / "images").glob("*.png"))
REFERENCE = ("fp32", "coin")
WAYS = (REFERENCE, ("fp32", "paired"), ("fp32", "hadamard"), ("bf16", "coin"), ("mixed", "coin"), ("mixed", "hadamard"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("programs", type=Path)
    arguments.add_argument("--samples", type=int, default=256)
    arguments.add_argument("--runs", type=int, default=40)
    arguments.add_argument("--images", type=int, default=6)
    arguments.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    chosen = arguments.parse_args()
    images = IMAGES[:: max(1, len(IMAGES) // chosen.images)][: chosen.images]
    print("| network | precision, sampler | samples saved: median | range | bias in standard errors | asked again | seconds |")
    print("|---|---|---|---|---|---|---|")
    for network in chosen.networks:
        weights = ROOT / "data" / "networks" / f"{network}.safetensors"
        results = {}
        for way in WAYS:
            for image in images:
                command = [chosen.programs / "explain", image, network, weights, 0.25, *way, chosen.samples, chosen.runs]
                printed = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
                results[way, image] = json.loads(printed.stdout)["runs"]
        for way in WAYS:
            saved, biases = [], []
            for image in images:
                one, other = (np.array([run["weights"] for run in results[side, image]]) for side in (REFERENCE, way))
                saved.append(one.var(axis=0, ddof=1).sum() / other.var(axis=0, ddof=1).sum())
                errors = one.var(axis=0, ddof=1)
                # The means of few runs differ by chance too: that share is taken off the squares.
                chance = (errors + other.var(axis=0, ddof=1)) / len(one)
                squares = ((other.mean(axis=0) - one.mean(axis=0)) ** 2 - chance) / errors
                biases.append(float(np.sqrt(max(0.0, squares.mean()))))
            again = median(run["again"] for image in images for run in results[way, image])
            seconds = median(run["seconds"] for image in images for run in results[way, image])
            print(
                f"| {network} | {', '.join(way)} | {median(saved):.2f} | {min(saved):.2f} to {max(saved):.2f} "
                f"| {median(biases):.2f} | {again:.0f} | {seconds:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
