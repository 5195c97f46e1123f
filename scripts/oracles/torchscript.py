"""Makes script.pt and others that must be refused: small classifiers as TorchScript.

    python3 scripts/oracles/torchscript.py tests/fixtures

script.pt has forward, features and head; in script_forward_only.pt the last two are missing; in script_unfit.pt
features yields twice the channels that head takes. All three have the same forward. Six more have no weights and 3 classes: script_names.pt calls
its halves embed and classify, script_cuda.pt puts its input on a GPU by itself, script_memory.pt says that it is out of memory for more
than 4 inputs, script_tuple.pt gives a tuple, script_nan.pt no numbers, and script_view.pt a part of its input's own memory.
PYTHONHASHSEED=0 gives the same bytes each time.
"""

import sys
from pathlib import Path

import torch
from torch import nn

from pictures import HALF, SCENES, network_input, scene

CLASSES = 7
SEED = 20261122
# standard deviation of each class's logit over the shipped scenes
SPREAD = 2.0


class Classifier(nn.Module):
    """Takes images of any size from 32x32."""

    def __init__(self):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 8, kernel_size=5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(8, 12, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(12, 16, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, CLASSES)
        )

    @torch.jit.export
    def features(self, x):
        return self.convolutions(x)

    @torch.jit.export
    def head(self, activations):
        return self.classifier(activations)

    def forward(self, x):
        return self.head(self.features(x))


class Unfit(Classifier):
    @torch.jit.export
    def features(self, x):
        activations = self.convolutions(x)
        return torch.cat([activations, activations], dim=1)

    def forward(self, x):
        return self.classifier(self.convolutions(x))


class Names(nn.Module):
    """The mean of each colour, as logits."""

    @torch.jit.export
    def embed(self, x):
        return nn.functional.avg_pool2d(x, 8)

    @torch.jit.export
    def classify(self, activations):
        return activations.mean(dim=[2, 3])

    def forward(self, x):
        return self.classify(self.embed(x))


class Cuda(nn.Module):
    def forward(self, x):
        return x.to(torch.device("cuda")).mean(dim=[2, 3])


class Memory(nn.Module):
    def forward(self, x):
        if x.size(0) > 4:
            raise RuntimeError("CUDA out of memory, as an example")
        return x.mean(dim=[2, 3])


class Tuple(nn.Module):
    def forward(self, x):
        logits = x.mean(dim=[2, 3])
        return logits, x


class Nan(nn.Module):
    def forward(self, x):
        return (x.mean(dim=[2, 3]) - 9).sqrt()


class View(nn.Module):
    def forward(self, x):
        return x[:, :, 0, 0]


@torch.no_grad()
def initialise(network):
    """Draws the weights, then scales the last layer until the scenes fall into different classes, none for certain."""
    generator = torch.Generator().manual_seed(SEED)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.normal_(layer.bias, std=0.1, generator=generator)
    scenes = [scene(path.stem, 120, 144) for path in sorted(SCENES.glob("*.png"))]
    logits = torch.cat([network(network_input(image[None], HALF)) for image in scenes])
    last = network.classifier[-1]
    scale = SPREAD / logits.std(dim=0)
    last.bias.sub_(logits.mean(dim=0)).mul_(scale)
    last.weight.mul_(scale[:, None])


def load(path):
    """The network in script.pt as a module whose layers can be hooked."""
    network = Classifier().eval()
    network.load_state_dict(torch.jit.load(path).state_dict())
    return network


def save(network, path):
    """TorchScript without its debug records, which hold the paths of source files."""
    torch.jit.script(network).save(path)
    reader = torch._C.PyTorchFileReader(str(path))
    records = {
        name: reader.get_record(name)
        for name in reader.get_all_records()
        if not name.endswith(".debug_pkl") and not name.startswith(".data/") and name != "version"
    }
    writer = torch._C.PyTorchFileWriter(str(path))
    for name, record in records.items():
        writer.write_record(name, record, len(record))
    writer.write_end_of_file()


def main(folder):
    torch.set_num_threads(1)
    network = Classifier().eval()
    initialise(network)
    unfit = Unfit().eval()
    unfit.load_state_dict(network.state_dict())
    save(network, folder / "script.pt")
    save(nn.Sequential(network.convolutions, network.classifier).eval(), folder / "script_forward_only.pt")
    save(unfit, folder / "script_unfit.pt")
    bare = {"names": Names(), "cuda": Cuda(), "memory": Memory(), "tuple": Tuple(), "nan": Nan(), "view": View()}
    for ending, network in bare.items():
        save(network.eval(), folder / f"script_{ending}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
