"""Makes measures.safetensors: intervals, tests, agreement and measures of explanations by scipy, statsmodels, scikit-learn and Quantus.

    python3 scripts/oracles/measures.py tests/fixtures

bootstrap: scipy.stats.bootstrap's own BCa (scipy.stats._resampling._bca_interval, eq. 14.9 to 14.15 of Efron and Tibshirani
1993) for given replicates, and the whole of it with 10,000 resamples. wilcoxon: exact p-values, with zeros and ties, by scipy's
enumeration of all signs (PermutationMethod with Pratt's zeros), and the normal approximation with continuity correction. holm: statsmodels.
kendall, concordance: scipy's kendalltau and friedmanchisquare. components: mean squares of statsmodels' anova_lm set equal to
their expectations; "unbalanced" takes them from the means over runs. explanation: scikit-learn's average precision, and Quantus'
relevance mass, Gini index and entropy.
"""

import sys
from pathlib import Path

import numpy as np
import pandas
import quantus
import statsmodels.formula.api as formula
from safetensors.numpy import save_file
from scipy import stats
from scipy.stats._resampling import _bca_interval
from sklearn.metrics import average_precision_score
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests

LEVEL = 0.95


def numbers(count, seed):
    """From -1 to 1, by a linear congruential generator (Numerical Recipes)."""
    state, found = 12345 + seed, []
    for _ in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        found.append(state / 2**31 - 1)
    return np.array(found)


def bootstrap_cases():
    yield "plain", numbers(20, 1) + 0.3
    yield "skewed", np.exp(2 * numbers(20, 2))
    yield "ties", np.round(3 * numbers(20, 3))


def bootstrap():
    for name, values in bootstrap_cases():
        draws = ((numbers(20 * 150, 4).reshape(150, 20) + 1) / 2 * 20).astype(int)
        replicates = values[draws].sum(axis=1) / 20
        # scipy hands the list of samples, of which there is one, to the statistic.
        statistic = lambda sample, axis: np.mean(sample, axis=axis)
        low, high, _ = _bca_interval((values,), statistic, -1, (1 - LEVEL) / 2, replicates, None, np)
        interval = [np.percentile(replicates, 100 * float(level)) for level in (low, high)]
        whole = stats.bootstrap((values,), np.mean, n_resamples=10_000, confidence_level=LEVEL, method="BCa", rng=1)
        yield f"bootstrap.{name}.values", values
        yield f"bootstrap.{name}.replicates", replicates
        yield f"bootstrap.{name}.interval", interval
        yield f"bootstrap.{name}.scipy_10000", list(whole.confidence_interval)


def wilcoxon():
    plain = numbers(12, 5) + 0.45
    exact = {
        "plain": plain,
        "zeros": np.where(np.arange(12) % 4 == 1, 0, plain),
        "ties": np.round(3 * plain),
        "zeros_and_ties": np.round(1.6 * plain),
        "one_sided": np.abs(plain),
    }
    exact["ties"][exact["ties"] == 0] = 1
    every = stats.PermutationMethod(n_resamples=np.inf)
    for name, differences in exact.items():
        found = stats.wilcoxon(differences, zero_method="pratt", method=every)
        positive = stats.wilcoxon(differences, zero_method="pratt", method="asymptotic", alternative="greater").statistic
        yield f"wilcoxon.{name}.differences", differences
        yield f"wilcoxon.{name}.exact", [positive, found.pvalue]
    long = numbers(320, 6) + 0.12
    for name, differences in {"long": long, "long_zeros": np.round(4 * long) / 4}.items():
        found = stats.wilcoxon(differences, zero_method="pratt", method="asymptotic", correction=True)
        positive = stats.wilcoxon(differences, zero_method="pratt", method="asymptotic", alternative="greater").statistic
        yield f"wilcoxon.{name}.differences", differences
        yield f"wilcoxon.{name}.approximate", [positive, found.pvalue]


def holm():
    p = np.array([0.01, 0.04, 0.03, 0.005, 0.9, 0.04, 0.5])
    yield "holm.p", p
    yield "holm.adjusted", multipletests(p, method="holm")[1]


