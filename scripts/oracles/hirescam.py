"""Makes hirescam.safetensors: HiResCAM of AlexNet by autograd and by the grad-cam package.

    python3 scripts/oracles/hirescam.py tests/fixtures

The network and the image are those of networks.py. Everything is computed in 64 bit. For each target (the predicted class, then another): map by
autograd, the rectified sum over channels of gradient times activation; and hirescam by the package, before it is scaled and enlarged.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from pytorch_grad_cam import HiResCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.numpy import save_file

from networks import AGREEMENT, OTHER_TARGET, SCENE, full, in_single_precision, logits_of
from pictures import IMAGENET, network_input, scene


def by_autograd(network, layer, x, target):
    kept = []
    with layer.register_forward_hook(lambda _layer, _input, output: kept.append(output)):
        logits = network(x)
    (gradient,) = torch.autograd.grad(logits[0, target], kept[0])
    return (gradient * kept[0])[0].sum(dim=0).relu().detach().numpy()


def by_package(network, layer, x, target):
    targets = [ClassifierOutputTarget(target)]
    with HiResCAM(network, [layer]) as package:
        package(x, targets)
        record = package.activations_and_grads
        activations, gradients = record.activations[0].numpy(), record.gradients[0].numpy()
        cam = package.get_cam_image(x, layer, targets, activations, gradients, eigen_smooth=False)
        return np.maximum(cam[0], 0)


def main(folder):
    torch.set_num_threads(1)
    image = scene(SCENE, 128, 160)
    network = full("alexnet")
    # A ReLU in place would overwrite what the package's hooks see.
    network.features[11].inplace = False
    layer = network.features[11]
    targets = [int(logits_of(network, image).argmax()), OTHER_TARGET["alexnet"]]
    x = network_input(image[None], IMAGENET, torch.float64)
    tensors = {}
    for index, target in enumerate(targets):
        cam, package = by_autograd(network, layer, x, target), by_package(network, layer, x, target)
        assert np.abs(cam - package).max() < AGREEMENT * cam.max()
        tensors |= {f"alexnet.{index}.map": cam, f"alexnet.{index}.hirescam": package}
    save_file(in_single_precision(tensors), folder / "hirescam.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
