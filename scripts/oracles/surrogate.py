"""Makes surrogate.safetensors: fits of the lime package to probabilities from arithmetic.

    python3 scripts/oracles/surrogate.py tests/fixtures

Three designs: d7 (40 masks over 7 superpixels), d12 (64 over 12) and d24 (21 over 24, fewer masks than superpixels).
For each distance of crates/surrogate: distances, kernel and five fits, each with coefficients [d] (0 where not selected), summary [3] (intercept, R^2, local
prediction) and standard_errors [d] (-1 where not selected; written out here, since lime has none).
"""

import sys
from pathlib import Path

import numpy as np
from lime.lime_base import LimeBase
from safetensors.numpy import save_file
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances

DESIGNS = {"d7": (40, 7), "d12": (64, 12), "d24": (21, 24)}
# name: lime's selection, number of features, alpha
FITS = {
    "all": ("none", None, 1.0),
    "all_alpha_0": ("none", None, 0.0),
    "highest_weights_3": ("highest_weights", 3, 1.0),
    "forward_selection_1": ("forward_selection", 1, 1.0),
    "forward_selection_4": ("forward_selection", 4, 1.0),
}


def design_masks(samples, superpixels):
    """Bit 30 of a linear congruential generator (Numerical Recipes) for each superpixel; row 0 all ones."""
    state, bits = 12345 + superpixels, []
    for _ in range(samples * superpixels):
        state = (1664525 * state + 1013904223) % 2**32
        bits.append(state >> 30 & 1)
    masks = np.array(bits, dtype=np.uint8).reshape(samples, superpixels)
    masks[0] = 1
    return masks


def answers(masks):
    """A logistic of a linear function with interactions, so that no linear model fits it."""
    x = masks.astype(np.float64)
    slopes = np.cos(1.7 * np.arange(x.shape[1])) * 1.5
    score = x @ slopes + 1.2 * x[:, 0] * x[:, 3] - 0.9 * x[:, 1] * x[:, 5] - 0.8
    return 1 / (1 + np.exp(-score))


def kernels(superpixels):
    """lime's distance metric and kernel function for each of ours."""
    width = 0.75 * np.sqrt(superpixels)
    return {
        "cosine": ("cosine", lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2))),
        "l2": ("euclidean", lambda d: np.exp(-(d**2) / width**2)),
    }


def standard_errors(x, y, weights, alpha):
    """Sandwich G^-1 (sum of s s^T) G^-1, each sample a cluster, G = X_c^T W X_c + alpha I."""
    centred = x - np.average(x, axis=0, weights=weights)
    inverse = np.linalg.pinv(centred.T @ (weights[:, None] * centred) + alpha * np.eye(x.shape[1]), hermitian=True)
    model = Ridge(alpha=alpha).fit(x, y, sample_weight=weights)
    scores = centred * (weights * (y - model.predict(x)))[:, None]
    return np.sqrt(np.diag(inverse @ scores.T @ scores @ inverse))


def fit(x, y, distances, kernel, selection, count, alpha):
    intercept, weights, r2, local = LimeBase(kernel).explain_instance_with_data(
        x, y[:, None], distances, 0, count, selection, Ridge(alpha=alpha)
    )
    coefficients, errors = np.zeros(x.shape[1]), np.full(x.shape[1], -1.0)
    active = [feature for feature, _ in weights]
    coefficients[active] = [weight for _, weight in weights]
    errors[active] = standard_errors(x[:, active], y, kernel(distances), alpha)
    return {"coefficients": coefficients, "summary": np.array([intercept, r2, local[0]]), "standard_errors": errors}


def main(folder):
    tensors = {}
    for design, (samples, superpixels) in DESIGNS.items():
        masks = design_masks(samples, superpixels)
        x, y = masks.astype(np.float64), answers(masks)
        tensors |= {f"{design}.masks": masks, f"{design}.probabilities": y}
        for name, (metric, kernel) in kernels(superpixels).items():
            distances = pairwise_distances(x, x[:1], metric=metric).ravel()
            tensors |= {f"{design}.{name}.distances": distances, f"{design}.{name}.kernel": kernel(distances)}
            for key, (selection, count, alpha) in FITS.items():
                found = fit(x, y, distances, kernel, selection, count, alpha)
                tensors |= {f"{design}.{name}.{key}.{part}": value for part, value in found.items()}
    save_file(tensors, folder / "surrogate.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
