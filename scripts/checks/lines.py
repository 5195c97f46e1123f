#!/usr/bin/env python3
"""Counts the lines of crates/, tests/ and scripts/, of the product and of tests apart, and lists long files of the product.

    python3 scripts/checks/lines.py [FOLDER] [--longest 600]

FOLDER is a checkout of the repository; unless given, this one. Test lines are those of items under #[cfg(test)] and of the files that such
modules lie in, of everything below tests/, and of scripts whose names contain `test`. data/scenes is a workspace of its own and is not counted.
"""

import argparse
import re
from collections import Counter
from pathlib import Path

FOLDERS = ("crates", "benches", "tests", "scripts")
ENDINGS = {".rs", ".py", ".sh", ".js", ".mjs", ".css", ".html"}
# Those of npm.
FOREIGN = {"node_modules"}
ATTRIBUTE = re.compile(r"\s*#!?\[")
MODULE = re.compile(r"(?:pub(?:\([a-z: ]+\))? )?mod (\w+);")


def end_of_item(lines, start):
    """The line after the item that starts at a line with an attribute, in code as rustfmt lays it out."""
    place = start
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    while place < len(lines) and ATTRIBUTE.match(lines[place]):
        while not lines[place].rstrip().endswith("]"):
            place += 1
        place += 1
    if lines[place].rstrip().endswith(("{", "(", "[", "=")):
        while place < len(lines) and not re.match(rf"{indent}[}})\]]", lines[place]):
            place += 1
    else:
        while not lines[place].rstrip().endswith((";", "}", ",")):
            place += 1
    return place + 1


def test_lines(lines):
    """How many lines of a file are under #[cfg(test)], and the modules there that lie in files of their own."""
    count, modules, place = 0, [], 0
    while place < len(lines):
        if lines[place].strip() != "#[cfg(test)]":
            place += 1
            continue
        end = end_of_item(lines, place)
        found = MODULE.fullmatch(lines[end - 1].strip())
        if found:
            modules.append(found[1])
        count += end - place
        place = end
    return count, modules


def modules_folder(path):
    """Where the files of a file's modules lie."""
    return path.parent if path.stem in ("lib", "main", "mod") else path.with_suffix("")


def count(root):
    """Product and test lines of each file below a folder."""
    found, tests = {}, set()
    paths = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in ENDINGS)
    for path in paths:
        if not FOREIGN.isdisjoint(path.parts):
            continue
        lines = path.read_text().splitlines()
        own, modules = test_lines(lines) if path.suffix == ".rs" else (0, [])
        tests |= {modules_folder(path) / module for module in modules}
        found[path] = [len(lines) - own, own]
    for path, numbers in found.items():
        inside = {path.with_suffix(""), *path.parents}
        relative = path.relative_to(root)
        if relative.parts[0] == "tests" or not inside.isdisjoint(tests) or "test" in path.name.split(".")[:-1] or path.stem == "tests":
            found[path] = [0, sum(numbers)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--longest", type=int, default=600, help="product lines of a file that is not listed")
    chosen = parser.parse_args()
    found = count(chosen.folder)
    product, tests = Counter(), Counter()
    for path, (own, test) in found.items():
        folder = path.relative_to(chosen.folder).parts[0]
        product[folder] += own
        tests[folder] += test
    print(f"{'':<10} {'product':>8} {'tests':>8} {'all':>8}")
    for folder in FOLDERS:
        print(f"{folder:<10} {product[folder]:>8} {tests[folder]:>8} {product[folder] + tests[folder]:>8}")
    print(f"{'all':<10} {product.total():>8} {tests.total():>8} {product.total() + tests.total():>8}")
    for path, (own, _) in sorted(found.items(), key=lambda item: -item[1][0]):
        if own > chosen.longest:
            print(f"{own:>6} lines of the product in {path.relative_to(chosen.folder)}")


if __name__ == "__main__":
    main()
