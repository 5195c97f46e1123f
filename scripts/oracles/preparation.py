"""Makes preparation.safetensors: crops of pictures from arithmetic as torchvision prepares them.

    python3 scripts/oracles/preparation.py tests/fixtures

N.source is a picture, N.settings its size after the resize and after the crop, N.crop what torchvision makes of it. Of some, N.bicubic
is made with that filter, N.squashed by a resize of height and width to the crop's, and N.squashed_bicubic by both.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize


def waves(row, column, channel):
    return 127.5 + 80 * np.sin(row / 9 + channel) + 47 * np.cos(column / 13 - 2 * channel)


def hill(row, column, channel):
    return 250 * np.exp(-((row - 40) ** 2 + (column - 60 + 20 * channel) ** 2) / 1800)


def blocks(row, column, channel):
    return 255 * ((row // 3 + column // 5 + channel) % 2)


def grain(row, column, channel):
    return (row * 7919 + column * 104729 + channel * 1299709 + row * column * 31) % 256


# formula, height, width, size after the resize, size after the crop; Pillow 13 shrinks the height of the last two first
SOURCES = [
    (waves, 61, 97, 48, 40),
    (blocks, 120, 83, 33, 32),
    (hill, 75, 113, 64, 57),
    (grain, 50, 49, 90, 77),
    (grain, 200, 90, 48, 40),
    (blocks, 131, 41, 33, 32),
]


OTHERS = {
    "bicubic": [1, 4],
    "squashed": [5],
    "squashed_bicubic": [0, 5],
}


def draw(formula, height, width):
    return formula(*np.indices((height, width, 3))).astype(np.uint8)


def prepare(source, resize, crop, filter=InterpolationMode.BILINEAR):
    return np.array(Compose([Resize(resize, filter), CenterCrop(crop)])(Image.fromarray(source)))


def prepare_otherwise(way, source, resize, crop):
    filter = InterpolationMode.BICUBIC if "bicubic" in way else InterpolationMode.BILINEAR
    return prepare(source, [crop, crop] if "squashed" in way else resize, crop, filter)


def main(folder):
    tensors = {}
    for index, (formula, height, width, resize, crop) in enumerate(SOURCES):
        source = draw(formula, height, width)
        tensors |= {
            f"{index}.source": source,
            f"{index}.settings": np.array([resize, crop], dtype=np.int32),
            f"{index}.crop": prepare(source, resize, crop),
        }
        for way in OTHERS:
            if index in OTHERS[way]:
                tensors[f"{index}.{way}"] = prepare_otherwise(way, source, resize, crop)
    save_file(tensors, folder / "preparation.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
