"""Tries ways of drawing LIME's masks that the literature offers, on the shipped trained networks, beside those that are built in, which
are drawn here by the same means as the others.

    python3 scripts/benchmarks/designs.py target/release/examples [--samples 1000] [--runs 30] [--images 6] [--networks alexnet] [--designs hadamard]

    coin         fair coins (Ribeiro et al. 2016); what the others are compared with
    paired       each mask with its complement
    hadamard     blocks of a randomised orthogonal design with fold-over
    stratified   the number of superpixels kept is spread evenly over its distribution
    both         stratified, each mask with its complement
    leverage     the number kept is drawn by the leverage of such masks in the regression, and weighted back (after Musco and Witter 2024)
    complements  the same, each mask with its complement and both numbers equally likely, as they draw pairs
    glime        the kernel draws the masks and no longer weights them (Tan et al. 2023, "GLIME")

All are fitted by the same ridge regression with the weights brought to the same sum, so that all are penalised alike. The variance of a weight over the runs,
summed over the superpixels, is a design's error; coin's by another's says how many times fewer samples the other one needs. Prints the median, smallest and
largest of it over the images, and what the mean of the weights differs by beyond chance, in standard errors of one run of coin.
"""

import argparse
import json
import subprocess
from math import comb
from pathlib import Path
from statistics import median

import numpy as np
from scipy.linalg import hadamard
from scipy.stats import binom

from common import compared, spread

ROOT = Path(__file__).parents[2]
NETWORKS = ("alexnet", "resnet50")
IMAGES = sorted((ROOT / "data" / "images").glob("*.png"))
KERNEL_WIDTH = 0.25
ALPHA = 1.0


def kernel(kept, count):
    """The lime package's: an exponential kernel of the cosine distance to the untouched image, square root taken."""
    distance = 1.0 - np.sqrt(kept / count)
    return np.sqrt(np.exp(-(distance**2) / KERNEL_WIDTH**2))


def of_sizes(random, sizes, count):
    """Masks that keep so many superpixels, all such masks equally likely."""
    places = random.random((len(sizes), count)).argsort(axis=1).argsort(axis=1)
    return places < np.asarray(sizes)[:, None]


def with_complements(masks):
    return np.stack([masks, ~masks], axis=1).reshape(-1, masks.shape[1])


def chances(count):
    return np.array([comb(count, kept) / 2.0**count for kept in range(count + 1)])


def leverages(count):
    """The leverage of a mask that keeps 0 .. count superpixels, in the regression of all fair coins' masks."""
    kept = np.arange(count + 1)
    weights = chances(count) * kernel(kept, count)
    one, two = (weights * kept / count).sum(), (weights * kept * (kept - 1)).sum() / (count * (count - 1))
    gram = np.full((count + 1, count + 1), two)
    np.fill_diagonal(gram, one)
    gram[0, 1:] = gram[1:, 0] = one
    gram[0, 0] = weights.sum()
    rows = np.hstack([np.ones((count + 1, 1)), np.tri(count + 1, count, -1)])
    return kernel(kept, count) * np.einsum("ij,ji->i", rows, np.linalg.solve(gram, rows.T))


