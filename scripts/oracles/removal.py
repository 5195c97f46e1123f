"""Makes removal.safetensors: removal curves as RISE and as Quantus define them, for one scene and script.pt.

    python3 scripts/oracles/removal.py tests/fixtures

script.pt is the one in the same folder (torchscript.py). The features are 4x6 cells of 16x16 pixels, row by row, and
rise.relevance is the relevance of each, for both definitions.

rise: the deletion metric of RISE (github.com/eclique/RISE, evaluation.py at fac5d54), written anew. Pixels go from the
highest saliency to the lowest, a step of them at a time (lines 64 and 79), here a whole cell. A score is the softmax of
the class that is predicted first (61 to 63, 86). The first belongs to the untouched image and the last to an image with
nothing left (80, 108 to 110), so n steps have n + 1 scores. The area is the mean height of their trapezoids (25 to 27).
Removed pixels are 0 after the normalisation, the mean colour (Evaluation.ipynb: "We use zero substrate for deletion");
in 8 bit that is 127.5, for which rise.scores_8_bit and rise.auc_8_bit take 128.

quantus: quantus.Selectivity 0.6.0 itself. A score is the softmax (selectivity.py, 169) of the given class after each
removal, without the untouched image (356 to 378), so n patches have n scores. A patch's rank is the sum of the
relevance over its pixels and channels, highest first (333 to 344). The area is the sum of trapezoids of width 1 between
these scores, averaged over images (267, and helpers/utils.py, 1032). "black" is the lowest number in the whole
normalised image (helpers/utils.py, 169); this scene has a channel at 0, so that quantus.black is 8-bit black.
"""

import sys
from pathlib import Path

import numpy as np
import quantus
import torch
import torchscript
from safetensors.numpy import save_file

from pictures import HALF, network_input, probabilities, scene

SCENE = "mug-01"
HEIGHT, WIDTH, CELL = 64, 96, 16
CELLS = (HEIGHT // CELL) * (WIDTH // CELL)
# Quantus calls this name, which numpy has withdrawn.
np.trapz = np.trapezoid


def relevance_of_cells():
    return (7 * np.arange(CELLS) + 3) % CELLS / CELLS - 0.25


def relevance_of_pixels(relevance):
    return relevance.reshape(HEIGHT // CELL, -1).repeat(CELL, axis=0).repeat(CELL, axis=1)


def rise_scores(network, x, saliency, step, substrate):
    target = probabilities(network, x)[0].argmax()
    order = torch.from_numpy(np.argsort(saliency.ravel())[::-1].copy())
    pixels = x.clone().flatten(start_dim=2)
    scores = [probabilities(network, x)[0, target]]
    for removed in order.split(step):
        pixels[:, :, removed] = substrate
        scores.append(probabilities(network, pixels.view_as(x))[0, target])
    return np.array(scores)


def rise_area(scores):
    return np.array([(scores.sum() - scores[0] / 2 - scores[-1] / 2) / (len(scores) - 1)])


def rise(network, x, saliency):
    scores = rise_scores(network, x, saliency, CELL**2, 0.0)
    gray = np.full((1, 1, 1, 3), 128, dtype=np.uint8)
    in_8_bit = rise_scores(network, x, saliency, CELL**2, network_input(gray, HALF)[0, :, :, 0])
    return {
        "rise.scores": scores,
        "rise.auc": rise_area(scores),
        "rise.scores_8_bit": in_8_bit,
        "rise.auc_8_bit": rise_area(in_8_bit),
    }


def quantus_selectivity(network, x, saliency):
    target = probabilities(network, x).argmax(axis=1)
    metric = quantus.Selectivity(patch_size=CELL, perturb_baseline="black", disable_warnings=True)
    scores = metric(model=network, x_batch=x.numpy(), y_batch=target, a_batch=saliency[None, None])
    black = quantus.helpers.utils.get_baseline_dict(x.numpy(), return_shape=(1,))["black"]
    return {
        "quantus.scores": np.array(scores[0]),
        "quantus.auc": np.array([metric.get_auc_score]),
        "quantus.black": np.array([black], dtype=np.float64),
    }


def main(folder):
    torch.set_num_threads(1)
    network = torchscript.load(folder / "script.pt")
    image, relevance = scene(SCENE, HEIGHT, WIDTH), relevance_of_cells()
    x, saliency = network_input(image[None], HALF), relevance_of_pixels(relevance)
    tensors = {"image": image, "rise.relevance": relevance}
    tensors |= rise(network, x, saliency) | quantus_selectivity(network, x, saliency)
    save_file(tensors, folder / "removal.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
