"""Compares how precise LIME's weights are for a number of samples, and for a number of seconds, on trained networks: the shipped ones, and those of a
folder with networks/NAME.pt and imagenet20/images, where it is there.

    python3 scripts/benchmarks/samplers.py target/release/examples [--samples 256] [--runs 40] [--images 6] [--networks alexnet] [--shared ../shared]

Every sampler and precision explains each image in repeated runs. The variance of a weight over the runs, summed over the superpixels, is its error; the
ratio of coin's in fp32 to another's says how many times fewer samples the other one needs for the same error, because errors fall with the number of
samples. An image of which the network is certain under every mask is left out. Prints the median, smallest and largest ratio over the images; what the mean of the weights differs by beyond chance, in
standard errors of one run; and how far bfloat16's answers to coin's masks are from those of f32.
"""

import argparse
from pathlib import Path
from statistics import median

import numpy as np

from common import compared, measured, spread

ROOT = Path(__file__).parents[2]
SHIPPED = ("alexnet", "resnet50")
PROGRAMS = ("mobilenet_v1", "mobilenet_v2")
REFERENCE = ("fp32", "coin")
SAMPLERS = (REFERENCE, ("fp32", "paired"), ("fp32", "hadamard"))
# A program runs in the precision that it was exported in.
PRECISIONS = (("bf16", "coin"), ("mixed", "coin"), ("mixed", "hadamard"))


def subjects(name, shared):
    """The network as `explain` takes it, its images, and the ways of it."""
    if name in SHIPPED:
        network = (name, ROOT / "data" / "networks" / f"{name}.safetensors", 0.25)
        return network, sorted((ROOT / "data" / "images").glob("*.png")), SAMPLERS + PRECISIONS
    network = ("torchscript", shared / "networks" / f"{name}.pt", 1)
    return network, sorted((shared / "imagenet20" / "images").iterdir()), SAMPLERS


def deviations(reference, other):
    """Of the probabilities of both under the same masks: the largest and the mean difference, and the correlation of the weights."""
    one, two = (np.array([run["probabilities"] for run in runs]) for runs in (reference, other))
    weights = (np.ravel([run["weights"] for run in runs]) for runs in (reference, other))
    return np.abs(one - two).max(), np.abs(one - two).mean(), np.corrcoef(*weights)[0, 1]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("programs", type=Path)
    arguments.add_argument("--samples", type=int, default=256)
    arguments.add_argument("--runs", type=int, default=40)
    arguments.add_argument("--images", type=int, default=6)
    arguments.add_argument("--networks", nargs="+", choices=SHIPPED + PROGRAMS, default=SHIPPED + PROGRAMS)
    arguments.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    chosen = arguments.parse_args()
    print("| network | precision, sampler | samples saved: median | range | bias in standard errors | asked again | seconds |")
    print("|---|---|---|---|---|---|---|")
    for network in chosen.networks:
        if network in PROGRAMS and not chosen.shared.is_dir():
            print(f"{network}: skipped, because {chosen.shared} is not there")
            continue
        asked, images, ways = subjects(network, chosen.shared)
        images = spread(images, chosen.images)
        results = {}
        for way in ways:
            for image in images:
                command = [chosen.programs / "explain", image, *asked, *way, chosen.samples, chosen.runs]
                results[way, image] = measured(command)[0]["runs"]
        for way in ways:
            pairs = [[np.array([run["weights"] for run in results[side, image]]) for side in (REFERENCE, way)] for image in images]
            saved, biases = zip(*filter(None, (compared(*pair) for pair in pairs)))
            again = median(run["again"] for image in images for run in results[way, image])
            seconds = median(run["seconds"] for image in images for run in results[way, image])
            print(
                f"| {network} | {', '.join(way)} | {median(saved):.2f} | {min(saved):.2f} to {max(saved):.2f} "
                f"| {median(biases):.2f} | {again:.0f} | {seconds:.3f} |",
                flush=True,
            )
        if ("bf16", "coin") in ways:
            found = [deviations(results[REFERENCE, image], results[("bf16", "coin"), image]) for image in images]
            largest, means, correlations = zip(*found)
            print(
                f"{network}: bf16 moves a probability by {max(largest):.3f} at most, {median(means):.4f} on average; "
                f"its weights correlate {np.nanmedian(correlations):.4f} with those of fp32 (medians over images)"
            )


if __name__ == "__main__":
    main()
