"""Makes token_cams.safetensors: Grad-CAM of vision transformers by the grad-cam package, with its reshape transforms.

    python3 scripts/oracles/token_cams.py crates/graph/fixtures
    python3 scripts/oracles/token_cams.py --full target/oracles

The first uses the narrow networks vit, deit and swin that graphs.py exports; the second exports ViT-B/16, DeiT (distilled) and Swin-T in full size, with random
weights. Everything is computed in 64 bit, at the layer that our program takes by default. The file holds image (8 bit, to be normalised with ImageNet's
mean and standard deviation), and for each network NAME.target and NAME.map: the map of that class before it is scaled and enlarged.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.numpy import save_file
from torch import nn

import graphs
from networks import SCENE, in_single_precision
from pictures import IMAGENET, network_input, scene

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from export_pt2 import export

FULL_SIZE = 224


def tokens(prefix, side):
    """[batch, prefix + side * side, channels] as a map, without the class token and its like."""
    return lambda values: values[:, prefix:].reshape(len(values), side, side, -1).permute(0, 3, 1, 2)


def channels_last(values):
    return values.permute(0, 3, 1, 2)


def vit_b_16():
    module = torchvision.models.vit_b_16(weights=None)
    # torchvision starts it at zero, where every gradient is.
    nn.init.normal_(module.heads.head.weight, std=0.02)
    return module, "encoder.layers.encoder_layer_11.ln_1"


def deit_tiny_distilled():
    return timm.create_model("deit_tiny_distilled_patch16_224", pretrained=False), "blocks.11.norm1"


def swin_t():
    return torchvision.models.swin_t(weights=None), "features.7.1.norm1"


def cam(module, layer, reshape, x):
    """The predicted class, and its map."""
    with torch.no_grad():
        target = int(module(x).argmax())
    targets = [ClassifierOutputTarget(target)]
    layer = module.get_submodule(layer)
    with GradCAM(module, [layer], reshape_transform=reshape) as package:
        package(x, targets)
        record = package.activations_and_grads
        activations, gradients = record.activations[0].numpy(), record.gradients[0].numpy()
        values = package.get_cam_image(x, layer, targets, activations, gradients, eigen_smooth=False)
    return target, np.maximum(values[0], 0)


def main(folder, is_full):
    warnings.filterwarnings("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    if is_full:
        size = FULL_SIZE
        networks = [(vit_b_16, tokens(1, 14)), (deit_tiny_distilled, tokens(2, 14)), (swin_t, channels_last)]
    else:
        size = graphs.SIZE
        networks = [(graphs.vit, tokens(1, 8)), (graphs.deit, tokens(2, 8)), (graphs.swin, channels_last)]
    image = scene(SCENE, size, size)
    x = network_input(image[None], IMAGENET, torch.float64)
    tensors = {"image": image}
    for make, reshape in networks:
        torch.manual_seed(graphs.SEED)
        module, layer = make()
        if is_full:
            torch.export.save(export(module.eval(), size), folder / f"{make.__name__}.pt2")
        else:
            graphs.randomise(module)
        # The second of two blocks takes what the first one's last norm gives: norms of Swin v2 come behind what they norm.
        layer = "features.1.0.norm2" if make is graphs.swin else layer
        target, values = cam(module.double(), layer, reshape, x)
        assert values.max() > 0, make.__name__
        tensors |= {f"{make.__name__}.target": np.array([target], dtype=np.int32), f"{make.__name__}.map": values}
    save_file(in_single_precision(tensors), folder / "token_cams.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[-1]), "--full" in sys.argv)
