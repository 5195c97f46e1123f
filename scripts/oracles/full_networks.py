"""Makes AlexNet and ResNet-50 in full size, in each format of weights, and their logits; too large to be shipped.

    python3 scripts/oracles/full_networks.py target/oracles

The weights are those that torchvision gives a new network, after a seed; batch norms get statistics, as training would
give them. logits.safetensors holds image (8 bit, to be normalised with ImageNet's mean and
standard deviation), alexnet.logits and resnet50.logits, computed in 64 bit.
"""

import sys
from pathlib import Path

import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

import networks
from pictures import scene


@torch.no_grad()
def seeded(name):
    torch.manual_seed(networks.SEED)
    network = torchvision.models.get_model(name, weights=None).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.uniform_(0.5, 1)
            layer.bias.uniform_(-0.2, 0.2)
            layer.running_mean.uniform_(-0.2, 0.2)
            layer.running_var.uniform_(0.5, 1.5)
    return network


def save_in_all_formats(state, folder, name):
    torch.save(state, folder / f"{name}.pth")
    torch.save(state, folder / f"{name}_legacy.pth", _use_new_zipfile_serialization=False)
    save_file(state, folder / f"{name}.safetensors")


def main(folder):
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    image = scene(networks.SCENE, 128, 160)
    tensors = {"image": torch.from_numpy(image)}
    for name in ["alexnet", "resnet50"]:
        network = seeded(name)
        save_in_all_formats(network.state_dict(), folder, name)
        tensors[f"{name}.logits"] = networks.logits_of(network, image).float()
    save_file(tensors, folder / "logits.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
