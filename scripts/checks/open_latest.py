"""Every folder of artifacts/latest opens as a whole, and alike, in DuckDB, pandas and polars.

Compared are row count, column names and the values of the key columns: `run` must be an integer, the other keys text or null,
also where a name looks like a number ('007'). --rows scores=440 also asks for a number of rows, --all for every table.
"""

import argparse
import pathlib
import sys

import duckdb
import pandas
import polars

TABLES = ["crops", "segments", "logits", "targets", "saliency", "perturbations", "weights", "relevances", "curves", "deletions", "scores",
          "gains", "agreement", "needed_samples", "localization", "complexity", "sanity", "stability", "summaries", "comparisons",
          "variance_components", "concordance", "decisions", "separations", "decision_flip", "area_shares", "normalised",
          "deletion_correlation", "sensitivity", "single_deletion", "saco"]
KEYS = {"image": str, "network": str, "partition": str, "method": str, "run": int}


def read_duckdb(folder):
    relation = duckdb.read_parquet(f"{folder}/*.parquet")
    rows = relation.fetchall()
    return {name: [row[index] for row in rows] for index, name in enumerate(relation.columns)}


def read_pandas(folder):
    frame = pandas.read_parquet(folder)
    # A missing text is NaN there.
    return {name: frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns}


def read_polars(folder):
    return polars.scan_parquet(folder).collect().to_dict(as_series=False)


def row_count(columns):
    return len(next(iter(columns.values())))


def key_rows(columns):
    """The rows of the key columns, in one order, comparable whatever the types."""
    return sorted(map(repr, zip(*(columns[key] for key in KEYS if key in columns))))


def problems_of(reader, columns, reference):
    if list(columns) != list(reference):
        yield f"{reader} finds the columns {list(columns)}, DuckDB {list(reference)}"
    if row_count(columns) != row_count(reference):
        yield f"{reader} finds {row_count(columns)} rows, DuckDB {row_count(reference)}"
    for key in KEYS.keys() & columns.keys():
        wrong = [value for value in columns[key] if value is not None and type(value) is not KEYS[key]]
        if wrong:
            yield f"{reader} reads {key} as {type(wrong[0]).__name__} ({wrong[0]!r}), not as {KEYS[key].__name__}"
    if key_rows(columns) != key_rows(reference):
        yield f"{reader} finds other keys than DuckDB"


def check(folder, expected_rows):
    """The number of rows and columns of a folder, and what is wrong with it."""
    reference = read_duckdb(folder)
    problems = list(problems_of("DuckDB", reference, reference))
    for reader, read in (("pandas", read_pandas), ("polars", read_polars)):
        problems += problems_of(reader, read(folder), reference)
    rows = row_count(reference)
    if expected_rows not in (None, rows):
        problems.append(f"it has {rows} rows, not {expected_rows}")
    return rows, len(reference), problems


def table_and_rows(text):
    table, _, rows = text.partition("=")
    return table, int(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("latest", type=pathlib.Path)
    parser.add_argument("--all", action="store_true", help="every table must be there")
    parser.add_argument("--rows", type=table_and_rows, action="append", default=[], metavar="TABLE=ROWS")
    arguments = parser.parse_args()
    expected = dict(arguments.rows)
    present = {folder.name for folder in arguments.latest.iterdir() if folder.is_dir()}
    failed = False
    print(f"{'table':<16}{'files':>8}{'rows':>10}{'columns':>9}  DuckDB {duckdb.__version__}, pandas {pandas.__version__}, polars {polars.__version__}")
    for table in TABLES + sorted(present - set(TABLES)):
        folder = arguments.latest / table
        files = len(list(folder.glob("*.parquet")))
        if not files and not arguments.all and table not in expected:
            print(f"{table:<16}{0:>8}{0:>10}{0:>9}  the study has none")
            continue
        try:
            rows, columns, problems = check(folder, expected.get(table)) if files else (0, 0, ["it has no file"])
        except Exception as error:  # each library has its own errors, and each of them is a finding
            rows, columns, problems = 0, 0, [f"it does not open: {error}"]
        print(f"{table:<16}{files:>8}{rows:>10}{columns:>9}  {'; '.join(problems) or 'opens alike in all three'}")
        failed = failed or bool(problems)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
