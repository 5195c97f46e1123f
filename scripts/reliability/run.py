#!/usr/bin/env python3
"""Disturbs runs of a study in every way that docs/reliability.md names, and counts what is lost, which must be nothing.

    python3 scripts/reliability/run.py                  everything, in the full form: some 40 minutes
    python3 scripts/reliability/run.py --short          everything, with few rounds of each: minutes
    python3 scripts/reliability/run.py kill --rounds 50 one of them

Needs the programs (`make build`) and Python 3.11; points, errors and order need strace, full_disk needs to be root. What
cannot be done is skipped, and said. The exit status is 0 if nothing was lost.
"""

import argparse
import sys
import time
import traceback

import corruption
import full_disk
import kill
import order
import points
import together
from check import Tally
from study import PROGRAMS

CHECKS = {
    "kill": kill.run,
    "points": points.run_kills,
    "errors": points.run_errors,
    "full_disk": full_disk.run,
    "together": together.run,
    "order": order.run,
    "corruption": corruption.run,
    "flips": corruption.run_flips,
}
FULL = {
    "rounds": 200, "kills_in_a_row": 6, "together": 10, "processes": 8, "damages": 2000, "damages_at_once": 100,
    "flips": 20, "every_point": True, "sizes": 40,
}
SHORT = {
    "rounds": 10, "kills_in_a_row": 6, "together": 1, "processes": 8, "damages": 100, "damages_at_once": 100,
    "flips": 1, "every_point": False, "sizes": 5,
}
COLUMNS = ["what", "rounds", "faults", "wrong hits", "partial files", "lost actions", "other ids", "other", "seconds"]


def read_options():
    """The arguments, with what they leave open taken from the full or the short form."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CHECKS))
    parser.add_argument("--short", action="store_true", help="few rounds of each")
    parser.add_argument("--seed", type=int, default=20261122, help="of moments and damages")
    parser.add_argument("--rounds", type=int, help="of kill: how often it kills")
    parser.add_argument("--together", type=int, help="of together: how often it starts all processes")
    parser.add_argument("--processes", type=int, help="of together")
    parser.add_argument("--damages", type=int, help="of corruption")
    parser.add_argument("--damages-at-once", type=int, help="of corruption: between two runs")
    parser.add_argument("--flips", type=int, help="of flips: how often it damages 40 objects")
    parser.add_argument("--sizes", type=int, help="of full_disk: how many sizes of the disk")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in CHECKS]
    if unknown:
        parser.error(f"there is no check {unknown[0]}: expected {', '.join(CHECKS)}")
    for name, value in (SHORT if options.short else FULL).items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)
    return options


def perform(name, options):
    """One check; a tally also where it broke off."""
    try:
        return CHECKS[name](options)
    except Exception:
        traceback.print_exc()
        tally = Tally()
        tally.loss("other_losses", f"{name} broke off, as reported above")
        return tally


def row(name, tally, seconds):
    """A line of the table."""
    if tally.skipped:
        return [name, "skipped", *["-"] * (len(COLUMNS) - 3), f"{seconds:.0f}"]
    counts = [
        tally.rounds, tally.faults, tally.wrong_hits, tally.partial_files, tally.lost_actions, tally.other_ids,
        tally.other_losses,
    ]
    return [name, *map(str, counts), f"{seconds:.0f}"]


def main():
    """Runs what was asked for and prints the table."""
    options = read_options()
    if not (PROGRAMS / "pipeline").is_file():
        sys.exit(f"{PROGRAMS / 'pipeline'} is missing: run `make build` first")
    rows, notes, failed = [COLUMNS], [], False
    for name in options.names or CHECKS:
        begin = time.monotonic()
        print(f"-- {name}", flush=True)
        tally = perform(name, options)
        rows.append(row(name, tally, time.monotonic() - begin))
        notes += [f"{name}: {note}" for note in ([f"skipped: {tally.skipped}"] if tally.skipped else tally.notes)]
        failed |= tally.failed()
    widths = [max(len(line[column]) for line in rows) for column in range(len(COLUMNS))]
    print()
    for line in rows:
        print("  ".join(cell.ljust(width) if not index else cell.rjust(width) for index, (cell, width) in enumerate(zip(line, widths))))
    print(*notes, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
