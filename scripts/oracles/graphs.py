"""Exports narrow networks, and writes what PyTorch itself computes with each.

    python3 scripts/oracles/graphs.py crates/graph/fixtures

For each network NAME.pt2 and NAME.safetensors: the logits for two images, the activation of one layer, and the gradient there of the sum of the
images' logits 1. Metadata of NAME.safetensors: the layer, and the operators that NAME.pt2 has. All networks together have the 92 operators that
82 popular classifiers use. torch_versions.safetensors belongs to the archives of scripts/oracles/graph_versions.py.

Images are made by `images` of scripts/export_pt2.py, which any language reproduces exactly. Weights are random; those that start at zero or one are moved away from it, so that
no part of a network is without effect. Archives are kept small: innermost modules only, and nothing that only PyTorch reads.
"""

import copy
import io
import json
import sys
import warnings
import zipfile
from pathlib import Path

import torch
from graph_versions import SIZE, network
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from export_pt2 import MOST_IMAGES, export, images, without_traces

SEED = 20261128
CLASSES = 5
LOGIT = 1


def deit():
    from timm.models.deit import VisionTransformerDistilled

    return VisionTransformerDistilled(
        img_size=SIZE, patch_size=8, embed_dim=8, depth=2, num_heads=2, mlp_ratio=2, num_classes=CLASSES
    ), "blocks.1.norm1"


def dinov3():
    """Rotary embeddings and register tokens."""
    from timm.models.eva import Eva

    return Eva(
        img_size=SIZE, patch_size=8, embed_dim=8, depth=1, num_heads=2, mlp_ratio=2, num_classes=CLASSES, qkv_bias=False, init_values=0.5,
        rope_type="dinov3", rope_temperature=100, rope_rotate_half=True, use_rot_pos_emb=True, use_abs_pos_emb=False, num_reg_tokens=4,
        use_fc_norm=False, dynamic_img_size=True, head_init_scale=1.0,
    ), "blocks.0.norm1"  # fmt: skip


def vit():
    from torchvision.models.vision_transformer import VisionTransformer

    return VisionTransformer(SIZE, 8, 1, 2, 8, 16, num_classes=CLASSES), "encoder.layers.encoder_layer_0.ln_1"


def swin():
    """Two blocks, the second with shifted windows; the networks of their position biases are narrow too."""
    from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformer, SwinTransformerBlockV2

    module = SwinTransformer(
        [8, 8], 4, [2], [2], [4, 4], mlp_ratio=2, num_classes=CLASSES, block=SwinTransformerBlockV2, downsample_layer=PatchMergingV2
    )
    for block in module.features[1]:
        block.attn.cpb_mlp = nn.Sequential(nn.Linear(2, 8), nn.ReLU(inplace=True), nn.Linear(8, 2, bias=False))
    return module, "features.1.1.norm1"


def convnext():
    from timm.models.convnext import ConvNeXt

    module = ConvNeXt(depths=(1, 1, 0, 0), dims=(4, 8, 8, 8), kernel_sizes=3, use_grn=True, ls_init_value=None, num_classes=CLASSES)
    module.stages = module.stages[:2]
    return module, "stages.1"


def efficientnet():
    from torchvision.models.efficientnet import EfficientNet, FusedMBConvConfig, MBConvConfig

    blocks = [FusedMBConvConfig(2, 3, 2, 8, 8, 1), MBConvConfig(2, 5, 2, 8, 8, 1)]
    return EfficientNet(blocks, dropout=0.2, num_classes=CLASSES, last_channel=24), "features.2"


def resnet():
    """Efficient channel attention, average pooling in shortcuts."""
    from timm.models.resnet import Bottleneck, ResNet

    attention = {"attn_layer": "eca"}
    module = ResNet(
        Bottleneck, (1, 1, 1, 1), num_classes=CLASSES, channels=(2, 2, 2, 2), stem_width=4, stem_type="deep", avg_down=True, block_args=attention
    )
    module.layer3 = module.layer4 = nn.Sequential()
    return module, "layer2"


def mobilenet():
    from torchvision.models.mobilenetv3 import InvertedResidualConfig, MobileNetV3

    blocks = [
        InvertedResidualConfig(8, 3, 8, 8, False, "RE", 2, 1, 1.0),
        InvertedResidualConfig(8, 5, 16, 8, True, "HS", 2, 2, 1.0),
    ]
    return MobileNetV3(blocks, 16, num_classes=CLASSES), "features.2"


