"""Exports popular classifiers and compares the graph executor with eager PyTorch: make census.

    PYTHON scripts/checks/census.py target/release/examples/census [--seconds S] [--threads N] [NAME ...]

PYTHON has torch, torchvision, timm, safetensors and numpy; no weights are downloaded: all are random, from a seed. A NAME is timm:... or tv:...; without
one, all are done. For each: seconds of the export, the largest difference between logits at batches of 1, 2 and 7 (of the graph as it comes and
prepared, as a share of the largest logit), the default layer, the largest difference between the gradients there (as a share of the largest), images a
second of the executor and of eager PyTorch in a batch of 16. Exit status 1 where one was not exported or read, or differs by more than TOLERANCE.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import timm
import torch
import torchvision
from safetensors.torch import load_file, save_file
from torch import nn

TIMM = """resnet18 resnet50 resnext50_32x4d wide_resnet50_2 resnetv2_50 densenet121 vgg16 vgg16_bn inception_v3 inception_v4 xception mobilenetv2_100
mobilenetv3_large_100 mobilenetv3_small_100 mobilenetv4_conv_small efficientnet_b0 efficientnetv2_rw_t tf_efficientnetv2_s regnety_008 convnext_tiny
convnextv2_nano seresnet50 ecaresnet50d dpn68 hrnet_w18_small ghostnet_100 mnasnet_100 fbnetc_100 repvgg_a0 efficientformer_l1 vit_tiny_patch16_224
vit_base_patch16_224 vit_small_patch16_dinov3 vit_small_patch14_reg4_dinov2 deit_tiny_patch16_224 deit_tiny_distilled_patch16_224
deit3_small_patch16_224 beit_base_patch16_224 swin_tiny_patch4_window7_224 swinv2_tiny_window8_256 mixer_s16_224 pit_ti_224 cait_xxs24_224
crossvit_tiny_240 levit_128 maxvit_tiny_tf_224 maxxvit_rmlp_nano_rw_256 coatnet_nano_rw_224 poolformer_s12 caformer_s18 xcit_nano_12_p16_224
twins_pcpvt_small pvt_v2_b0 mobilevit_s mobileone_s0 edgenext_small fastvit_t8 davit_tiny nfnet_f0 eva02_tiny_patch14_224 hiera_tiny_224
vit_base_patch16_siglip_224 inception_next_tiny tiny_vit_5m_224""".split()
TORCHVISION = """alexnet googlenet squeezenet1_0 shufflenet_v2_x1_0 mobilenet_v2 mobilenet_v3_large densenet121 inception_v3 vit_b_16 swin_t swin_v2_t
maxvit_t convnext_tiny efficientnet_b0 regnet_y_400mf resnet50 vgg16_bn mnasnet1_0""".split()
NAMES = [f"timm:{name}" for name in TIMM] + [f"tv:{name}" for name in TORCHVISION]

SEED = 20261128
BATCHES = (1, 2, 7)
SPEED_BATCH = 16
TOLERANCE = 1e-5
# Change of the logits, as a share of the largest, where images change by 1e-7.
CHAOS = 1e-3


def made(name):
    """A network with random weights, and the side of its images."""
    library, short = name.split(":")
    torch.manual_seed(SEED)
    if library == "timm":
        module = timm.create_model(short, pretrained=False)
        side = module.default_cfg.get("input_size", (3, 224, 224))[1]
        return randomise(module, side), side
    options = {"weights": None}
    if short in ("googlenet", "inception_v3"):
        options |= {"init_weights": False, "aux_logits": True}
    side = 299 if short == "inception_v3" else 224
    return randomise(getattr(torchvision.models, short)(**options), side), side


@torch.no_grad()
def randomise(module, side):
    """Moves what starts at zero or one away from it, so that no part of a network is without effect.

    Values of an EfficientNet v2 then grow until a change of its input by 1e-7 moves its logits by a third, in PyTorch too: such a network gets batch norm
    statistics from images.
    """
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d) and part.running_mean is not None]
    for norm in norms:
        norm.running_mean.uniform_(-0.1, 0.1)
        norm.running_var.uniform_(0.7, 1.3)
    for parameter in module.parameters():
        if parameter.numel() > 1 and float(parameter.std()) < 1e-3:
            parameter.add_(torch.randn_like(parameter) * 0.1)
    module.eval()
    images = torch.randn(4, 3, side, side, generator=torch.Generator().manual_seed(1))
    if largest(module(images * (1 + 1e-7)), module(images)) > CHAOS:
        for norm in norms:
            norm.momentum = 1.0
            norm.train()
        module(images)
    return module.eval()


class Detour(torch.fx.Interpreter):
    """Runs an exported network with zeros added to one value, so that its gradient is theirs."""

    def __init__(self, module, value):
        super().__init__(module)
        self.value, self.zeros = value, None

    def run_node(self, node):
        result = super().run_node(node)
        if node.name == self.value:
            self.zeros = torch.zeros_like(result, requires_grad=True)
            result = result + self.zeros
        return result


def gradient(exported, value, images):
    """Of the sum of each image's largest logit."""
    detour = Detour(exported.module(check_guards=False), value)
    output = detour.run(images)
    logits = output[0] if isinstance(output, (tuple, list)) else output
    logits.amax(-1).sum().backward()
    return detour.zeros.grad


