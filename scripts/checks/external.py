"""Runs the recipes of docs/external.md with the packages that they are for, on a network with random weights, and judges what they answer.

    target/oracles-venv/bin/python scripts/checks/external.py target/release

Every block of Python in the document runs as it stands there. The answer of pytorch-grad-cam's XGradCAM, whose weights equal Grad-CAM's where the layer feeds
global pooling and one linear layer, must rank superpixels as our own Grad-CAM does.
"""

import csv
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ["key-00", "mug-01"]
STUDY = """
[study]
seed = 7
runs = 1

[images]
folder = "images"
classes = "classes.txt"
require_correct = false

[partitions.squares]
algorithm = "grid"
rows = 4
columns = 3

[networks.small]
architecture = "resnet18"
weights = "small.safetensors"

[methods.gradcam]
kind = "gradcam"

[deletion]
orders = ["most_relevant_first"]
replacements = ["gray"]

[compute]
device = "cpu"
"""
METHODS = {
    "xgradcam": "answers/xgradcam-{network}.npz",
    "gradientshap": "answers/gradientshap-{network}.npz",
    "shap": "answers/shap-{network}-{partition}.npz",
    "saliency": "answers/saliency-{network}.npz",
    "lime": "answers/lime-{network}-{partition}.npz",
}


def network():
    torch.manual_seed(3)
    made = resnet18(num_classes=10)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var.uniform_(0.5, 1.5)
    return made.eval()


def recipes():
    text = (ROOT / "docs/external.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def main(programs):
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("images").mkdir()
        for image in IMAGES:
            Path(f"images/{image}.png").write_bytes((ROOT / f"data/images/{image}.png").read_bytes())
        Path("classes.txt").write_bytes((ROOT / "data/classes.txt").read_bytes())
        made = network()
        save_file({name: value.contiguous() for name, value in made.state_dict().items() if value.dtype.is_floating_point}, "small.safetensors")
        Path("pipeline.toml").write_text(STUDY)
        pipeline = [str(programs / "pipeline"), "--quiet"]
        subprocess.run([*pipeline, "run", "infer"], check=True)
        subprocess.run([*pipeline, "challenge", "challenge"], check=True)
        Path("answers").mkdir()
        values = {"network": made, "name": "small", "layer": made.layer4, "partition": "squares"}
        first, *others = recipes()
        exec(first, values)
        for recipe in others:
            exec(recipe, dict(values))
        sections = "".join(
            f'\n[methods.{name}]\nkind = "external"\nfiles = "{files}"\n' + ("runs = 2\n" if name == "lime" else "")
            for name, files in METHODS.items()
        )
        Path("pipeline.toml").write_text(STUDY + sections)
        subprocess.run([*pipeline, "run"], check=True)
        orders = duckdb.sql(
            "select method, image, list(superpixel order by rank) from 'artifacts/latest/relevances/*.parquet' where run = 0 group by all"
        ).fetchall()
        orders = {(method, image): order for method, image, order in orders}
        for image in IMAGES:
            ours, theirs = orders["gradcam", image], orders["xgradcam", image]
            assert ours == theirs, f"{image}: Grad-CAM ranks {ours}, XGradCAM of pytorch-grad-cam {theirs}"
        assert set(METHODS) <= {method for method, _ in orders}
        with open("artifacts/report/tables/explanation_costs.csv", newline="", encoding="utf-8") as file:
            costs = {row["method"]: row for row in csv.DictReader(file)}
        assert all(costs[name]["source"] == "as declared" for name in METHODS), costs
        print(f"{len(others)} recipes of docs/external.md ran, and their answers were judged")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
