"""Compares the values of two runs of one study: `same_values.py OLD/latest NEW/latest`.

Keys and ids may differ between versions of the programs, and values may not: every number must agree within 1e-6 of the larger one (or of 1).
Exit status 1 where a table or row is missing or a value differs; a row of a
measure that the old run does not know is no difference. Needs pyarrow.
"""
import math
import sys
from pathlib import Path

import pyarrow.parquet as parquet

TABLES = ["scores", "gains", "weights", "complexity", "localization", "sanity", "agreement", "curves", "comparisons", "summaries"]
KEYS = ["image", "network", "partition", "method", "other_method", "run", "other_run", "depth", "order", "replacement", "step", "superpixel",
        "samples", "measure", "kind"]
TOLERANCE = 1e-6


def rows(folder):
    """The rows of a table by their keys, each key with its repetitions."""
    found = {}
    for file in sorted(folder.glob("*.parquet")):
        for row in parquet.read_table(file).to_pylist():
            key = tuple((name, row[name]) for name in KEYS if name in row)
            found.setdefault(key, []).append(row)
    return found


def differs(old, new):
    if isinstance(old, float) and isinstance(new, float):
        return not math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return old != new


def compare(table, old, new):
    """What differs in a table, in words."""
    old, new = rows(old / table), rows(new / table)
    measures = {dict(key).get("measure") for key in old}
    alone = {key for key in old.keys() ^ new.keys() if key in old or dict(key).get("measure") in measures}
    if alone:
        yield f"{table}: {len(alone)} keys are in one run only, such as {next(iter(alone))}"
    count = 0
    for key in old.keys() & new.keys():
        if len(old[key]) != len(new[key]):
            yield f"{table}: {len(old[key])} and {len(new[key])} rows of {key}"
        for before, after in zip(old[key], new[key]):
            count += 1
            for column in before.keys() & after.keys():
                if differs(before[column], after[column]):
                    yield f"{table}, {key}: {column} was {before[column]}, is {after[column]}"
    print(f"{table}: {count} rows compared")


def main():
    old, new = map(Path, sys.argv[1:])
    found = [difference for table in TABLES for difference in compare(table, old, new)]
    print("\n".join(found[:40]))
    sys.exit(f"BROKEN: {len(found)} differences" if found else 0)


main()
