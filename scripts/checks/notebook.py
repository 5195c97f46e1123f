"""Runs the cells of docs/analysis.ipynb, one after another, on the study of the folder ARTIFACTS (artifacts).

    ARTIFACTS=artifacts-scenes .venv/bin/python scripts/checks/notebook.py

The notebook is kept without outputs, so that a change shows what changed. Ends with status 1 where a cell fails or has outputs.
"""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "analysis.ipynb"


def main():
    os.environ["ARTIFACTS"] = str((ROOT / os.environ.get("ARTIFACTS", "artifacts")).resolve())
    os.environ["MPLBACKEND"] = "agg"
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    if any(cell["outputs"] or cell["execution_count"] for cell in cells):
        sys.exit("docs/analysis.ipynb has outputs: clear them before you commit it")
    names = {}
    for place, cell in enumerate(cells, 1):
        exec(compile("".join(cell["source"]), f"{NOTEBOOK.name}, cell {place}", "exec"), names)
    print(f"notebook: {len(cells)} cells ran")


if __name__ == "__main__":
    main()
