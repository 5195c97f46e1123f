"""Times LIME beside the lime package and captum, end to end from a crop to the weights, Grad-CAM beside pytorch-grad-cam, and integrated gradients
beside captum, in turns.

    python3 scripts/benchmarks/explanations.py target/release/examples [--rounds 5] [--samples 1000] [--networks alexnet]

Full-width networks with seeded random weights; both sides load the network and ask it once before the clock starts. The lime package is called as in its
tutorial for PyTorch: batches of 10, quickshift(4, 200, 0.2), its default feature selection switched off; captum with the same superpixels, kernel and ridge
regression, in batches of 16; a peer asks once for each sample. Integrated gradients takes 50 steps; captum gets the batch of 10, 25 or 50 with which it is
fastest on the first image, found before the clock starts. Every round is of another image, the same one for all sides, because the passes of `mixed`
differ by image. Prints our forward passes (median, smallest and largest), the median seconds, the ratio of medians
(above 1: ours is faster) with the smallest and the largest ratio of a round, and the largest resident memory of each process.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from common import measured, spread

ROOT = Path(__file__).parents[2]
IMAGES = sorted((ROOT / "data" / "images").glob("*.png"))
NETWORKS = ("resnet50", "alexnet")
PEERS = ("lime 0.2.0.1", "captum 0.9.0")
METHODS = ("lime", "gradcam", "integrated_gradients")
OURS = (("fp32", "coin"), ("mixed", "coin"), ("mixed", "hadamard"))


def peer(kind, architecture, samples, picture):
    """Runs in a process of its own; prints the seconds of one explanation."""
    import numpy as np
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms

    torch.manual_seed(1)
    network = getattr(torchvision.models, architecture)(weights=None).eval()
    crop = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
    image = np.array(crop(Image.open(picture).convert("RGB")))
    normalise = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    )

    def batch(images):
        return torch.stack([normalise(image) for image in images])

    if kind == "lime":
        from lime.lime_image import LimeImageExplainer
        from skimage.segmentation import quickshift

        def classify(images):
            with torch.no_grad():
                return torch.softmax(network(batch(images)), dim=1).numpy()

        classify(image[None])
        start = time.perf_counter()
        LimeImageExplainer(feature_selection="none", random_state=1).explain_instance(
            image,
            classify,
            top_labels=1,
            num_samples=samples,
            batch_size=10,
            segmentation_fn=lambda image: quickshift(image, kernel_size=4, max_dist=200, ratio=0.2),
        )
    elif kind == "captum":
        from captum._utils.models.linear_model import SkLearnRidge
        from captum.attr import Lime
        from captum.attr._core.lime import get_exp_kernel_similarity_function
        from skimage.segmentation import quickshift

        def probabilities(inputs):
            return torch.softmax(network(inputs), dim=1)

        inputs = batch(image[None])
        with torch.no_grad():
            target = int(network(inputs).argmax())
            start = time.perf_counter()
            segments = torch.from_numpy(quickshift(image, kernel_size=4, max_dist=200, ratio=0.2))
            Lime(
                probabilities,
                interpretable_model=SkLearnRidge(alpha=1.0),
                similarity_func=get_exp_kernel_similarity_function("cosine", kernel_width=0.25),
            ).attribute(
                inputs, target=target, feature_mask=segments[None, None], n_samples=samples, perturbations_per_eval=16
            )
    elif kind == "integrated_gradients":
        from captum.attr import IntegratedGradients

        integrated = IntegratedGradients(network)

        def attribute(batch_size):
            start = time.perf_counter()
            integrated.attribute(inputs, target=0, n_steps=50, method="gausslegendre", internal_batch_size=batch_size)
            return time.perf_counter() - start

        inputs = batch([image])
        attribute(10)
        best = min((10, 25, 50), key=attribute)
        start = time.perf_counter()
        for _ in range(samples):
            attribute(best)
    else:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        layer = network.features[11] if architecture == "alexnet" else network.layer4
        cam = GradCAM(network, [layer])
        inputs = batch(np.stack([image] * samples))
        cam(inputs[:1], [ClassifierOutputTarget(0)])
        start = time.perf_counter()
        # One image at a time, as its documentation does; batches are no faster in it.
        for one in inputs:
            cam(one[None], [ClassifierOutputTarget(0)])
    print(json.dumps(time.perf_counter() - start))


def turns(rounds, sides):
    """The seconds and the memory of every side, one after another in each round, which has an image of its own."""
    seconds = {name: [] for name in sides}
    memory = dict.fromkeys(sides, 0.0)
    images = spread(IMAGES, rounds)
    for place in range(rounds):
        image = images[place % len(images)]
        for name, run in sides.items():
            took, resident = run(image)
            seconds[name].append(took)
            memory[name] = max(memory[name], resident)
    return seconds, memory


def passes_of(rounds):
    few, many = min(rounds), max(rounds)
    return f"{few}" if few == many else f"{median(rounds):.0f} ({few} to {many})"


def show(title, peer_name, seconds, memory, passes):
    theirs = seconds[peer_name]
    for name, ours in seconds.items():
        if name == peer_name:
            continue
        ratios = [their / our for their, our in zip(theirs, ours)]
        print(
            f"| {title} | {name} | {passes_of(passes[name])} | {median(ours):.2f} s | {peer_name} | {median(theirs):.2f} s "
            f"| {median(theirs) / median(ours):.2f} | {min(ratios):.2f} to {max(ratios):.2f} "
            f"| {memory[name]:.0f} MiB | {memory[peer_name]:.0f} MiB |",
            flush=True,
        )


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("programs", type=Path)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--samples", type=int, default=1000)
    arguments.add_argument("--images", type=int, default=32, help="images of the Grad-CAM rows")
    arguments.add_argument("--integrated", type=int, default=20, help="images of the rows of integrated gradients")
    arguments.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    arguments.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
    chosen = arguments.parse_args()

    def explain(image, architecture, precision, sampler, passes):
        command = [chosen.programs / "explain", image, architecture, "random", 1, precision, sampler, chosen.samples, 1]
        result, resident = measured(command)
        passes[f"{precision}, {sampler}"].append(result["runs"][0]["passes"])
        return result["runs"][0]["seconds"], resident

    def maps(image, architecture, method, count):
        result, resident = measured([chosen.programs / "maps", image, architecture, count, method])
        return result["seconds"], resident

    def theirs(image, kind, architecture, count):
        return measured([sys.executable, __file__, "--peer", kind, architecture, count, image])

    print("| task | ours | passes | seconds | peer | seconds | ratio | range | our memory | peer's memory |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for architecture in chosen.networks:
        if "lime" in chosen.methods:
            passes = defaultdict(list)
            sides = {"lime 0.2.0.1": lambda image: theirs(image, "lime", architecture, chosen.samples)}
            sides["captum 0.9.0"] = lambda image: theirs(image, "captum", architecture, chosen.samples)
            for precision, sampler in OURS:
                way = f"{precision}, {sampler}"
                sides[way] = lambda image, p=precision, s=sampler: explain(image, architecture, p, s, passes)
            seconds, memory = turns(chosen.rounds, sides)
            for peer_name in PEERS:
                ours = {name: taken for name, taken in seconds.items() if name == peer_name or name not in PEERS}
                show(f"LIME, N = {chosen.samples}, {architecture}", peer_name, ours, memory, passes)
        for method, peer_name, count, passes in (
            ("gradcam", "pytorch-grad-cam 1.5.5", chosen.images, 1),
            ("integrated_gradients", "captum 0.9.0", chosen.integrated, 52),
        ):
            if method not in chosen.methods:
                continue
            sides = {
                peer_name: lambda image: theirs(image, method, architecture, count),
                "fp32": lambda image: maps(image, architecture, method, count),
            }
            title = f"{method}, {count} images, {architecture}"
            show(title, peer_name, *turns(chosen.rounds, sides), {"fp32": [count * passes]})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        kind, architecture, count, picture = sys.argv[2:]
        peer(kind, architecture, int(count), picture)
    else:
        main()
