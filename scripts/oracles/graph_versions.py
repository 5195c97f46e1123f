"""Exports one small network with the PyTorch that is installed: each minor version writes its own kind of .pt2 archive.

    pip install torch==2.8.0 numpy
    python3 scripts/oracles/graph_versions.py crates/graph/fixtures

writes torch_2_8.pt2; likewise 2.9, 2.10 and so on, each from a virtual environment of its own. The network needs PyTorch alone. All versions
make the same weights from the seed, and torch_versions.safetensors (scripts/oracles/graphs.py) has its logits.
"""

import sys
import warnings
from pathlib import Path

import torch
from torch import nn

SEED = 20261128
SIZE = 64


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        batch, tokens, width = x.shape
        qkv = self.qkv(self.norm(x)).reshape(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        return x + self.drop(self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width)))


class Network(nn.Module):
    """A convolution, a batch norm and an activation in place, tokens with a class token, attention; a buffer that is not saved, and a constant."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.patch = nn.Conv2d(4, 8, 8, stride=8)
        self.cls = nn.Parameter(torch.randn(1, 1, 8))
        self.block = Attention(8, 2)
        self.head = nn.Linear(8, 5)
        self.register_buffer("scale", torch.tensor(2.0), persistent=False)

    def forward(self, x):
        x = self.patch(self.act(self.bn(self.conv(x)))).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) * torch.tensor(0.5)
        return self.head(self.block(x)[:, 0] * self.scale)


def network():
    torch.manual_seed(SEED)
    built = Network().eval()
    with torch.no_grad():
        built.bn.running_mean.uniform_(-0.5, 0.5)
        built.bn.running_var.uniform_(0.5, 1.5)
    return built


def export(module, example):
    """The program of a module for batches of any size, without stack traces and example inputs."""
    batch = torch.export.Dim("batch", min=1, max=1024)
    exported = torch.export.export(module, (example,), dynamic_shapes=({0: batch},))
    for node in exported.graph.nodes:
        node.meta.pop("stack_trace", None)
    exported.example_inputs = None
    return exported


def main(folder):
    warnings.filterwarnings("ignore")
    major, minor = torch.__version__.split(".")[:2]
    path = folder / f"torch_{major}_{minor}.pt2"
    torch.export.save(export(network(), torch.zeros(2, 3, SIZE, SIZE)), path)
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
