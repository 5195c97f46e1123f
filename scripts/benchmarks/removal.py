"""Times one removal curve of 49 steps beside Quantus' PixelFlipping, in turns, on a seeded random network of full width.

    python3 scripts/benchmarks/removal.py target/release/examples/removal_curve

Both remove the 49 cells of a 7x7 grid of a 224x224 picture, one after another, into black, and ask the network for the
softmax after each; ours also at the untouched picture. Prints, for AlexNet and ResNet-50, the median seconds of both,
and the ratio of their medians with the range of the rounds' ratios (above 1: ours is faster). Quantus 0.6.0 needs numpy
below 2.4, or the name that numpy has withdrawn, which is given back here. The last columns are of a whole image: 44 curves, as many
as Grad-CAM, 10 runs of LIME, 10 random orders and edges have, each in both orders; here all are random orders and their reverses, beside 44
times Quantus' curve of the same round.
"""

import subprocess
import sys
import time
import warnings
from statistics import median

import numpy as np
import quantus
import torch
import torchvision

warnings.filterwarnings("ignore")
np.trapz = np.trapezoid
ROUNDS = 5
SIDE, CELL = 224, 32
CURVES = 44
NETWORKS = {"alexnet": torchvision.models.alexnet, "resnet50": torchvision.models.resnet50}


def theirs(network, picture, attribution):
    metric = quantus.PixelFlipping(features_in_step=CELL * CELL, perturb_baseline="black", disable_warnings=True)
    start = time.perf_counter()
    metric(model=network, x_batch=picture, y_batch=np.array([0]), a_batch=attribution, device="cpu")
    return time.perf_counter() - start


class Ours:
    """The program stays loaded; a line on its input is a round, of so many curves."""

    def __init__(self, program, name):
        self.process = subprocess.Popen([program, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, curves):
        self.process.stdin.write(f"{curves}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main(program):
    rng = np.random.default_rng(7)
    picture = rng.normal(size=(1, 3, SIDE, SIDE)).astype(np.float32)
    cells = rng.permutation(49).reshape(7, 7).astype(np.float32)
    attribution = cells.repeat(CELL, axis=0).repeat(CELL, axis=1)[None, None]
    print("| network | ours | Quantus | ratio | range | whole image, ours | ratio | range |\n|---|---|---|---|---|---|---|---|")
    for name, make in NETWORKS.items():
        torch.manual_seed(7)
        network, mine = make(weights=None).eval(), Ours(program, name)
        mine.seconds(1), theirs(network, picture, attribution)
        rounds = [(mine.seconds(1), theirs(network, picture, attribution), mine.seconds(CURVES)) for _ in range(ROUNDS)]
        mine.close()
        one, other, whole = (median(taken) for taken in zip(*rounds))
        ratios = [their / our for our, their, _ in rounds]
        of_image = [CURVES * their / our for _, their, our in rounds]
        print(
            f"| {name} | {one:.2f} s | {other:.2f} s | {other / one:.1f} | {min(ratios):.1f} to {max(ratios):.1f} "
            f"| {whole:.1f} s | {CURVES * other / whole:.1f} | {min(of_image):.1f} to {max(of_image):.1f} |"
        )


if __name__ == "__main__":
    main(sys.argv[1])
