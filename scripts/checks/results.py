"""Checks the README's table of results against docs/results.csv, and that file against the default study where it has been run.

    python3 scripts/checks/results.py             compares
    python3 scripts/checks/results.py --write     writes docs/results.csv from artifacts/latest

Without artifacts/latest, or without DuckDB (`make check-latest` installs it into .venv), only the README is checked. Numbers may differ from those of
another processor by 0.02: libtorch's last bits do.
"""

import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results.csv"
SUMMARIES = ROOT / "artifacts" / "latest" / "summaries"
TOLERANCE = 0.02
# Names in the README, and in the study.
NAMES = {
    "LIME": "lime",
    "KernelSHAP": "kernelshap",
    "RISE": "rise",
    "Grad-CAM": "gradcam",
    "LayerCAM": "layercam",
    "Integrated Gradients": "integrated_gradients",
    "edges (control)": "edges",
    "random order (control)": "random",
}
NETWORKS = {"EfficientNet-Lite0": "efficientnet_lite0", "MobileNet v2": "mobilenet_v2"}
QUERY = """
    select network, method, round(mean, 2) mean, round(low, 2) low, round(high, 2) high, groups
    from '{}/*.parquet' where measure = 'auc' and "order" = 'most_relevant_first'
    order by network, mean"""


def studied():
    """The rows of the study's own tables; none where they cannot be read."""
    try:
        import duckdb
    except ImportError:
        return None
    if not SUMMARIES.exists():
        return None
    rows = duckdb.sql(QUERY.format(SUMMARIES))
    return [dict(zip(rows.columns, map(str, row))) for row in rows.fetchall()]


def table():
    """Each mean in the README, by network and method."""
    lines = (ROOT / "README.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    [head] = [place for place, found in enumerate(cells) if NETWORKS.keys() <= set(found)]
    columns = cells[head]
    found = {}
    for row in cells[head + 2 :]:
        if len(row) != len(columns):
            break
        for name, cell in zip(columns, row):
            if name in NETWORKS:
                found[NETWORKS[name], NAMES[row[0]]] = re.findall(r"\d+\.\d+", cell)
    return found


def main():
    found = studied()
    if sys.argv[1:] == ["--write"]:
        with RESULTS.open("w") as file:
            writer = csv.DictWriter(file, found[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
        return
    rows = list(csv.DictReader(RESULTS.open()))
    wrong = []
    shown = table()
    for row in rows:
        own = [row["mean"], row["low"], row["high"]]
        numbers = shown.pop((row["network"], row["method"]), None)
        if numbers is None or [float(number) for number in numbers] != [float(number) for number in own]:
            wrong.append(f"README.md: {row['method']} on {row['network']} is {own}, and not {numbers}")
    wrong += [f"README.md: there is no {method} on {network} in docs/results.csv" for network, method in shown]
    if found is None:
        print("results: artifacts/latest is not compared: it is not there, or DuckDB is not")
    else:
        own = {(row["network"], row["method"]): float(row["mean"]) for row in found}
        for row in rows:
            mean = own.get((row["network"], row["method"]))
            if mean is None or abs(mean - float(row["mean"])) > TOLERANCE:
                wrong.append(f"docs/results.csv: {row['method']} on {row['network']} is {mean} in the study, and not {row['mean']}")
    print(*wrong, sep="\n")
    print(f"results: {len(rows)} means, {len(wrong)} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
