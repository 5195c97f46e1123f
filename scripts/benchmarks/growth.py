"""Shows how the cost of an explanation grows: with samples, superpixels, the side of the crop, the batch, threads, and images.

    python3 scripts/benchmarks/growth.py target/release/examples [--rounds 5] [--samples 256]

Each row is the median of the rounds, which take turns, and its ratio to the first row of its group. Networks have seeded random weights at full width.
"""

import argparse
from pathlib import Path
from statistics import median

from common import measured

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "data" / "images" / "mug-00.png"
NETWORKS = ("alexnet", "resnet50")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("programs", type=Path)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--samples", type=int, default=256)
    chosen = arguments.parse_args()

    def explain(network, samples, *options):
        command = [chosen.programs / "explain", IMAGE, network, "random", 1, "fp32", "coin", samples, 1, *options]
        result, memory = measured(command)
        run = result["runs"][0]
        return run["seconds"], len(run["weights"]), memory

    def batches(network):
        """Seconds of as many images in batches of half, once and twice the network's constant."""
        command = [chosen.programs / "throughput", network, "fp32", 1, 3]
        speeds = measured(command)[0]["by_batch"]
        return {batch: chosen.samples / speed for batch, speed in speeds.items()}

    def maps(network, images):
        result, memory = measured([chosen.programs / "maps", IMAGE, network, images])
        return result["seconds"], None, memory

    print("| network | grows | value | superpixels | seconds | ratio | memory |")
    print("|---|---|---|---|---|---|---|")
    for network in NETWORKS:
        by_batch = [batches(network) for _ in range(chosen.rounds)]
        groups = {
            "samples": [(n, lambda n=n: explain(network, n)) for n in (125, 250, 500, 1000)],
            "superpixels, by the kernel": [
                (size, lambda size=size: explain(network, chosen.samples, f"kernel_size={size}")) for size in (8, 4, 2)
            ],
            "side of the crop, pixels": [
                (side, lambda side=side: explain(network, chosen.samples, f"crop={side}")) for side in (112, 224, 336)
            ],
            "batch of the network alone": [
                (batch, lambda batch=batch: (median(taken[batch] for taken in by_batch), None, 0.0)) for batch in by_batch[0]
            ],
            "threads": [(n, lambda n=n: explain(network, chosen.samples, f"threads={n}")) for n in (1, 2)],
            "images of Grad-CAM": [(n, lambda n=n: maps(network, n)) for n in (8, 16, 32, 64)],
        }
        for what, cases in groups.items():
            found = [[] for _ in cases]
            for _ in range(chosen.rounds):
                for results, (_, run) in zip(found, cases):
                    results.append(run())
            first = median(seconds for seconds, _, _ in found[0])
            for results, (value, _) in zip(found, cases):
                seconds = median(seconds for seconds, _, _ in results)
                superpixels = results[0][1] or ""
                memory = max(memory for _, _, memory in results)
                memory = f"{memory:.0f} MiB" if memory else ""
                print(
                    f"| {network} | {what} | {value} | {superpixels} | {seconds:.2f} | {seconds / first:.2f} | {memory} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
