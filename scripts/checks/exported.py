"""Exports networks as TorchScript and sends them through the pipeline beside the same weights in a built-in architecture.

    target/oracles-venv/bin/python scripts/checks/exported.py target/release [--timm]

ResNet-18 with seeded weights, as a state dict, exported, and exported and frozen, is one study of three shipped images: the logits and
Grad-CAM maps of all three have to agree to 1e-4 of the largest. MobileNet v3, whose layers are not built in, goes through all stages beside
them. With --timm so does a network of timm. The networks stand in the study as the exporter prints them. Skipped, with a word, where torch or
torchvision is not there; without timm, only its network is.
"""

import argparse
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "target/exported"
IMAGES = ["mug-00", "key-00", "lamp-01"]
TOLERANCE = 1e-4
STUDY = """
[study]
seed = 1
runs = 1
[partitions.grid]
algorithm = "grid"
rows = 3
columns = 4
[methods.gradcam]
kind = "gradcam"
[methods.lime]
kind = "lime"
samples = 32
[networks.built_in]
architecture = "resnet18"
weights = "resnet18.pth"
[images]
folder = "images"
classes = "classes.txt"
"""


def export(library, name, target, *more):
    """Exports a network; what is printed for [images], and the network's own section under the target's name."""
    script = [sys.executable, ROOT / "scripts/export_torchscript.py", library, name, FOLDER / f"{target}.pt"]
    command = [*script, "--size", "128", "--classes", "10", *more]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    head, found, network = printed.partition(f"[networks.{name}]\n")
    _, known, images = head.partition("[images]\n")
    assert found and known, f"the exporter prints no lines for pipeline.toml:\n{printed}"
    return images, f"[networks.{target}]\n{network}"


def prepare(timm):
    import torch
    import torchvision

    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "images").mkdir(parents=True)
    for image in IMAGES:
        shutil.copy(ROOT / f"data/images/{image}.png", FOLDER / "images")
    (FOLDER / "classes.txt").write_text("\n".join(f"class {number}" for number in range(10)))
    torch.manual_seed(1)
    torch.save(torchvision.models.resnet18(num_classes=10).state_dict(), FOLDER / "resnet18.pth")
    weights = ["--weights", FOLDER / "resnet18.pth"]
    exported = {
        "plain": export("torchvision", "resnet18", "plain", *weights),
        "frozen": export("torchvision", "resnet18", "frozen", *weights, "--freeze"),
        "mobilenet": export("torchvision", "mobilenet_v3_small", "mobilenet", "--weights", "random"),
    }
    if timm and importlib.util.find_spec("timm") is None:
        print("exported: timm's network is skipped, because timm is not there; scripts/oracles/requirements.txt has it")
    elif timm:
        exported["timm"] = export("timm", "regnety_002", "timm", "--weights", "random")
    # All networks of a study see the same crops: those of the one that is compared.
    images, _ = exported["plain"]
    (FOLDER / "pipeline.toml").write_text(STUDY + images + "".join(network for _, network in exported.values()))
    return list(exported)


def rows(table, network, column):
    """A column of lists, by image, read from what `pipeline export` wrote."""
    import duckdb

    query = f"select image, {column} from '{FOLDER}/artifacts/latest/{table}/*.parquet' where network = ?"
    return dict(duckdb.execute(query, [network]).fetchall())


def compare():
    broken = []
    for table, column in [("logits", "logits"), ("saliency", "map")]:
        expected = rows(table, "built_in", column)
        for network in ["plain", "frozen"]:
            found = rows(table, network, column)
            assert found.keys() == expected.keys() and len(found) == len(IMAGES)
            worst = max(
                max(abs(a - b) for a, b in zip(found[image], expected[image], strict=True)) / max(map(abs, expected[image]))
                for image in found
            )
            print(f"{table} of resnet18, {network}: {worst:.1e} of the largest from the built-in architecture's")
            if not worst <= TOLERANCE:
                broken.append(f"{table} of {network}")
    return broken


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=Path, help="folder of the built programs")
    parser.add_argument("--timm", action="store_true")
    arguments = parser.parse_args()
    try:
        names = prepare(arguments.timm)
    except ImportError as error:
        print(f"exported: skipped, because {error.name} is not there; make oracles makes a Python that has it")
        return
    config = FOLDER / "pipeline.toml"
    subprocess.run([arguments.programs.resolve() / "pipeline", "run", "--config", config], check=True)
    for network in ["built_in", *names]:
        curves = list((FOLDER / "artifacts/latest/curves").glob(f"{network}.*.parquet"))
        assert len(curves) == 2 * len(IMAGES), (network, len(curves))
    try:
        broken = compare()
    except ImportError as error:
        sys.exit(f"exported: {error.name} is needed to read the tables")
    sys.exit(f"BROKEN: {', '.join(broken)}" if broken else 0)


if __name__ == "__main__":
    main()
