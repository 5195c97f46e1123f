"""Makes controls.safetensors: the linear interpolation of ROAD and the Sobel magnitude of one scene.

    python3 scripts/oracles/controls.py tests/fixtures

road: pytorch_grad_cam.metrics.road.NoisyLinearImputer of grad-cam 1.5.5 with noise 0, on the scene's levels from 0 to 255.
It is the implementation of the method's authors (github.com/tleemann/road_evaluation, imputations.py), and holds its
result in 32 bits. A pixel that is removed is 0 in its mask. What is removed is two rectangles, one of them at a corner,
and single pixels.

sobel: skimage.filters.sobel of skimage.color.rgb2gray.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from safetensors.numpy import save_file
from skimage.color import rgb2gray
from skimage.filters import sobel

from pictures import scene

SCENE = "mug-01"
HEIGHT, WIDTH = 20, 28


def removed_pixels():
    removed = np.zeros((HEIGHT, WIDTH), dtype=bool)
    removed[:9, 15:] = True
    removed[8:17, 4:19] = True
    removed[::5, ::6] = True
    return removed


def road(image, removed):
    levels = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32))
    left = torch.from_numpy((~removed).astype(np.float32))
    return NoisyLinearImputer(noise=0.0)(levels, left).numpy().transpose(1, 2, 0)


def main(folder):
    image, removed = scene(SCENE, HEIGHT, WIDTH), removed_pixels()
    tensors = {
        "image": image,
        "removed": removed.astype(np.uint8),
        "road": np.ascontiguousarray(road(image, removed)[removed]),
        "sobel": sobel(rgb2gray(image)).astype(np.float32),
    }
    save_file(tensors, folder / "controls.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
