"""Makes queries.safetensors: weights by shap, captum, scikit-learn and RISE's definition, from given masks and answers.

    python3 scripts/oracles/queries.py crates/lime/fixtures

Answers are those of toy functions of the mask, so that no network is needed. Everything is computed in 64 bit.

- shap.N.masks, answers, repeats, enumerated, values: the masks that shap's KernelExplainer draws for N features after the two ends (all and none, which masks
  and answers have first), how often each was drawn, how many are not drawn but enumerated, and the Shapley values without a selection of features.
- occlusion.masks, answers, values: FeatureAblation by captum; the masks are all ones, and then each feature alone left out.
- glime.masks, answers, weights, intercept: Ridge(alpha=1) with every mask alike, as GLIME fits its samples.
- rise.grids, shifts, answers, labels, values: RISE's map as published (sum of answer times mask, by N p), and its mean over the parts of a picture of 20 x 26 pixels.
  rise.coverage has the same with the sum of masks in the place of N p.
"""

import sys
from pathlib import Path

import numpy as np
import shap
import torch
from captum.attr import FeatureAblation
from safetensors.numpy import save_file
from skimage.transform import resize
from sklearn.linear_model import Ridge

SEED = 20261128


def answer(masks):
    """In [0, 1], with interactions of neighbours."""
    masks = np.asarray(masks, dtype=np.float64)
    weights = np.sin(1 + 3 * np.arange(masks.shape[1]))
    pairs = (masks[:, 1:] * masks[:, :-1]) @ np.cos(np.arange(masks.shape[1] - 1))
    return 1 / (1 + np.exp(-(masks @ weights + 0.5 * pairs)))


def kernel_shap(count, samples):
    np.random.seed(SEED)
    answers = lambda masks: answer(masks).astype(np.float32).astype(np.float64)  # noqa: E731
    explainer = shap.KernelExplainer(answers, np.zeros((1, count)))
    values = explainer.shap_values(np.ones((1, count)), nsamples=samples, l1_reg=False, silent=True)[0]
    masks = explainer.maskMatrix[: explainer.nsamplesAdded]
    weights = explainer.kernelWeights[: explainer.nsamplesAdded]
    # Masks of enumerated sizes come first: every size is there as often as there are such masks.
    sizes = masks.sum(axis=1)
    smaller = np.minimum(sizes, count - sizes)
    enumerated = 0
    for size in range(1, count // 2 + 1):
        wanted = len({size, count - size}) * int(np.round(np.prod([(count - i) / (i + 1) for i in range(size)])))
        block = smaller[enumerated : enumerated + wanted]
        if len(block) < wanted or not (block == size).all():
            break
        enumerated += wanted
    drawn = weights[enumerated:]
    repeats = np.concatenate([np.ones(2 + enumerated), np.round(drawn / drawn.min()) if len(drawn) else []])
    if len(drawn):
        assert np.allclose(drawn / drawn.min(), repeats[2 + enumerated :])
    masks = np.concatenate([np.ones((1, count)), np.zeros((1, count)), masks])
    return {
        f"shap.{count}.masks": masks.astype(np.uint8),
        f"shap.{count}.answers": answer(masks).astype(np.float32),
        f"shap.{count}.repeats": repeats.astype(np.int32),
        f"shap.{count}.enumerated": np.array([enumerated], dtype=np.int32),
        f"shap.{count}.values": values,
    }


def occlusion(count=9):
    masks = np.concatenate([np.ones((1, count)), 1 - np.eye(count)])
    forward = lambda masks: torch.from_numpy(answer(masks.numpy()).astype(np.float32).astype(np.float64))  # noqa: E731
    values = FeatureAblation(forward).attribute(torch.ones((1, count), dtype=torch.float64))
    return {
        "occlusion.masks": masks.astype(np.uint8),
        "occlusion.answers": answer(masks).astype(np.float32),
        "occlusion.values": values[0].numpy(),
    }


def glime(random):
    masks = (random.random((80, 9)) < 0.7).astype(np.uint8)
    masks[0] = 1
    answers = answer(masks).astype(np.float32)
    model = Ridge(alpha=1, fit_intercept=True).fit(masks, answers.astype(np.float64))
    return {"glime.masks": masks, "glime.answers": answers, "glime.weights": model.coef_, "glime.intercept": np.array([model.intercept_])}


def rise(random, side=3, chance=0.5, count=40, size=(20, 26)):
    cells = [-(-length // side) for length in size]
    grids = (random.random((count, side, side)) < chance).astype(np.uint8)
    shifts = np.stack([random.integers(0, cell, count) for cell in cells], axis=1)
    masks = np.empty((count, *size))
    for mask, grid, (row, column) in zip(masks, grids, shifts):
        large = resize(grid.astype(np.float64), [(side + 1) * cell for cell in cells], order=1, mode="reflect", anti_aliasing=False)
        mask[:] = large[row : row + size[0], column : column + size[1]]
    answers = answer(masks.mean(axis=2)).astype(np.float32)
    total = np.tensordot(answers.astype(np.float64), masks, axes=1)
    rows, columns = np.indices(size)
    labels = (rows // 7) * 3 + columns // 9
    pooled = lambda values: np.array([values[labels == label].mean() for label in range(labels.max() + 1)])  # noqa: E731
    return {
        "rise.grids": grids.reshape(count, -1),
        "rise.shifts": shifts.astype(np.int32),
        "rise.answers": answers,
        "rise.labels": labels.astype(np.int32),
        "rise.values": pooled(total / count / chance),
        "rise.coverage": pooled(total / masks.sum(axis=0)),
        "rise.first": masks[0],
    }


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    tensors = kernel_shap(12, 200) | kernel_shap(9, 300) | kernel_shap(7, 2000) | occlusion() | glime(random) | rise(random)
    save_file({name: np.ascontiguousarray(values) for name, values in tensors.items()}, folder / "queries.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
