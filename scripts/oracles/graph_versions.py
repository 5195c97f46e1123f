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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from export_pt2 import export

SEED = 20261128
SIZE = 64


class Network(nn.Module):
    """A convolution, a batch norm and an activation in place, tokens with a class token; a buffer that is not saved, and a constant."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 6, 4, stride=16, bias=False)
        self.bn = nn.BatchNorm2d(6)
        self.act = nn.ReLU(inplace=True)
        self.cls = nn.Parameter(torch.randn(1, 1, 6))
        self.norm = nn.LayerNorm(6)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(6, 5)
        self.register_buffer("scale", torch.tensor(2.0), persistent=False)

    def forward(self, x):
        x = self.act(self.bn(self.patch(x))).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) * torch.tensor(0.5)
        return self.head(self.drop(self.norm(x).mean(1) * self.scale))


def network():
    torch.manual_seed(SEED)
    built = Network().eval()
    with torch.no_grad():
        built.bn.running_mean.uniform_(-0.5, 0.5)
        built.bn.running_var.uniform_(0.5, 1.5)
    return built


def main(folder):
    warnings.filterwarnings("ignore")
    major, minor = torch.__version__.split(".")[:2]
    path = folder / f"torch_{major}_{minor}.pt2"
    torch.export.save(export(network(), SIZE), path)
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
