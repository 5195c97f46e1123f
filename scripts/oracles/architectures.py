"""Makes architectures.safetensors: logits and Grad-CAM of every built-in architecture at an eighth of its width.

    python3 scripts/oracles/architectures.py tests/fixtures

The networks are torchvision's with every number of channels divided by 8 and 10 classes, so that depth, order and names of the layers are
torchvision's own; the weights come from the formula of networks.py. NAME.logits, and for each layer and the predicted class
NAME.LAYER.channel_weights and NAME.LAYER.map, are computed in 64 bit from the image in networks.safetensors. NAME.state
describes the state dict at full width with 1000 classes: how many tensors there are, and lower and upper half of the CRC-32 of the lines
"tensor side side ...", sorted. Counters of batches are left out.
"""

import sys
import zlib
from pathlib import Path

import networks
import numpy as np
import torch
import torchvision
from safetensors.numpy import save_file
from torch import nn

from pictures import scene

NARROWING = 8
CLASSES = 10
RESNETS = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
VGGS = [f"vgg{depth}{norm}" for depth in [11, 13, 16, 19] for norm in ["", "_bn"]]


def without_weights(name, classes):
    with torch.device("meta"):
        return torchvision.models.get_model(name, weights=None, num_classes=classes)


def narrow(name):
    network = without_weights(name, CLASSES)

    def scaled(size):
        return size if size in (3, CLASSES) else size // NARROWING

    for path, layer in list(network.named_modules()):
        match layer:
            case nn.Conv2d():
                settings = (layer.kernel_size, layer.stride, layer.padding)
                new = nn.Conv2d(scaled(layer.in_channels), scaled(layer.out_channels), *settings, bias=layer.bias is not None)
            case nn.BatchNorm2d():
                new = nn.BatchNorm2d(scaled(layer.num_features))
            case nn.Linear():
                new = nn.Linear(scaled(layer.in_features), scaled(layer.out_features))
            case nn.ReLU():
                # One in place would overwrite what the packages' hooks see.
                new = nn.ReLU()
            case _:
                continue
        parent, _, child = path.rpartition(".")
        setattr(network.get_submodule(parent), child, new)
    return networks.fill(network)


def layers(name, network):
    """The layers that Grad-CAM may read, by name."""
    if name in RESNETS:
        return {"layer4": network.layer4}
    last = len(network.features) - 1
    return {f"features.{place}": network.features[place] for place in (last - 1, last)}


def state(name):
    state = without_weights(name, 1000).state_dict()
    shapes = {tensor: values.shape for tensor, values in state.items() if not tensor.endswith("num_batches_tracked")}
    lines = sorted(" ".join([tensor, *map(str, shape)]) for tensor, shape in shapes.items())
    digest = zlib.crc32("\n".join(lines).encode())
    return np.array([len(lines), digest & 0xFFFF, digest >> 16], dtype=np.int32)


def main(folder):
    torch.set_num_threads(1)
    image = scene(networks.SCENE, 128, 160)
    tensors = {}
    for name in ["alexnet", *VGGS, *RESNETS]:
        network = narrow(name)
        logits = networks.logits_of(network, image).numpy()
        tensors |= {f"{name}.state": state(name), f"{name}.logits": logits}
        for path, layer in layers(name, network).items():
            found, _ = networks.explain(network, layer, image, int(logits.argmax()))
            tensors |= {f"{name}.{path}.{key}": found[key] for key in ["channel_weights", "map"]}
    save_file(networks.in_single_precision(tensors), folder / "architectures.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
