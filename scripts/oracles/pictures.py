"""What the oracles share: the shipped scenes in small, the input of a network, the probabilities of a network."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

SCENES = Path(__file__).parents[2] / "data" / "images"
# mean and standard deviation of each channel
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def scene(name, height, width):
    """A shipped scene, resized and then cropped around its centre."""
    with Image.open(SCENES / f"{name}.png") as image:
        return np.array(ImageOps.fit(image.convert("RGB"), (width, height)))


def network_input(images, normalisation, dtype=torch.float32):
    """Images [n, h, w, 3] of 8 bit as the input [n, 3, h, w] of a network; computed in 64 bit."""
    mean, deviation = (torch.tensor(values, dtype=torch.float64) for values in normalisation)
    scaled = torch.from_numpy(images).to(torch.float64) / 255
    return ((scaled - mean) / deviation).permute(0, 3, 1, 2).contiguous().to(dtype)


@torch.no_grad()
def probabilities(network, x):
    return torch.softmax(network(x), dim=1).double().numpy()
