"""What the benchmarks share."""

import json
import os
import subprocess

import numpy as np

# Of a probability in f32.
ROUNDING = 1e-7


def measured(command):
    """The JSON that a process prints, and its largest resident memory in MiB."""
    environment = os.environ | {"TQDM_DISABLE": "1"}
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, env=environment)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return json.loads(printed), usage.ru_maxrss / 1024


def spread(items, count):
    """So many of the items, from all over the list."""
    return items[:: max(1, len(items) // count)][:count]


def compared(reference, other):
    """Of two arrays of weights, [runs, superpixels]: how many times the variance of the reference is that of the other, summed over the superpixels; and
    the root mean square difference of the means beyond chance, in standard errors of one run of the reference. None where the weights
    differ from run to run by no more than the rounding of f32, as those of a network that is certain under every mask."""
    errors, others = reference.var(axis=0, ddof=1), other.var(axis=0, ddof=1)
    if min(errors.max(), others.max()) < ROUNDING**2:
        return None
    # The means of few runs differ by chance too: that share is taken off the squares.
    chance = (errors + others) / len(reference)
    squares = ((other.mean(axis=0) - reference.mean(axis=0)) ** 2 - chance) / errors
    return errors.sum() / others.sum(), float(np.sqrt(max(0.0, squares.mean())))