def drawn(design, random, samples, count):
    """Masks, and by what the kernel's weight of each is multiplied."""
    even = np.ones(samples)
    pairs = samples // 2

    def spread(number):
        places = (np.arange(number) + random.random(number)) / number
        return random.permutation(binom.ppf(places, count, 0.5).astype(int))

    match design:
        case "coin":
            return random.random((samples, count)) < 0.5, even
        case "paired":
            return with_complements(random.random((pairs, count)) < 0.5), even
        case "hadamard":
            order = max(2, 1 << count.bit_length())
            blocks = []
            while sum(map(len, blocks)) < samples:
                columns = random.permutation(np.arange(1, order))[:count]
                signs = random.choice([-1, 1], count)
                rows = hadamard(order)[random.permutation(order)][:, columns] * signs > 0
                blocks.append(with_complements(rows))
            return np.vstack(blocks)[:samples], even
        case "stratified":
            return of_sizes(random, spread(samples), count), even
        case "both":
            return with_complements(of_sizes(random, spread(pairs), count)), even
        case "leverage":
            wanted = chances(count) * leverages(count)
            wanted /= wanted.sum()
            sizes = random.choice(count + 1, samples, p=wanted)
            return of_sizes(random, sizes, count), (chances(count) / wanted)[sizes]
        case "complements":
            wanted = chances(count) * leverages(count)
            wanted = (wanted + wanted[::-1]) / (2 * wanted.sum())
            sizes = random.choice(count + 1, pairs, p=wanted)
            factors = (chances(count) / wanted)[sizes]
            return with_complements(of_sizes(random, sizes, count)), factors.repeat(2)
        case "glime":
            weights = chances(count) * kernel(np.arange(count + 1), count)
            sizes = random.choice(count + 1, samples, p=weights / weights.sum())
            return of_sizes(random, sizes, count), 1.0 / kernel(sizes, count)


DESIGNS = ("coin", "paired", "hadamard", "stratified", "both", "leverage", "complements", "glime")


def fitted(masks, factors, answers):
    """The weights of the weighted ridge regression; the first row is the untouched image."""
    samples, count = masks.shape
    weights = kernel(masks.sum(axis=1), count) * factors
    usual = samples * (chances(count) * kernel(np.arange(count + 1), count)).sum()
    weights[1:] *= usual / weights[1:].sum()
    mean, answer = np.average(masks, axis=0, weights=weights), np.average(answers, weights=weights)
    centred = masks - mean
    gram = centred.T @ (weights[:, None] * centred) + ALPHA * np.eye(count)
    return np.linalg.solve(gram, centred.T @ (weights * (answers - answer)))


def runs(command, chosen, image):
    """The weights of every run of every design."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    count = int(process.stdout.readline())
    asked = []
    designs = ["coin", *chosen.designs]
    for design in designs:
        for run in range(chosen.runs):
            random = np.random.default_rng([image, DESIGNS.index(design), run])
            masks, factors = drawn(design, random, chosen.samples - 1, count)
            untouched = np.ones((1, count), dtype=bool)
            asked.append((np.vstack([untouched, masks]), np.concatenate([[1.0], factors[: len(masks)]])))
    rows = (row for masks, _ in asked for row in masks.astype(np.uint8))
    printed, _ = process.communicate("\n".join("".join(map(str, row)) for row in rows))
    answers = np.split(np.array(json.loads(printed)), np.cumsum([len(masks) for masks, _ in asked])[:-1])
    weights = [fitted(*masks, answer) for masks, answer in zip(asked, answers)]
    return dict(zip(designs, np.array(weights).reshape(len(designs), chosen.runs, count)))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("programs", type=Path)
    arguments.add_argument("--samples", type=int, default=1000)
    arguments.add_argument("--runs", type=int, default=30)
    arguments.add_argument("--images", type=int, default=6)
    arguments.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    arguments.add_argument("--designs", nargs="+", choices=DESIGNS[1:], default=DESIGNS[1:], help="beside coin")
    chosen = arguments.parse_args()
    images = spread(IMAGES, chosen.images)
    print("| network | design | samples saved: median | range | bias in standard errors |")
    print("|---|---|---|---|---|")
    for network in chosen.networks:
        weights = ROOT / "data" / "networks" / f"{network}.safetensors"
        program = chosen.programs / "answers"
        found = [runs([program, path, network, weights, "0.25"], chosen, place) for place, path in enumerate(images)]
        for design in chosen.designs:
            saved, biases = zip(*filter(None, (compared(weights_of["coin"], weights_of[design]) for weights_of in found)))
            print(
                f"| {network} | {design} | {median(saved):.2f} | {min(saved):.2f} to {max(saved):.2f} | {median(biases):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
