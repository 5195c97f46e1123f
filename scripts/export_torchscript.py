#!/usr/bin/env python3
"""Exports a network of torchvision or timm as TorchScript with the methods forward, features and head.

    python3 scripts/export_torchscript.py torchvision mobilenet_v3_small mobilenet.pt --weights DEFAULT
    python3 scripts/export_torchscript.py torchvision resnet18 mine.pt --weights my_state_dict.pth --classes 10
    python3 scripts/export_torchscript.py timm convnext_tiny convnext.pt --weights DEFAULT

Needs torch 2.11.0 and torchvision 0.26.0, or torch 2.11.0 and timm 1.0.31 (pip install torch==2.11.0 torchvision==0.26.0 timm==1.0.31).
--weights DEFAULT fetches the published weights; a file is read as a state dict, with tensors and containers only; random
gives the network untrained weights, for trying things. The layer that Grad-CAM reads is the last one that gives a map with more than one position and
is no pooling; --layer names another. Prints what to write into pipeline.toml.

--freeze folds constants and batch norms into the program, which may well make it slower in the pipeline (docs/performance.md). It is refused where a logit then moves by more than 1e-4 of the largest.
"""

import argparse
import sys

import torch
from torch import fx, nn

# Of the largest logit: the rounding of 32 bit, with which the pipeline compares a program's halves too.
TOLERANCE = 1e-4
POOLINGS = (nn.AvgPool2d, nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


def fail(what):
    sys.exit(f"error: {what}")


def create(arguments):
    """The network, and how its images are prepared."""
    published = arguments.weights == "DEFAULT"
    classes = {"num_classes": arguments.classes} if arguments.classes else {}
    preparation = {"size": 224, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    preparation |= {"resize": 256, "interpolation": "bilinear"}
    if arguments.library == "timm":
        import timm

        network = timm.create_model(arguments.name, pretrained=published, **classes)
        data = timm.data.resolve_model_data_config(network)
        size = data["input_size"][-1]
        squash = data.get("crop_mode") == "squash" and data["crop_pct"] == 1
        preparation = {"size": size, "mean": data["mean"], "std": data["std"], "interpolation": data["interpolation"]}
        preparation["resize"] = '"squash"' if squash else int(size / data["crop_pct"])
    else:
        import torchvision

        weights = torchvision.models.get_model_weights(arguments.name)["DEFAULT"] if published else None
        network = torchvision.models.get_model(arguments.name, weights=weights, **classes)
        if weights is not None:
            transforms = weights.transforms()
            preparation = {"size": transforms.crop_size[0], "mean": tuple(transforms.mean), "std": tuple(transforms.std)}
            preparation |= {"resize": transforms.resize_size[0], "interpolation": transforms.interpolation.value}
    if not published and arguments.weights != "random":
        network.load_state_dict(torch.load(arguments.weights, map_location="cpu", weights_only=True))
    if arguments.size:
        if preparation["resize"] != '"squash"':
            # The same share of the picture.
            preparation["resize"] = round(preparation["resize"] * arguments.size / preparation["size"])
        preparation["size"] = arguments.size
    return network.eval(), preparation


def last_map(network, x):
    """The path of the outermost module that gives the last map with more than one position, pooling left out."""
    maps, pooled = [], []

    def note(path, module):
        def hook(_module, _input, output):
            if isinstance(output, torch.Tensor) and output.dim() == 4 and output.shape[2] * output.shape[3] > 1 and path:
                maps.append((path, output))
                if isinstance(module, POOLINGS):
                    pooled.append(output)

        return module.register_forward_hook(hook)

    hooks = [note(path, module) for path, module in network.named_modules()]
    network(x)
    for hook in hooks:
        hook.remove()
    # A container gives the very tensor that its last layer gave.
    maps = [(path, output) for path, output in maps if not any(output is other for other in pooled)]
    if not maps:
        return None
    last = maps[-1][1]
    # Of layers that work in place on one tensor the last.
    return min((path for path, output in reversed(maps) if output is last), key=lambda path: path.count("."))


class Tracer(fx.Tracer):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def is_leaf_module(self, module, path):
        return path == self.layer or super().is_leaf_module(module, path)


def split(network, layer):
    """The network as two: from an input to the layer's output, and from there to the logits."""
    graph = Tracer(layer).trace(network)
    calls = [node for node in graph.nodes if node.op == "call_module" and node.target == layer]
    if len(calls) != 1:
        fail(f"the layer {layer} is called {len(calls)} times; --layer must name one that is called once")
    [cut] = calls
    below, above = fx.Graph(), fx.Graph()
    copies = {}
    for node in graph.nodes:
        copies[node] = below.node_copy(node, copies.__getitem__)
        if node is cut:
            break
    below.output(copies[cut])
    after = {cut: above.placeholder("activations")}
    for node in list(graph.nodes)[list(graph.nodes).index(cut) + 1 :]:
        if node.op == "get_attr" or set(node.all_input_nodes) <= set(after):
            after[node] = above.node_copy(node, after.__getitem__)
        else:
            fail(f"a path goes around the layer {layer}; --layer must name one that everything goes through")
    return fx.GraphModule(network, below), fx.GraphModule(network, above)


class Split(nn.Module):
    def __init__(self, below, above):
        super().__init__()
        self.below = below
        self.above = above

    def features(self, x):
        return self.below(x)

    def head(self, activations):
        return self.above(activations)

    def forward(self, x):
        return self.head(self.features(x))


class Whole(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x)


@torch.no_grad()
def script(network, layer, x):
    """The program, and the methods that it has beside forward."""
    if layer is None:
        return torch.jit.trace(Whole(network).eval(), x, check_trace=False), []
    module = Split(*split(network, layer)).eval()
    methods = {"forward": x, "features": x, "head": module.features(x)}
    return torch.jit.trace_module(module, methods, check_trace=False), ["features", "head"]


def difference(found, expected):
    return float((found - expected).abs().max() / expected.abs().max())


@torch.no_grad()
def check(program, methods, network, size):
    """Whether the program answers as the network does, for batches of other sizes than it was traced with."""
    worst = 0.0
    for batch in (1, 5):
        x = torch.randn(batch, 3, size, size)
        expected = network(x)
        worst = max(worst, difference(program(x), expected))
        if methods:
            worst = max(worst, difference(program.head(program.features(x)), expected))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", choices=["torchvision", "timm"])
    parser.add_argument("name", help="as torchvision.models.list_models() or timm.list_models() has it")
    parser.add_argument("file", help="the TorchScript file to write")
    parser.add_argument("--weights", default="DEFAULT", help="DEFAULT, random, or a file with a state dict")
    parser.add_argument("--classes", type=int, help="classes of a network that was trained on others than the published one")
    parser.add_argument("--size", type=int, help="height and width of an input, in pixels; the published ones without it")
    parser.add_argument("--layer", help="path of the layer that Grad-CAM reads; none: without features and head")
    parser.add_argument("--freeze", action="store_true", help="fold constants and batch norms")
    parser.add_argument("--seed", type=int, default=1, help="of random weights")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    network, preparation = create(arguments)
    size = preparation["size"]
    x = torch.randn(2, 3, size, size)
    with torch.no_grad():
        layer = arguments.layer or last_map(network, x)
    layer = None if layer == "none" else layer
    program, methods = script(network, layer, x)
    if arguments.freeze:
        program = torch.jit.freeze(program.eval(), preserved_attrs=methods)
    worst = check(program, methods, network, size)
    if not worst <= TOLERANCE:
        fail(f"the program's logits differ from the network's by {worst:.1e} of the largest, where {TOLERANCE} is allowed")
    program.save(arguments.file)
    print(f"# {arguments.library}'s {arguments.name}; logits differ by {worst:.1e} of the largest; Grad-CAM reads {layer}")
    print(f"[images]\nresize = {preparation['resize']}\ncrop = {size}\ninterpolation = \"{preparation['interpolation']}\"\n")
    print(f'[networks.{arguments.name.split(".")[0]}]\narchitecture = "torchscript"\nweights = "{arguments.file}"')
    print(f"mean = {list(preparation['mean'])}\nstd = {list(preparation['std'])}\ninput_size = {size}")


if __name__ == "__main__":
    main()