def kendall():
    a, b = numbers(30, 7), numbers(30, 7) + numbers(30, 8)
    for name, lists in {"plain": (a, b), "ties": (np.round(3 * a), np.round(2 * b))}.items():
        yield f"kendall.{name}.a", lists[0]
        yield f"kendall.{name}.b", lists[1]
        yield f"kendall.{name}.tau", [stats.kendalltau(*lists).statistic]


def concordance():
    values = numbers(7 * 5, 9).reshape(7, 5) + np.arange(5) / 4
    for name, judges in {"plain": values, "ties": np.round(2 * values)}.items():
        found = stats.friedmanchisquare(*judges.T)
        yield f"concordance.{name}.values", judges.ravel()
        yield f"concordance.{name}.things", [judges.shape[1]]
        yield f"concordance.{name}.w_and_p", [found.statistic / (len(judges) * (judges.shape[1] - 1)), found.pvalue]


def components():
    images, runs = 6, {"balanced": (4, 4, 4), "unbalanced": (1, 5, 3)}
    for name, counts in runs.items():
        rows = [(image, method) for image in range(images) for method, count in enumerate(counts) for _ in range(count)]
        frame = pandas.DataFrame(rows, columns=["image", "method"])
        frame["value"] = numbers(len(rows), 10) + numbers(images, 11)[frame.image] + frame.method / 2
        cells = frame.groupby(["image", "method"]).value
        means = cells.mean().reset_index()
        square = anova_lm(formula.ols("value ~ C(image) + C(method)", means).fit()).mean_sq
        # A method with one run on an image is deterministic here.
        variances = cells.var(ddof=1).fillna(0)
        interaction = square["Residual"]
        expected = [
            (square["C(image)"] - interaction) / len(counts),
            (square["C(method)"] - interaction) / images,
            interaction - (variances / cells.count()).mean(),
            variances.mean(),
        ]
        if name == "balanced":
            whole = anova_lm(formula.ols("value ~ C(image) * C(method)", frame).fit()).mean_sq
            both = whole["C(image):C(method)"]
            again = [
                (whole["C(image)"] - both) / (4 * len(counts)),
                (whole["C(method)"] - both) / (4 * images),
                (both - whole["Residual"]) / 4,
                whole["Residual"],
            ]
            assert np.allclose(again, expected, rtol=1e-9), (again, expected)
        yield f"components.{name}.values", frame.value.to_numpy()
        yield f"components.{name}.expected", expected


def explanation():
    """Relevances of a picture's superpixels, and a mask of 7x9 pixels; one measure of each library."""
    labels = (np.arange(63).reshape(7, 9) * 5 // 32 + np.arange(7)[:, None] // 3) % 10
    relevance = np.round(4 * numbers(10, 12)) / 4
    relevance[3] = 1.5
    mask = np.zeros((7, 9), dtype=int)
    mask[1:5, 2:7] = 1
    pixels = relevance[labels]
    shaped = {"a_batch": pixels[None, None], "s_batch": mask[None, None]}
    quiet = {"abs": False, "normalise": False, "disable_warnings": True}
    common = {"model": None, "x_batch": np.zeros((1, 1, 7, 9)), "y_batch": np.zeros(1, dtype=int)}
    positive = {**shaped, "a_batch": np.maximum(shaped["a_batch"], 0)}
    flat = {"a_batch": relevance.reshape(1, 1, 2, 5), "s_batch": None}
    over_features = {"model": None, "x_batch": np.zeros((1, 1, 2, 5)), "y_batch": np.zeros(1, dtype=int)}
    absolute = {"abs": True, "normalise": False, "disable_warnings": True}
    yield "explanation.labels", labels.ravel()
    yield "explanation.relevance", relevance
    yield "explanation.mask", mask.ravel()
    yield "explanation.average_precision", [average_precision_score(mask.ravel(), pixels.ravel())]
    yield "explanation.relevance_inside", quantus.RelevanceMassAccuracy(**quiet)(**common, **positive)
    yield "explanation.gini", quantus.Sparseness(**absolute)(**over_features, **flat)
    yield "explanation.entropy", quantus.Complexity(**absolute)(**over_features, **flat)


def main(folder):
    parts = [bootstrap, wilcoxon, holm, kendall, concordance, components, explanation]
    tensors = {name: np.asarray(values, dtype=np.float64) for part in parts for name, values in part()}
    save_file(tensors, folder / "measures.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