class Standardised(nn.Conv2d):
    """A convolution whose weights are standardised first, by the batch norm of training, as networks without norms have it."""

    def forward(self, x):
        weight = functional.batch_norm(self.weight.reshape(1, self.out_channels, -1), None, None, training=True, momentum=0.0, eps=1e-6)
        return functional.conv2d(x, weight.reshape_as(self.weight), self.bias, self.stride, self.padding)


class Rest(nn.Module):
    """What the other networks do not have: from crossvit, hrnet, nfnet, levit, hiera, caformer, poolformer, mobilenetv2, maxvit, xcit and edgenext."""

    def __init__(self):
        super().__init__()
        self.stem = Standardised(3, 8, 4, stride=4, padding=1)
        self.clip = nn.ReLU6(inplace=True)
        self.norm = nn.GroupNorm(2, 8)
        self.gate = nn.Hardswish()
        self.squeeze = nn.Hardsigmoid()
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.logit = nn.Conv2d(8, 8, 1)
        self.position = Position()
        self.head = nn.Linear(8, CLASSES)
        self.scale = nn.Parameter(torch.tensor([0.7]))

    def forward(self, x):
        coarse = functional.interpolate(x, size=(48, 48), mode="bicubic", align_corners=False)
        x = self.clip(self.stem(coarse))
        small = functional.interpolate(self.pool(x), scale_factor=2.0, mode="nearest")
        left, right = self.norm(x + small).split([3, 5], dim=1)
        x = self.gate(torch.cat([left * self.scale, right], 1)) - 0.25
        star = torch.square(functional.relu(x)) + x.pow(2.0)
        star = star * self.squeeze(self.logit(star)) + self.position(x)
        tokens = star.reshape(star.shape[0], 8, 4, -1).amax(2)
        weights = torch.softmax(torch.tanh(tokens), -1).unsqueeze(1).repeat(1, 2, 1, 1)
        mixed = torch.einsum("bhct,bct->bht", weights, torch.swapaxes(functional.silu(tokens), -2, -1).reshape(tokens.shape))
        return self.head((weights * tokens.unsqueeze(1)).sigmoid().mean((1, 3)) * mixed.mean((1, 2)).unsqueeze(-1))


class Position(nn.Module):
    """Fourier encodings of places, as XCiT and EdgeNeXt compute them from an empty mask."""

    def __init__(self):
        super().__init__()
        self.project = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        batch, _, height, width = x.shape
        empty = ~torch.zeros((batch, height, width), device=x.device).to(torch.bool)
        y, x = empty.cumsum(1, dtype=torch.float32), empty.cumsum(2, dtype=torch.float32)
        power = torch.arange(4, device=x.device).to(torch.float32)
        power = 100 ** (2 * torch.div(power, 2, rounding_mode="floor") / 4)
        parts = [place[:, :, :, None] / power for place in (y / (y[:, -1:, :] + 1e-6) * 6.28, x / (x[:, :, -1:] + 1e-6) * 6.28)]
        parts = [torch.stack([part[..., 0::2].sin(), part[..., 1::2].cos()], dim=4).flatten(3) for part in parts]
        return self.project(torch.cat(parts, dim=3).permute(0, 3, 1, 2))


def rest():
    return Rest(), "norm"


