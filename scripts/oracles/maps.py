"""Makes maps.safetensors: maps of white-box methods by the grad-cam package, by captum and by their definitions.

    python3 scripts/oracles/maps.py crates/gradcam/fixtures

AlexNet and its image are those of networks.py, the narrow transformers those of graphs.py. Everything is computed in 64 bit, for the predicted class.

- alexnet.NAME: class activation maps at features.11 by the grad-cam package, before they are scaled and enlarged. Eigen-CAM comes before its rectifier, and its
  sign is free.
- alexnet.NAME for gradients, and deit.NAME for integrated gradients, by captum: sums over channels. The file has every 7th pixel, the first of them with the
  number 3.
- alexnet.smoothgrad: the mean over two inputs, of absolute gradients. The noise of number i in input k is 0.1 sin(0.37 i + k).
- NAME.rollout and NAME.gradient_attention, for deit and dinov3, from the attention that timm computes: Abnar and Zuidema 2020 as Chefer's
  compute_rollout_attention has it, and Chefer et al. 2021b, equations 5 and 6.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from captum.attr import InputXGradient, IntegratedGradients, NoiseTunnel, Saliency
from pytorch_grad_cam import AblationCAM, EigenCAM, GradCAMPlusPlus, LayerCAM, ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.numpy import save_file

import graphs
from networks import SCENE, full, in_single_precision, logits_of
from pictures import IMAGENET, network_input, scene

EVERY, FIRST = 7, 3
STEPS = 8
NOISE = 0.1


def cams(network, layer, x, target):
    targets = [ClassifierOutputTarget(target)]
    found = {}
    kinds = {"gradcam++": GradCAMPlusPlus, "layercam": LayerCAM, "eigencam": EigenCAM, "scorecam": ScoreCAM, "ablationcam": AblationCAM}
    for name, kind in kinds.items():
        with kind(network, [layer]) as package:
            # Else the package makes 32-bit tensors of 64-bit scores.
            torch.set_default_dtype(torch.float64)
            values = package(x, targets)
            assert values is not None
            record = package.activations_and_grads
            activations = record.activations[0].detach().numpy()
            gradients = record.gradients[0].numpy() if record.gradients else None
            cam = package.get_cam_image(x, layer, targets, activations, gradients, eigen_smooth=False)
            torch.set_default_dtype(torch.float32)
            found[name] = np.asarray(cam[0], dtype=np.float64) if name == "eigencam" else np.maximum(cam[0], 0)
            assert np.abs(found[name]).max() > 0, name
    return found


def gradients(network, x, target):
    numbers = torch.arange(x[0].numel(), dtype=torch.float64).view(1, *x.shape[1:])
    noise = torch.cat([torch.sin(0.37 * numbers + place) for place in range(2)])
    normal = torch.normal
    torch.normal = lambda mean, deviation: deviation * noise
    try:
        smooth = NoiseTunnel(Saliency(network)).attribute(x, nt_type="smoothgrad", nt_samples=2, stdevs=NOISE, target=target)
    finally:
        torch.normal = normal
    found = {
        "gradient": Saliency(network).attribute(x, target=target),
        "input_x_gradient": InputXGradient(network).attribute(x, target=target),
        "smoothgrad": smooth,
    }
    return {name: some(values) for name, values in found.items()}


def some(attribution):
    return attribution[0].sum(dim=0).detach().numpy().ravel()[FIRST::EVERY]


def integrated(network, x, target):
    """Of a network without ReLU: on the way to an image some of AlexNet's are so near to 0 that 32 bit takes another side than 64 bit."""
    black = network_input(np.zeros((1, *x.shape[2:], 3), dtype=np.uint8), IMAGENET, torch.float64)
    method = IntegratedGradients(network)
    steps = {"target": target, "n_steps": STEPS, "method": "gausslegendre"}
    return {
        "integrated_gradients": some(method.attribute(x, **steps)),
        "integrated_gradients.black": some(method.attribute(x, baselines=black, **steps)),
    }


def attention(module, x):
    """The predicted class, and of each block the attention [heads, tokens, tokens] and the gradient of the class's logit there."""
    kept = []

    def keep(_module, _input, output):
        output.retain_grad()
        kept.append(output)

    for block in module.blocks:
        block.attn.fused_attn = False
        block.attn.attn_drop.register_forward_hook(keep)
    logits = module(x)
    target = int(logits.argmax())
    logits[0, target].backward()
    return target, [(maps[0].detach().numpy(), maps.grad[0].numpy()) for maps in kept]


def make_plain(make):
    """The same network without hooks."""
    torch.manual_seed(graphs.SEED)
    module, _ = make()
    graphs.randomise(module)
    return module.double().eval()


def rollout(blocks):
    result = np.eye(blocks[0][0].shape[-1])
    for maps, _ in blocks:
        mean = maps.mean(axis=0) + np.eye(len(result))
        result = mean / mean.sum(axis=-1, keepdims=True) @ result
    return result


def gradient_attention(blocks):
    result = np.eye(blocks[0][0].shape[-1])
    for maps, gradient in blocks:
        result = result + np.maximum(maps * gradient, 0).mean(axis=0) @ result
    return result


def main(folder):
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    image = scene(SCENE, 128, 160)
    network = full("alexnet")
    # ReLUs in place would overwrite what hooks see.
    for layer in network.modules():
        if isinstance(layer, torch.nn.ReLU):
            layer.inplace = False
    target = int(logits_of(network, image).argmax())
    x = network_input(image[None], IMAGENET, torch.float64)
    found = cams(network, network.features[11], x, target) | gradients(network, x, target)
    tensors = {"alexnet.target": np.array([target], dtype=np.int32)}
    tensors |= {f"alexnet.{name}": values for name, values in found.items()}

    square = scene(SCENE, graphs.SIZE, graphs.SIZE)
    x = network_input(square[None], IMAGENET, torch.float64)
    tensors["square"] = square
    # The logits of deit come from its class token, those of dinov3 from the mean of its patches.
    for make, prefix, rows in [(graphs.deit, 2, slice(0, 1)), (graphs.dinov3, 5, slice(5, None))]:
        name = make.__name__
        target, blocks = attention(make_plain(make), x)
        if make is graphs.deit:
            tensors |= {f"{name}.{kind}": values for kind, values in integrated(make_plain(make), x, target).items()}
        tensors |= {
            f"{name}.target": np.array([target], dtype=np.int32),
            f"{name}.rollout": rollout(blocks)[rows, prefix:].mean(axis=0),
            f"{name}.gradient_attention": gradient_attention(blocks)[rows, prefix:].mean(axis=0),
        }
    save_file(in_single_precision(tensors), folder / "maps.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
