"""Makes lime.safetensors: ten runs of the lime package for one scene and the network in script.pt, for two kernels.

    python3 scripts/oracles/lime_runs.py tests/fixtures

script.pt is the one in the same folder (torchscript.py). cosine is the package as it is; l2 takes the Euclidean
distance and exp(-d^2 / sigma^2) with sigma = 0.75 sqrt(superpixels). Weights stand in the order of the superpixels.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from lime.lime_image import LimeImageExplainer
from safetensors.numpy import save_file
from skimage.segmentation import quickshift

from pictures import HALF, network_input, probabilities, scene

SCENE = "key-01"
RUNS = 10
SAMPLES = 1000


def explainer(mode, superpixels, run):
    if mode == "cosine":
        return LimeImageExplainer(feature_selection="none", random_state=run)
    return LimeImageExplainer(
        kernel_width=0.75 * np.sqrt(superpixels),
        kernel=lambda distance, kernel_width: np.exp(-(distance**2) / kernel_width**2),
        feature_selection="none",
        random_state=run,
    )


def explain(mode, run, image, labels, classify, target):
    """The weight of each superpixel."""
    superpixels = int(labels.max()) + 1
    explanation = explainer(mode, superpixels, run).explain_instance(
        image,
        classify,
        labels=(target,),
        top_labels=None,
        num_features=superpixels,
        num_samples=SAMPLES,
        batch_size=100,
        segmentation_fn=lambda _: labels,
        distance_metric=mode,
    )
    return [weight for _, weight in sorted(explanation.local_exp[target])]


def main(folder):
    torch.set_num_threads(1)
    network = torch.jit.load(folder / "script.pt")

    def classify(images):
        return probabilities(network, network_input(images, HALF))

    image = scene(SCENE, 60, 80)
    labels = quickshift(image, ratio=0.3, kernel_size=2, max_dist=10)
    target = int(classify(image[None]).argmax())
    tensors = {
        "image": image,
        "labels": labels.astype(np.uint8),
        "target": np.array([target], dtype=np.int32),
    }
    for mode in ["cosine", "l2"]:
        runs = [explain(mode, run, image, labels, classify, target) for run in range(RUNS)]
        tensors[f"{mode}.weights"] = np.array(runs, dtype=np.float64)
    save_file(tensors, folder / "lime.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
