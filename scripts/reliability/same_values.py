"""A second opinion on damage that the store reads as the same values: polars compares the damaged files with the whole ones.

    .venv/bin/python scripts/reliability/same_values.py DAMAGED WHOLE    folders with files of the same names

Prints how many are equal, how many polars cannot read, and the names of those that differ; the exit status is 1 if one does.
`make check-latest` makes the virtual environment; corruption.py runs this where there is one.
"""

import sys
from pathlib import Path

import polars


def compare(damaged, whole):
    """`equal`, `unreadable` or `different`; an error of the second reader is no wrong value."""
    try:
        found = polars.read_parquet(damaged)
    except BaseException:  # polars reports some damaged files by a panic, which is no Exception
        return "unreadable"
    return "equal" if found.equals(polars.read_parquet(whole), null_equal=True) else "different"


def main():
    """Compares all files of two folders."""
    damaged, whole = map(Path, sys.argv[1:])
    opinions = {path.name: compare(path, whole / path.name) for path in sorted(damaged.glob("*.parquet"))}
    for opinion in ("equal", "unreadable", "different"):
        print(f"{opinion} {list(opinions.values()).count(opinion)}")
    different = [name for name, opinion in opinions.items() if opinion == "different"]
    print(*different, sep="\n", end="")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
