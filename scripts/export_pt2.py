#!/usr/bin/env python3
"""Exports a classifier as .pt2 (torch.export), with its preparation, class names and own answers beside it.

    python3 scripts/export_pt2.py torchvision resnet50 --output resnet50.pt2
    python3 scripts/export_pt2.py timm vit_base_patch16_224 --weights my_state_dict.safetensors --classes 10
    python3 scripts/export_pt2.py timm convnext_tiny --random 1
    python3 scripts/export_pt2.py transformers google/vit-base-patch16-224
    python3 scripts/export_pt2.py my_package.networks:build --size 224 --mean 0.5 0.5 0.5 --std 0.5 0.5 0.5
    python3 scripts/export_pt2.py pt2 exported.pt2 --half --output smaller.pt2

Needs PyTorch 2.8 or later, and torchvision, timm or transformers for their networks. Without --weights and --random, the published weights are
fetched. --weights FILE is a state dict (torch.save or safetensors), read without running code of the file; for transformers, NAME may be the
folder of save_pretrained. module:function is imported from the current folder and called without arguments; it gives the network.

--half stores the large weights as float16, in half the space; the program still computes in float32. `pt2 FILE` takes a file of torch.export
instead of a network, for example to store it again with --half.

The program takes batches of any size. Stack traces, which hold paths of this machine, and example inputs are left out of the archive.
FILE.json beside FILE.pt2 holds what a user of the network needs:

    {"network": "timm vit_base_patch16_224", "weights": "published", "torch": "2.11.0",
     "preparation": {"size": 224, "resize": 248, "crop_fraction": 0.9, "interpolation": "bicubic", "mean": [...], "std": [...]},
     "classes": ["tench", ...],
     "answers": {"seed": 1, "logits": [[...], [...]]}}

`resize` is the length of the shorter side before the crop, or "squash"; `classes` is null where the names are not known. `answers` are the
network's logits for two images that the function `images` makes from the seed, the same in every language.
"""

import argparse
import importlib
import json
import sys
import zipfile
from pathlib import Path

import torch

MOST_IMAGES = 1024
SEED = 1
# Of the largest logit.
TOLERANCE = 1e-4
HALF_TOLERANCE = 1e-2
# Smaller tensors, such as depthwise kernels and biases, stay float32: they take little space, and rounding them costs the most precision.
HALF_FROM = 2**15
IMAGENET = {"size": 224, "crop_fraction": 0.875, "interpolation": "bilinear", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
# What a node carries about the machine that exported it.
TRACES = ("stack_trace", "from_node")


def fail(what):
    sys.exit(f"error: {what}")


def images(count, size, seed):
    """Numbers from -1 to 1 that look random: [count, 3, size, size].

    Number i is w / 2^31 - 1, rounded to 32 bits. With all products modulo 2^32, u = (i + 1) * 2654435761 + seed * 40503 and
    w = (u xor (u >> 15)) * 2246822519.
    """
    index = torch.arange(count * 3 * size * size, dtype=torch.int64)
    mixed = ((index + 1) * 2654435761 + seed * 40503) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 15)) * 2246822519) & 0xFFFFFFFF
    return (mixed.double() / 2**31 - 1).float().reshape(count, 3, size, size)


def export(network, size):
    """The program of a network for batches of any size, without stack traces and example inputs."""
    # A batch of 1 as the example would be taken for the only one.
    batch = torch.export.Dim("batch", min=1, max=MOST_IMAGES)
    exported = torch.export.export(network, (torch.zeros(2, 3, size, size),), dynamic_shapes=({0: batch},))
    return without_traces(exported)


def without_traces(exported):
    for module in exported.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", ()):
            for trace in TRACES:
                node.meta.pop(trace, None)
    exported.example_inputs = None
    return exported


def halved(exported):
    """Stores the large weights as float16, each followed by a conversion to float32."""
    graph, signature = exported.graph_module.graph, exported.graph_signature
    stored = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    for node in inputs:
        name = stored.get(node.name)
        tensor = exported.state_dict.get(name)
        if tensor is None or tensor.dtype != torch.float32 or tensor.numel() < HALF_FROM:
            continue
        with graph.inserting_after(inputs[-1]):
            single = graph.call_function(torch.ops.aten.to.dtype, (node, torch.float32))
        node.replace_all_uses_with(single, delete_user_cb=lambda user, single=single: user is not single)
        single.meta["val"], node.meta["val"] = node.meta["val"], node.meta["val"].half()
        half = tensor.detach().half()
        exported.state_dict[name] = torch.nn.Parameter(half) if isinstance(tensor, torch.nn.Parameter) else half
    graph.lint()
    exported.graph_module.recompile()
    return exported


