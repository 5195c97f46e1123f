"""Times the evaluator, from masks to probabilities, beside what the processor can multiply and add at most, in turns.

    python3 scripts/benchmarks/evaluator.py target/release/examples/throughput [--rounds 5]

Full-width networks with seeded random weights. Prints the median over the rounds of the images a second, with painting and reading and of the network
alone; of the limit, by a probe in the same process; and of the share of the limit, with its smallest and largest. Another process on the machine
lowers what it meets, the network or the probe.
"""

import argparse
import json
import subprocess
from statistics import median

NETWORKS = ("alexnet", "resnet50")
PRECISIONS = ("fp32", "bf16")
BATCHES = "9"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    rows = [(network, precision) for network in NETWORKS for precision in PRECISIONS]
    found = {row: [] for row in rows}
    for _ in range(chosen.rounds):
        for network, precision in rows:
            command = [chosen.program, network, precision, "1", BATCHES]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found[network, precision].append(json.loads(printed))
    print("| network | precision | images/s | the network alone | limit | share | range |\n|---|---|---|---|---|---|---|")
    for (network, precision), rounds in found.items():
        of = {name: [taken[name] for taken in rounds] for name in ("evaluator", "network", "limit", "share")}
        if None in of["limit"]:
            print(f"| {network} | {precision} | {median(of['evaluator']):.1f} | {median(of['network']):.1f} | no probe here | | |")
            continue
        shares = of["share"]
        print(
            f"| {network} | {precision} | {median(of['evaluator']):.1f} | {median(of['network']):.1f} | {median(of['limit']):.1f} "
            f"| {median(shares):.0%} | {min(shares):.0%} to {max(shares):.0%} |"
        )


if __name__ == "__main__":
    main()
