"""Makes networks.safetensors and narrow checkpoints: logits and Grad-CAM of AlexNet, ResNet-50 and script.pt.

    python3 scripts/oracles/networks.py tests/fixtures

script.pt is the one in the same folder (torchscript.py). The weights of AlexNet and ResNet-50 come from a formula of
name and index (formula_value), so that no file has to hold them. Everything is computed in 64 bit, from image (8 bit)
with ImageNet's mean and standard deviation. For each target (the predicted class, then another):
channel_weights and map by autograd, grad_cam and captum by those packages; for the first target also the map in the size
of the image, enlarged by PyTorch, and grad_cam_enlarged by the package, scaled to 0 to 1. The narrow networks are torchvision's with fewer channels and 10 classes, in half precision.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torchscript
import torchvision
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional
from torchvision.models.resnet import Bottleneck

from pictures import IMAGENET, network_input, scene

SEED = 20261122
SCENE = "mug-00"
OTHER_TARGET = {"alexnet": 130, "resnet50": 130, "script": 3}
AGREEMENT = 1e-5
CHUNK = 2**20


def split_mix(counter):
    z = counter * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(name, count):
    """Numbers in [-1, 1) that depend on name and index alone."""
    start = SEED
    for byte in name.encode():
        start = ((start ^ byte) * 0x100000001B3) % 2**64
    numbers = np.empty(count)
    for first in range(0, count, CHUNK):
        indices = np.arange(first, min(first + CHUNK, count), dtype=np.uint64)
        numbers[first : first + CHUNK] = (split_mix(indices + np.uint64(start)) >> np.uint64(40)) / 2**23 - 1
    return numbers


def formula_value(layer, name, shape):
    """The value of a layer's parameter or buffer, by its full name in the state dict."""
    *_, layer_name, kind = name.split(".")
    u = uniform(name, int(np.prod(shape))).reshape(shape)
    if kind in ("bias", "running_mean"):
        return 0.1 * u
    if kind == "running_var":
        return 1 + 0.5 * u
    if not isinstance(layer, nn.BatchNorm2d):
        return u * np.sqrt(6 / np.prod(shape[1:]))
    # Keeps the sums of ResNet's residual blocks bounded.
    return (1 + 0.25 * u) * (0.25 if layer_name == "bn3" else 1)


@torch.no_grad()
def fill(network):
    """Gives a network the weights of the formula, in 32 bit."""
    for prefix, layer in network.named_modules():
        for kind, tensor in [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]:
            if kind != "num_batches_tracked":
                tensor.copy_(torch.from_numpy(formula_value(layer, f"{prefix}.{kind}", tensor.shape)))
    return network.eval()


def full(architecture):
    return fill(torchvision.models.get_model(architecture, weights=None))


def narrow_alexnet():
    network = torchvision.models.AlexNet(num_classes=10)
    for index, inputs, outputs in [(0, 3, 2), (3, 2, 6), (6, 6, 12), (8, 12, 8), (10, 8, 8)]:
        wide = network.features[index]
        network.features[index] = nn.Conv2d(inputs, outputs, wide.kernel_size, wide.stride, wide.padding)
    for index, inputs, outputs in [(1, 8 * 6 * 6, 128), (4, 128, 128), (6, 128, 10)]:
        network.classifier[index] = nn.Linear(inputs, outputs)
    return fill(network)


def narrow_resnet50():
    network = torchvision.models.ResNet(Bottleneck, [3, 4, 6, 3], num_classes=10)
    network.inplanes = 2
    network.conv1 = nn.Conv2d(3, 2, kernel_size=7, stride=2, padding=3, bias=False)
    network.bn1 = nn.BatchNorm2d(2)
    network.layer1 = network._make_layer(Bottleneck, 2, 3)
    network.layer2 = network._make_layer(Bottleneck, 4, 4, stride=2)
    network.layer3 = network._make_layer(Bottleneck, 8, 6, stride=2)
    network.layer4 = network._make_layer(Bottleneck, 16, 3, stride=2)
    network.fc = nn.Linear(64, 10)
    return fill(network)


def logits_of(network, image):
    with torch.no_grad():
        return network.double()(network_input(image[None], IMAGENET, torch.float64))[0]