def largest(found, expected):
    return float((found - expected).abs().max() / expected.abs().max().clamp_min(1e-30))


def checked(name, program, folder, seconds, threads):
    module, side = made(name)
    start = time.time()
    images = torch.randn(max(BATCHES), 3, side, side, generator=torch.Generator().manual_seed(SEED))
    with torch.no_grad():
        exported = torch.export.export(module, (images[:2],), dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=1024)},))
    file, values, gradients = folder / "network.pt2", folder / "values.safetensors", folder / "gradient.safetensors"
    torch.export.save(exported, file)
    row = {"name": name, "export_seconds": round(time.time() - start, 1)}
    tensors = {}
    with torch.no_grad():
        for batch in BATCHES:
            tensors[f"input_{batch}"] = images[:batch].clone()
            tensors[f"logits_{batch}"] = module(images[:batch]).contiguous()
    save_file(tensors, values)
    gradients.unlink(missing_ok=True)
    run = subprocess.run([program, file, values, gradients, str(seconds), str(threads)], capture_output=True, text=True)
    if run.returncode != 0:
        return row | {"error": run.stderr.strip()[-1500:]}
    row |= json.loads(run.stdout)
    row["worst_logits"] = max(row["logits"].values())
    if row["layer"]:
        expected = gradient(exported, row["layer"]["value"], images[:2])
        row["gradient"] = largest(load_file(gradients)["gradient"], expected)
    row["eager_images_a_second"] = eager_speed(module, images, seconds)
    return row


@torch.no_grad()
def eager_speed(module, images, seconds):
    batch = images[:1].repeat(SPEED_BATCH, 1, 1, 1)
    module(batch)
    start, count = time.time(), 0
    while count == 0 or time.time() - start < seconds:
        module(batch)
        count += 1
    return count * SPEED_BATCH / (time.time() - start)


def is_right(row):
    return "error" not in row and row["worst_logits"] <= TOLERANCE and row.get("gradient", 1.0) <= TOLERANCE


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_intermixed_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    rows = []
    for name in options.names or NAMES:
        with tempfile.TemporaryDirectory() as folder:
            try:
                row = checked(name, options.program, Path(folder), options.seconds, options.threads)
            except Exception as error:  # noqa: BLE001 - one network that fails must not hide the others
                row = {"name": name, "error": f"{type(error).__name__}: {str(error)[:300]}"}
        rows.append(row)
        print(json.dumps(row | {"right": is_right(row)}), flush=True)
    wrong = [row["name"] for row in rows if not is_right(row)]
    print(f"{len(rows) - len(wrong)} of {len(rows)} are right; not right: {' '.join(wrong) or 'none'}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