def read_state(path):
    """A state dict, which training scripts may keep under a key of its own, or of a network that was trained on several GPUs."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    state = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(state.get(key), dict):
            state = state[key]
    return {name.removeprefix("module."): tensor for name, tensor in state.items()}


def resized(preparation):
    """Adds the length of the shorter side before the crop, as timm computes it."""
    return {"resize": int(preparation["size"] / preparation["crop_fraction"])} | preparation


def from_torchvision(name, published, classes):
    from torchvision import models

    options = {"num_classes": classes} if classes else {}
    weights = models.get_model_weights(name).DEFAULT
    if name in ("googlenet", "inception_v3"):
        # Only published weights have had the second head removed.
        options |= {} if published else {"aux_logits": False, "init_weights": True}
    network = models.get_model(name, weights=weights if published else None, **options)
    transforms = weights.transforms()
    size, resize = transforms.crop_size[0], transforms.resize_size[0]
    preparation = {"size": size, "resize": resize, "crop_fraction": size / resize, "interpolation": transforms.interpolation.value}
    preparation |= {"mean": list(transforms.mean), "std": list(transforms.std)}
    return network, preparation, weights.meta["categories"] if published else None


def from_timm(name, published, classes):
    import timm

    options = {"num_classes": classes} if classes else {}
    network = timm.create_model(name, pretrained=published, **options)
    data = timm.data.resolve_model_data_config(network)
    preparation = {"size": data["input_size"][-1], "crop_fraction": data["crop_pct"], "interpolation": data["interpolation"]}
    preparation |= {"mean": list(data["mean"]), "std": list(data["std"])}
    if data.get("crop_mode") == "squash" and data["crop_pct"] == 1:
        preparation["resize"] = "squash"
    names = None
    if published and network.num_classes == 1000:
        known = timm.data.ImageNetInfo()
        names = [known.index_to_description(index) for index in range(1000)]
    return network, preparation, names


def from_transformers(name, published, classes):
    from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageClassification

    options = {"num_labels": classes} if classes else {}
    if published:
        network = AutoModelForImageClassification.from_pretrained(name, **options)
    else:
        network = AutoModelForImageClassification.from_config(AutoConfig.from_pretrained(name, **options))
    # Its answer is a record, of which the logits are needed; the paths of its modules stay.
    answer = network.forward
    network.forward = lambda pixel_values: answer(pixel_values=pixel_values).logits
    processor = AutoImageProcessor.from_pretrained(name)
    size, crop = dict(processor.size), dict(getattr(processor, "crop_size", None) or {})
    side = crop.get("height") or size.get("height") or size.get("shortest_edge")
    resize = size.get("shortest_edge", "squash") if crop or "height" not in size else "squash"
    if isinstance(resize, int) and not crop and getattr(processor, "crop_pct", None):
        resize = int(side / processor.crop_pct)
    preparation = {"size": side, "resize": resize, "crop_fraction": 1.0 if resize == "squash" else side / resize}
    preparation |= {"interpolation": {2: "bilinear", 3: "bicubic"}.get(int(processor.resample), "bilinear")}
    preparation |= {"mean": list(processor.image_mean), "std": list(processor.image_std)}
    labels = network.config.id2label
    named = published and not all(label.startswith("LABEL_") for label in labels.values())
    return network, preparation, [labels[index] for index in range(len(labels))] if named else None


def from_function(path):
    module, function = path.split(":")
    sys.path.insert(0, str(Path.cwd()))
    return getattr(importlib.import_module(module), function)(), dict(IMAGENET), None


def from_pt2(path, published, classes):
    return torch.export.load(path).module(), dict(IMAGENET), None


LIBRARIES = {"torchvision": from_torchvision, "timm": from_timm, "transformers": from_transformers, "pt2": from_pt2}


def create(arguments):
    """The network, its preparation, the names of its classes, and what its weights are."""
    if arguments.random is not None:
        torch.manual_seed(arguments.random)
    published = arguments.weights is None and arguments.random is None
    if ":" in arguments.library:
        network, preparation, classes = from_function(arguments.library)
        weights = "its own"
    else:
        try:
            network, preparation, classes = LIBRARIES[arguments.library](arguments.name, published, arguments.classes)
        except ImportError as error:
            fail(f"{error}; install {arguments.library} (pip install {arguments.library})")
        except (OSError, RuntimeError, ValueError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            if published:
                fail(f"no weights of {arguments.name} ({reason}): give --weights FILE, or --random SEED for a network that has learned nothing")
            fail(f"{arguments.library} cannot make {arguments.name}: {reason}")
        weights = "published" if published else f"random, seed {arguments.random}"
    if arguments.weights:
        network.load_state_dict(read_state(arguments.weights))
        weights = arguments.weights.name
    preparation |= {key: value for key in ("size", "mean", "std") if (value := getattr(arguments, key))}
    if arguments.size:
        # The same share of the picture, unless height and width are squashed.
        preparation = preparation if preparation.get("resize") == "squash" else {k: v for k, v in preparation.items() if k != "resize"}
    if arguments.class_names:
        classes = arguments.class_names.read_text().split("\n")
        classes = classes[:-1] if classes[-1] == "" else classes
    if arguments.library == "pt2":
        return network, resized(preparation), classes, "its own"
    # Networks in half or double precision compute in single precision here.
    return network.float().eval(), resized(preparation), classes, weights


def logits(answer):
    """The tensor in what a network returns: itself, or the first of several."""
    if isinstance(answer, torch.Tensor):
        return answer
    return logits(next(iter(answer.values() if isinstance(answer, dict) else answer)))


@torch.no_grad()
def check(exported, network, size):
    """The largest difference between the program and the network, in logits, for batches of other sizes than the example."""
    program, worst = exported.module(), 0.0
    for batch in (1, 2, 7):
        x = images(batch, size, SEED)
        expected = logits(network(x))
        worst = max(worst, float((logits(program(x)) - expected).abs().max() / expected.abs().max()))
    return worst


def check_private(path):
    """Fails where the archive still names folders of this machine."""
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            content = archive.read(entry) if entry.endswith(".json") else b""
            for folder in (Path(torch.__file__).parent.parent, Path.cwd()):
                if len(folder.parts) > 2 and str(folder).encode() in content:
                    fail(f"{entry} in the archive names the folder {folder} of this machine")


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", help="torchvision, timm, transformers, pt2, or module:function")
    parser.add_argument("name", nargs="?", help="the network, as the library calls it; or a .pt2 file")
    parser.add_argument("--output", type=Path, help="the file to write; NAME.pt2 without it")
    parser.add_argument("--weights", type=Path, help="a file with a state dict")
    parser.add_argument("--random", type=int, metavar="SEED", help="untrained weights, for trying things")
    parser.add_argument("--classes", type=int, help="classes of a network that was trained on others than the published one")
    parser.add_argument("--class-names", type=Path, help="a text file with one name a line")
    parser.add_argument("--size", type=int, help="height and width of an input, in pixels")
    parser.add_argument("--mean", type=float, nargs=3, help="subtracted from values from 0 to 1")
    parser.add_argument("--std", type=float, nargs=3, help="what they are then divided by")
    parser.add_argument("--half", action="store_true", help="store the large weights as float16")
    parser.add_argument("--decompose", action="store_true", help="write fewer kinds of operators (run_decompositions)")
    arguments = parser.parse_args()
    if ":" not in arguments.library and (arguments.library not in LIBRARIES or not arguments.name):
        parser.error("expected torchvision NAME, timm NAME, transformers NAME, pt2 FILE or module:function")
    if arguments.library == "pt2" and (arguments.weights or arguments.random is not None):
        parser.error("a .pt2 file has its own weights: leave --weights and --random out")
    if arguments.weights and arguments.random is not None:
        parser.error("--weights and --random exclude each other")
    name = arguments.name or arguments.library.split(":")[1]
    arguments.output = arguments.output or Path(name.split("/")[-1]).with_suffix(".pt2")
    return arguments


def main():
    arguments = parsed()
    network, preparation, classes, weights = create(arguments)
    size = preparation["size"]
    try:
        exported = without_traces(torch.export.load(arguments.name)) if arguments.library == "pt2" else export(network, size)
    except Exception as error:  # torch.export has no common class of errors
        fail(f"torch.export cannot export it for batches of any size: {str(error).strip().splitlines()[0]}")
    if arguments.decompose:
        exported = without_traces(exported.run_decompositions())
    exported = halved(exported) if arguments.half else exported
    worst, allowed = check(exported, network, size), HALF_TOLERANCE if arguments.half else TOLERANCE
    if not worst <= allowed:
        fail(f"the program's logits differ from the network's by {worst:.1e} of the largest, where {allowed} is allowed")
    torch.export.save(exported, arguments.output)
    check_private(arguments.output)
    with torch.no_grad():
        answers = logits(exported.module()(images(2, size, SEED)))
    if classes is not None and len(classes) != answers.shape[1]:
        fail(f"there are {len(classes)} names of classes, but the network has {answers.shape[1]} logits")
    named = Path(arguments.name).name if arguments.library == "pt2" else arguments.name
    source = arguments.library if ":" in arguments.library else f"{arguments.library} {named}"
    note = {
        "network": source,
        "weights": weights,
        "torch": torch.__version__.split("+")[0],
        "preparation": preparation,
        "classes": classes,
        "answers": {"seed": SEED, "logits": answers.tolist()},
    }
    beside = arguments.output.with_suffix(".json")
    beside.write_text(json.dumps(note, ensure_ascii=False) + "\n")
    print(f"{arguments.output} and {beside}: {source}, weights {weights}, {answers.shape[1]} logits, {worst:.1e} from the network's own")


if __name__ == "__main__":
    main()