def by_autograd(network, layer, x, target):
    """Channel weights and map, from the definition."""
    kept = []
    with layer.register_forward_hook(lambda _layer, _input, output: kept.append(output)):
        logits = network(x)
    activations = kept[0]
    (gradient,) = torch.autograd.grad(logits[0, target], activations)
    weights = gradient.mean(dim=(2, 3))
    return weights[0].detach(), (weights[0, :, None, None] * activations[0]).sum(dim=0).relu().detach()


def by_grad_cam(network, layer, x, target):
    """The map of the grad-cam package before it is enlarged and normalised, and after."""
    targets = [ClassifierOutputTarget(target)]
    with GradCAM(network, [layer]) as package:
        enlarged = package(x, targets)[0]
        record = package.activations_and_grads
        activations, gradients = record.activations[0].numpy(), record.gradients[0].numpy()
        return np.maximum(package.get_cam_image(x, layer, targets, activations, gradients)[0], 0), enlarged


def by_captum(network, layer, x, target):
    return LayerGradCam(network, layer).attribute(x, target, relu_attributions=True)[0, 0].detach().numpy()


def explain(network, layer, image, target):
    x = network_input(image[None], IMAGENET, torch.float64)
    weights, cam = by_autograd(network, layer, x, target)
    by_package, enlarged_by_package = by_grad_cam(network, layer, x, target)
    found = {
        "channel_weights": weights.numpy(),
        "map": cam.numpy(),
        "grad_cam": by_package,
        "captum": by_captum(network, layer, x, target),
    }
    for package in ["grad_cam", "captum"]:
        assert np.abs(found[package] - found["map"]).max() < AGREEMENT * found["map"].max(), package
    enlarged = functional.interpolate(cam[None, None], size=image.shape[:2], mode="bilinear", align_corners=False)
    return found, {"enlarged": enlarged[0, 0].numpy(), "grad_cam_enlarged": enlarged_by_package}


def explain_all(name, network, layer, image):
    """Logits, targets and the explanations of each target."""
    logits = logits_of(network, image)
    targets = [int(logits.argmax()), OTHER_TARGET[name]]
    tensors = {f"{name}.logits": logits.numpy(), f"{name}.targets": np.array(targets, dtype=np.int32)}
    for index, target in enumerate(targets):
        found, enlarged = explain(network, layer, image, target)
        tensors |= {f"{name}.{index}.{key}": value for key, value in found.items()}
        if index == 0:
            tensors |= {f"{name}.0.{key}": value for key, value in enlarged.items()}
    return tensors


def wide_networks(folder, image):
    alexnet, resnet50, script = full("alexnet"), full("resnet50"), torchscript.load(folder / "script.pt")
    # A ReLU in place would overwrite what the packages' hooks see.
    alexnet.features[11].inplace = False
    return (
        explain_all("alexnet", alexnet, alexnet.features[11], image)
        | explain_all("resnet50", resnet50, resnet50.layer4, image)
        | explain_all("script", script, script.convolutions[-1], image)
    )


def narrow_networks(folder, image):
    """Writes the checkpoints, returns the logits."""
    alexnet, resnet50 = narrow_alexnet().half(), narrow_resnet50().half()
    torch.save(alexnet.state_dict(), folder / "alexnet_narrow.pth")
    torch.save(alexnet.state_dict(), folder / "alexnet_narrow_legacy.pth", _use_new_zipfile_serialization=False)
    training = {"state_dict": resnet50.state_dict(), "epoch": 3, "arch": "resnet50"}
    torch.save(training, folder / "resnet50_narrow.pth")
    torch.save(training, folder / "resnet50_narrow_legacy.pth", _use_new_zipfile_serialization=False)
    return {
        "alexnet_narrow.logits": logits_of(alexnet, image).numpy(),
        "resnet50_narrow.logits": logits_of(resnet50, image).numpy(),
    }


def in_single_precision(tensors):
    return {name: value.astype(np.float32) if value.dtype == np.float64 else value for name, value in tensors.items()}


def main(folder):
    torch.set_num_threads(1)
    image = scene(SCENE, 128, 160)
    tensors = {"image": image} | wide_networks(folder, image) | narrow_networks(folder, image)
    save_file(in_single_precision(tensors), folder / "networks.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