class Detached(nn.Module):
    """Gates and shortcuts that no gradient goes through, detached as a new tensor and in place; other ways lead around each."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, stride=8)
        self.deep = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.stem(x)
        gated = x * x.detach().sigmoid()
        deep = torch.tanh(self.deep(gated))
        shortcut = torch.exp(x)
        shortcut.detach_()
        return self.head((deep * shortcut + functional.relu(x)).mean((2, 3)))


def detached():
    return Detached(), "stem"


class Half(nn.Module):
    """float16, with a softmax in float32 as in transformers, and a result in bfloat16 on the way."""

    def __init__(self):
        super().__init__()
        self.narrow = torch.bfloat16
        self.stem = nn.Conv2d(3, 8, 4, stride=8)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = torch.relu(self.norm(self.stem(x)))
        weights = torch.softmax(x.flatten(2).float(), -1).to(x.dtype)
        shifted = (x.flatten(2).to(self.narrow) + 0.5).to(x.dtype)
        return self.head((weights * shifted).sum(-1))


def half():
    return Half(), "norm"


NETWORKS = [deit, dinov3, vit, swin, convnext, efficientnet, resnet, mobilenet, rest, detached, half]


@torch.no_grad()
def randomise(module):
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 1.5)
            part.num_batches_tracked = None
    for parameter in module.parameters():
        spread = float(parameter.std()) if parameter.numel() > 1 else 0.0
        if spread < 0.01:
            parameter.add_(torch.randn_like(parameter) * 0.2)
        elif spread < 0.2:
            parameter.mul_(0.2 / spread)
    return module.eval()


def halved(module):
    """The same network with float16 weights, exported with float16 images; the other then has the same numbers, and computes with them in float32."""
    batch = torch.export.Dim("batch", min=1, max=MOST_IMAGES)
    narrow = copy.deepcopy(module).half()
    example = torch.zeros(2, 3, SIZE, SIZE, dtype=torch.float16)
    exported = without_traces(torch.export.export(narrow, (example,), dynamic_shapes=({0: batch},)))
    module.load_state_dict(narrow.state_dict())
    module.narrow = torch.float32
    return exported


def values(module, layer):
    """Logits, and the layer's activation with the gradient of one logit, as PyTorch computes them."""
    found = {}

    def watch(_module, _inputs, output):
        # What comes next may write to it.
        found["activation"] = output.detach().clone()
        output.register_hook(lambda gradient: found.__setitem__("gradient", gradient.clone()))

    handle = module.get_submodule(layer).register_forward_hook(watch)
    logits = module(images(2, SIZE, 1).requires_grad_())
    logits[:, LOGIT].sum().backward()
    handle.remove()
    found["logits"] = logits.detach()
    return {name: tensor.contiguous() for name, tensor in found.items()}


def smaller(archive):
    """An archive without what only PyTorch reads."""
    source = zipfile.ZipFile(io.BytesIO(archive))
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if "/data/sample_inputs/" in entry.filename or "/.data/" in entry.filename:
                continue
            if entry.filename.endswith(".json"):
                content = json.dumps(without(json.loads(content)), separators=(",", ":")).encode()
            target.writestr(zipfile.ZipInfo(entry.filename), content)
    return kept.getvalue()


UNREAD = {"device", "layout", "requires_grad", "torch_fn", "hint", "is_hop_single_tensor_return", "source_fn_stack", "kind"}


def without(value):
    if isinstance(value, list):
        return [without(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "module_call_graph" in value:
        value["module_call_graph"] = value["module_call_graph"][:1]
    if "nn_module_stack" in value:
        # key, path, class of the innermost module
        path = value["nn_module_stack"].split(";")[-1].split(",")[1]
        value["nn_module_stack"] = f",{path},"
    if "target" in value:
        del value["name"]
    return {key: without(item) for key, item in value.items() if key not in UNREAD}


def operators(archive):
    source = zipfile.ZipFile(io.BytesIO(archive))
    [model] = [name for name in source.namelist() if "/models/" in name]
    return sorted({node["target"] for node in json.loads(source.read(model))["graph_module"]["graph"]["nodes"]})


def write(module, layer, name, folder, covered):
    exported = halved(module) if isinstance(module, Half) else export(module, SIZE)
    found = values(module, layer)
    file = io.BytesIO()
    if not isinstance(module, Half):
        with torch.no_grad():
            assert torch.equal(exported.module()(images(2, SIZE, 1)), found["logits"]), name
    torch.export.save(exported, file)
    archive = smaller(file.getvalue())
    (folder / f"{name}.pt2").write_bytes(archive)
    kinds = operators(archive)
    covered.update(kinds)
    save_file(found, folder / f"{name}.safetensors", metadata={"layer": layer, "logit": str(LOGIT), "operators": " ".join(kinds)})
    print(f"{name}: {len(archive)} bytes, {len(kinds)} operators, logits {found['logits'][0].tolist()}")


def main(folder):
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    covered = set()
    for make in NETWORKS:
        torch.manual_seed(SEED)
        module, layer = make()
        write(randomise(module), layer, make.__name__, folder, covered)
    found = values(network(), "norm")
    save_file(found, folder / "torch_versions.safetensors", metadata={"layer": "norm", "logit": str(LOGIT)})
    print(len(covered), "operators in all")
    return covered


if __name__ == "__main__":
    main(Path(sys.argv[1]))
