"""Makes superpixels.safetensors: the superpixels that scikit-image finds in five scenes and in two flat colours.

    python3 scripts/oracles/superpixels.py tests/fixtures

image.NAME is a picture, NAME.ALGORITHM.SETTING its labels, not always contiguous. scikit-image breaks quickshift's
ties by random noise on the densities; here the noise is the index of the pixel times 1e-9, so that a later pixel wins.
"""

import sys
from pathlib import Path
from unittest import mock

import numpy as np
from safetensors.numpy import save_file
from skimage import segmentation

from pictures import scene

SCENES = ["airplane-00", "goblet-01", "key-00", "mug-01", "umbrella-00"]
QUICKSHIFT = [
    {"kernel_size": 4, "max_dist": 200, "ratio": 0.2},
    {"kernel_size": 2, "max_dist": 10, "ratio": 0.5},
    {"kernel_size": 3, "max_dist": 25, "ratio": 0.8},
]
SLIC = [
    {"n_segments": 50, "compactness": 10, "sigma": 0},
    {"n_segments": 20, "compactness": 1, "sigma": 1},
    {"n_segments": 30, "compactness": 20, "sigma": 0},
]
FELZENSZWALB = [
    {"scale": 100, "sigma": 0.5, "min_size": 50},
    {"scale": 30, "sigma": 0.8, "min_size": 20},
    {"scale": 200, "sigma": 0.5, "min_size": 10},
]


class PixelIndices:
    """In place of numpy's generator of random numbers, of which quickshift draws its noise."""

    def __init__(self, _seed):
        pass

    def normal(self, scale, size):
        return np.arange(np.prod(size), dtype=np.float64).reshape(size) * 1e-9


def two_colours():
    image = np.empty((40, 56, 3), dtype=np.uint8)
    image[:, :30], image[:, 30:] = (200, 30, 40), (20, 60, 220)
    return image


def quickshift(image, setting):
    with mock.patch("numpy.random.default_rng", PixelIndices):
        return segmentation.quickshift(image, **setting)


def slic(image, setting):
    return segmentation.slic(image, **setting, start_label=0)


def felzenszwalb(image, setting):
    return segmentation.felzenszwalb(image, **setting)


def labels(name, image, algorithm, settings):
    return {
        f"{name}.{algorithm.__name__}.{index}": algorithm(image, setting).astype(np.uint8)
        for index, setting in enumerate(settings)
    }


def main(folder):
    images = {str(index): scene(name, 72, 96) for index, name in enumerate(SCENES)} | {"flat": two_colours()}
    tensors = {f"image.{name}": image for name, image in images.items()}
    for name, image in images.items():
        tensors |= labels(name, image, quickshift, QUICKSHIFT)
        tensors |= labels(name, image, felzenszwalb, FELZENSZWALB)
        if name != "flat":
            tensors |= labels(name, image, slic, SLIC)
    save_file(tensors, folder / "superpixels.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
