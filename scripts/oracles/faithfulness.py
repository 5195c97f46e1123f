"""Makes faithfulness.json: measures of faithfulness by NumPy, scipy and captum.

    python3 scripts/oracles/faithfulness.py crates/measures/fixtures

area_shares: numpy.interp and numpy.trapezoid. normalised: the formula. deletion_correlation: scipy's pearsonr. sensitivity: infidelity is captum's
`infidelity(normalize=True)` of a network that looks answers up by mask; sensitivity-n is scipy's pearsonr for each number removed (Ancona et al. 2018).
Quantus' SensitivityN is no oracle: it correlates over images, not over the subsets of one image.
single_deletion: scipy's spearmanr, as single_deletion.py of visinf/idsds calls it. saco: algorithm 1 of Wu et al. 2024, as compute_SaCo.py of
adreamwu/SaCo has it, written out here.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from captum.metrics import infidelity
from scipy import stats


def numbers(count, seed):
    """From -1 to 1, by a linear congruential generator (Numerical Recipes)."""
    state, found = 12345 + seed, []
    for _ in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        found.append(state / 2**31 - 1)
    return np.array(found)


def single(values):
    """Rounded to 32 bits, as tables hold answers."""
    return np.asarray(values, dtype=np.float32).astype(float)


def area_shares():
    for superpixels, seed in ((1, 1), (7, 2), (60, 3)):
        pixels = np.round(20 * (numbers(superpixels, seed) + 1.1)) + 1
        areas = np.concatenate([[0], np.cumsum(pixels) / pixels.sum()])
        answers = (numbers(superpixels + 1, seed + 10) + 1) / 2
        heights = np.interp(np.geomspace(0.01, 1, 15), areas, answers)
        yield {
            "areas": areas,
            "answers": answers,
            "auc_log": [np.trapezoid(heights) / 14],
            "tenths": np.interp(np.arange(1, 10) / 10, areas, answers),
        }


def normalised():
    random, searched, methods = (numbers(5, 4) + 1) / 4 + 0.3, np.array([0.21, 0.2]), (numbers(4, 5) + 1) / 2
    everything = np.concatenate([random, searched, methods])
    scale = random.mean() - searched.min()
    yield {"random": random, "searched": searched, "methods": methods, "normalised": (random.mean() - everything) / scale}


def deletion_correlation():
    for superpixels, seed in ((2, 6), (30, 7)):
        relevance = numbers(superpixels, seed)
        order = np.argsort(-relevance, kind="stable")
        answers = single((numbers(superpixels + 1, seed + 10) + 1) / 2)
        yield {
            "relevance": relevance,
            "order": order,
            "answers": answers,
            "deletion_correlation": [stats.pearsonr(relevance[order], answers[:-1] - answers[1:]).statistic],
        }


def sensitivity():
    for superpixels, samples, seed in ((6, 90, 8), (13, 120, 9)):
        relevance = single(numbers(superpixels, seed))
        masks = numbers(samples * superpixels, seed + 10).reshape(samples, superpixels) > 0
        masks[0] = True
        answers = single((masks @ relevance + numbers(samples, seed + 20)) / superpixels / 4 + 0.5)
        known = {mask.tobytes(): answer for mask, answer in zip(masks, answers)}
        # The network gives one answer to equal masks.
        answers = np.array([known[mask.tobytes()] for mask in masks])

        def network(inputs):
            return torch.tensor([known[(row > 0.5).numpy().tobytes()] for row in inputs])

        def perturb(inputs):
            removed = torch.from_numpy(1.0 - masks[1:].astype(np.float64))
            return removed, inputs - removed

        untouched, shown = torch.ones(1, superpixels, dtype=torch.float64), torch.from_numpy(relevance)[None]
        found = infidelity(network, perturb, untouched, shown, n_perturb_samples=samples - 1, normalize=True)
        removed = superpixels - masks[1:].sum(axis=1)
        sums, taken = (~masks[1:]) @ relevance, answers[0] - answers[1:]
        counts = [count for count in np.unique(removed) if 0 < count < superpixels and (removed == count).sum() >= 10]
        correlations = [stats.pearsonr(sums[removed == count], taken[removed == count]).statistic for count in counts]
        yield {
            "relevance": relevance,
            "masks": masks.astype(int).ravel(),
            "answers": answers,
            "infidelity": found.numpy(),
            "removed": counts,
            "correlations": correlations,
            "sensitivity_n": [np.average(correlations, weights=[(removed == count).sum() for count in counts])],
        }


def single_deletion():
    for superpixels, seed in ((2, 30), (16, 31), (40, 32)):
        relevance, logits = numbers(superpixels, seed), single(9 * numbers(superpixels, seed + 10))
        if superpixels == 40:
            relevance, logits = np.round(3 * relevance), np.round(logits)
        # The untouched image's logit is the same in every drop.
        drops = 7.5 - logits
        yield {"relevance": relevance, "logits": logits, "single_deletion": [stats.spearmanr(relevance, drops).statistic]}


def saco():
    for superpixels, seed in ((2, 40), (16, 41), (40, 42)):
        relevance, pixels = numbers(superpixels, seed), np.round(20 * (numbers(superpixels, seed + 5) + 1.1)) + 1
        probabilities = single((numbers(superpixels, seed + 10) + 1) / 2)
        if superpixels == 40:
            relevance, probabilities = np.round(3 * relevance), np.round(4 * probabilities) / 4
        salience = relevance * pixels
        order = np.argsort(-salience, kind="stable")
        salience, drops = salience[order], (0.9 - probabilities)[order]
        total = weights = 0.0
        for i in range(superpixels - 1):
            for j in range(i + 1, superpixels):
                weight = salience[i] - salience[j]
                weight = weight if drops[i] >= drops[j] else -weight
                total += weight
                weights += abs(weight)
        yield {"relevance": relevance, "pixels": pixels, "probabilities": probabilities, "saco": [total / weights]}


def plain(case):
    return {name: np.asarray(values).tolist() for name, values in case.items()}


def main(folder):
    measures = (area_shares, normalised, deletion_correlation, sensitivity, single_deletion, saco)
    found = {measure.__name__: [plain(case) for case in measure()] for measure in measures}
    text = json.dumps(found, separators=(",", ":"))
    Path(folder, "faithfulness.json").write_text(text.replace('"masks"', '\n"masks"').replace("}", "}\n"))


if __name__ == "__main__":
    main(sys.argv[1])
