"""What a tool is to explain, and how it answers. Needs NumPy alone; keep it beside the other files of the challenge."""

import csv
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
NORMALISATION = {}


def rows(network):
    """The rows of targets.csv for a network, in the order of crops()."""
    with open(FOLDER / "targets.csv", newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["network"] == network]


def crops():
    """uint8 [N, height, width, 3]: the images as the networks see them, before their mean and standard deviation."""
    return np.load(FOLDER / "crops.npy", mmap_mode="r")


def inputs(network):
    """float32 [N, 3, height, width]: the crops with the network's mean and standard deviation."""
    mean, std = (np.float32(values) for values in NORMALISATION[network])
    return np.moveaxis((crops() / np.float32(255) - mean) / std, 3, 1)


def classes(network):
    """int64 [N]: the class to explain of each crop."""
    return np.array([int(row["class"]) for row in rows(network)])


def segments(partition):
    """uint16 [N, height, width]: the superpixel of each pixel, from 0."""
    return np.load(FOLDER / "segments.npz")[partition]


def save(path, network, maps=None, relevances=None, **costs):
    """Writes an .npz file: `maps`, float [N, h, w] or [runs, N, h, w]; or `relevances`, N lists with a value for each superpixel."""
    answer = {"digest": np.array([row["digest"] for row in rows(network)]), "target_class": classes(network)}
    if maps is not None:
        answer["maps"] = np.asarray(maps)
    if relevances is not None:
        answer["count"] = np.array([len(one) for one in relevances])
        answer["relevances"] = np.full((len(relevances), answer["count"].max()), np.nan)
        for row, one in zip(answer["relevances"], relevances):
            row[: len(one)] = one
    np.savez_compressed(path, **answer, **costs)
