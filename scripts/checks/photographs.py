"""Makes a study of two trained ImageNet networks and twenty photographs, and checks that LIME is ahead of random orders.

    python3 scripts/checks/photographs.py target/release ../shared [--samples 200] [--runs 10]

The folder has networks/mobilenet_v1.pt, networks/mobilenet_v2.pt and imagenet20/ (images, labels.csv, classes.txt). The study lies in
target/photographs, so that a second call goes on where the first was stopped. LIME's mean AUC, most relevant first, has to be below random's in both
networks; where Grad-CAM and the edges fall is printed as found. Needs duckdb. Skipped, with a word, where the folder is not there.
"""

import argparse
import csv
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "target/photographs"
STUDY = """# Made by scripts/checks/photographs.py.
[study]
seed = 20261122
runs = {runs}
[images]
folder = "{shared}/imagenet20/images"
labels = "labels.csv"
classes = "classes.txt"
[networks.mobilenet_v1]
architecture = "torchscript"
weights = "{shared}/networks/mobilenet_v1.pt"
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
[networks.mobilenet_v2]
architecture = "torchscript"
weights = "{shared}/networks/mobilenet_v2.pt"
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
[partitions.quickshift]
algorithm = "quickshift"
[methods.gradcam]
kind = "gradcam"
[methods.lime]
kind = "lime"
samples = {samples}
[methods.random]
kind = "random"
orders = {runs}
[methods.edges]
kind = "edges"
[deletion]
orders = ["most_relevant_first"]
"""
AREAS = """
    select network, method, count(distinct image), avg(auc), avg(auc_relative)
    from (select network, method, image, avg(auc) auc, avg(auc_relative) auc_relative from '{folder}/artifacts/latest/scores/*.parquet' group by all)
    group by all order by network, avg(auc)"""


def prepare(arguments):
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(arguments.shared / "imagenet20/labels.csv", newline="") as file:
        labels = [(Path(row["path"]).name, row["class_index"]) for row in csv.DictReader(file)]
    with open(FOLDER / "labels.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("path", "label"), *labels])
    # With numbers, because two classes may have one name: ImageNet has two kinds of crane.
    classes = (arguments.shared / "imagenet20/classes.txt").read_text().splitlines()
    (FOLDER / "classes.txt").write_text("".join(f"{name} ({number})\n" for number, name in enumerate(classes)))
    study = STUDY.format(shared=arguments.shared.resolve(), runs=arguments.runs, samples=arguments.samples)
    (FOLDER / "pipeline.toml").write_text(study)


def check():
    import duckdb

    areas = {}
    for network, method, images, auc, relative in duckdb.sql(AREAS.format(folder=FOLDER)).fetchall():
        areas[network, method] = auc
        print(f"{network}: {method:8} auc {auc:7.3f}, auc_relative {relative:.3f}, {images} images")
    networks = sorted({network for network, _ in areas})
    assert len(networks) == 2, networks
    behind = [network for network in networks if not areas[network, "lime"] < areas[network, "random"]]
    sys.exit(f"BROKEN: LIME is not ahead of random orders on {', '.join(behind)}" if behind else 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=Path, help="folder of the built programs")
    parser.add_argument("shared", type=Path)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--runs", type=int, default=10)
    arguments = parser.parse_args()
    if not (arguments.shared / "networks").is_dir():
        print(f"photographs: skipped, because {arguments.shared} is not there")
        return
    prepare(arguments)
    subprocess.run([arguments.programs.resolve() / "pipeline", "run", "--config", FOLDER / "pipeline.toml"], check=True)
    check()


if __name__ == "__main__":
    main()
