"""Random damage to objects and records: flipped bits, cut and zeroed files, files in each other's place.

Proves that whatever damage changes a value is noticed before a number reaches the report: the file is set aside under damaged/ with
its damaged bytes, a warning names it, it is made again, and ids and numbers are those of the undisturbed run. In each round the records of
the evaluation and the report are removed, so that all that they read is read; in every second round those of the targets and
the surrogates as well, so that the answers of the network are read, too, and damaged only then.

`flips` damages a finished study and removes nothing: one bit in each of 40 objects, in the file's place and with its time of change put back.
The next run must find all of that by itself, and `pipeline verify` must find nothing after it.
"""

import json
import os
import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from check import Tally, files, reference_of, report_tables, sha
from study import REPOSITORY, large, temporary_folder

PAGE = 4096
# Objects with a flipped bit in a round of `flips`.
FLIPPED = 40
# One is enough, and more are a loss; the others show whether they would help.
MOST_RUNS = 60
# The exit status of a run that met damage more often than it tries again.
LOST = 3


def run(options):
    """Damages options.damages files, options.damages_at_once between two runs."""
    tally, chance, done = Tally(), random.Random(options.seed), Counter()
    most_runs = 0
    with temporary_folder() as folder:
        study, reference, saved, unnoticed = finished_study(Path(folder))
        read_when_deep = objects_of(study.artifacts, "perturbations") | objects_of(study.artifacts, "logits")
        while tally.faults < options.damages:
            deep = tally.rounds % 2 == 0
            removed = prepare(study.artifacts, deep)
            open_files = [path for path in both(study.artifacts) if deep or path not in read_when_deep]
            count = min(options.damages_at_once, options.damages - tally.faults)
            damages = damage(study.artifacts, sorted(open_files), count, chance)
            runs, said = repair(study, reference, tally)
            most_runs = max(most_runs, runs)
            where = f"round {tally.rounds}"
            tally.require(runs == 1, f"{where}: it took {runs} calls of `pipeline run` to mend the damage")
            judge(study.artifacts, saved, unnoticed, damages, said, done, where, tally)
            reference.check_end(study.artifacts, tally, where)
            tally.faults += len(damages)
            tally.rounds += 1
            done["records removed, so that more is read"] += removed
            shutil.rmtree(study.artifacts / "damaged", ignore_errors=True)
        opinion = second_opinion(unnoticed, tally)
    tally.notes = [f"{what}: {count}" for what, count in sorted(done.items())]
    tally.notes.append(opinion)
    tally.notes.append(f"at most {most_runs} calls of `pipeline run` until all damage of a round was mended")
    return tally


def run_flips(options):
    """Flips a bit in each of FLIPPED objects of a study that is up to date, options.flips times."""
    tally, chance, done = Tally(), random.Random(options.seed), Counter()
    with temporary_folder() as folder:
        study, reference, saved, unnoticed = finished_study(Path(folder))
        for number in range(options.flips):
            where = f"round {number}"
            objects = sorted(files(study.artifacts, "objects"))
            damages = damage(study.artifacts, objects, FLIPPED, chance, ["flip"], overwrite)
            runs, said = repair(study, reference, tally)
            tally.require(runs == 1, f"{where}: it took {runs} calls of `pipeline run` to recompute what was damaged")
            judge(study.artifacts, saved, unnoticed, damages, said, done, where, tally)
            reference.check_end(study.artifacts, tally, where)
            verified = study.run("pipeline", "verify", "-q")
            tally.require(verified.returncode == 0, f"{where}: `pipeline verify` ended with {verified.returncode}: {verified.stdout}")
            again = study.run("pipeline", "run")
            tally.require("everything is up to date" in again.stderr, f"{where}: the run after that does something: {again.stderr}")
            tally.faults += len(damages)
            tally.rounds += 1
            shutil.rmtree(study.artifacts / "damaged", ignore_errors=True)
        opinion = second_opinion(unnoticed, tally)
    tally.notes = [f"{what}: {count}" for what, count in sorted(done.items())]
    tally.notes.append(opinion)
    return tally


def finished_study(folder):
    """A study that is up to date, its reference, a copy of its artifacts, and a folder for damage that nothing notices."""
    study = large(folder / "study")
    reference = reference_of(study)
    saved, unnoticed = folder / "saved", folder / "unnoticed"
    shutil.copytree(study.artifacts, saved, symlinks=True)
    (unnoticed / "damaged").mkdir(parents=True)
    (unnoticed / "whole").mkdir()
    return study, reference, saved, unnoticed


def second_opinion(unnoticed, tally):
    """What another reader says of the files whose damage was not noticed."""
    reader = REPOSITORY / ".venv" / "bin" / "python"
    if not reader.is_file():
        return "no second reader looked at damage that was not noticed: `make check-latest` installs one"
    script = REPOSITORY / "scripts" / "reliability" / "same_values.py"
    done = subprocess.run(
        [reader, script, unnoticed / "damaged", unnoticed / "whole"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    tally.require(done.returncode == 0, f"polars reads other values where the store noticed nothing: {done.stdout}")
    return "polars on damage that was not noticed: " + ", ".join(done.stdout.splitlines())


def both(artifacts):
    """All objects and records."""
    return files(artifacts, "objects") + files(artifacts, "actions")


def objects_of(artifacts, kind):
    """The objects that actions of a kind made."""
    found = set()
    for path in files(artifacts, f"actions/{kind}"):
        for artifact in json.loads((artifacts / path).read_text())["artifacts"].values():
            found.add(f"objects/{artifact['id'][:2]}/{artifact['id']}.parquet")
    return found


def prepare(artifacts, deep):
    """Removes records, so that what they were made of has to be read; how many."""
    kinds = ["scores", "agreement", "localization", "complexity", "comparisons", "report", *(["targets", "weights"] if deep else [])]
    removed = [path for kind in kinds for path in files(artifacts, f"actions/{kind}")]
    for path in removed:
        (artifacts / path).unlink()
    return len(removed)


def damage(artifacts, paths, count, chance, kinds=("flip", "cut", "zeros", "swap"), write=None):
    """Damages so many different files; what was done to each, with the digest of its damaged bytes."""
    write = write or replace
    left, damages = chance.sample(paths, len(paths)), {}
    while len(damages) < count:
        path = left.pop()
        kind = chance.choice(kinds)
        original = (artifacts / path).read_bytes()
        if kind == "swap" and len(damages) + 2 <= count:
            other = left.pop()
            write(artifacts / path, (artifacts / other).read_bytes())
            write(artifacts / other, original)
            damages[other] = (kind, sha(artifacts / other))
        else:
            kind = "flip" if kind == "swap" else kind
            write(artifacts / path, {"flip": flip, "cut": cut, "zeros": zeros}[kind](original, chance))
        damages[path] = (kind, sha(artifacts / path))
    return damages


def replace(path, data):
    """Other bytes under the same name."""
    path.unlink()
    path.write_bytes(data)
    path.chmod(0o444)


def overwrite(path, data):
    """Other bytes in the same file, which has the time of its former ones."""
    before = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(data)
    path.chmod(0o444)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip(data, chance):
    """One bit."""
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def cut(data, chance):
    """The beginning of the file, or nothing."""
    return data[: chance.choice([0, chance.randrange(len(data)), len(data) - 1])]


def zeros(data, chance):
    """A page of zeros in the file's length."""
    at = chance.randrange(-(-len(data) // PAGE)) * PAGE
    end = min(at + PAGE, len(data))
    return data[:at] + bytes(end - at) + data[end:]


def repair(study, reference, tally):
    """Runs until all is up to date; how often, and all that was said. The report never shows other numbers meanwhile."""
    said = ""
    for number in range(1, MOST_RUNS + 1):
        finished = study.run()
        said += finished.stderr
        if report_tables(study.artifacts) != reference.tables:
            tally.loss("wrong_hits", f"a report showed other numbers after {number} runs")
        if finished.returncode == 0:
            return number, said
        if finished.returncode != LOST:
            tally.require(False, f"a run over damaged files ended with {finished.returncode}: {finished.stderr[-500:]}")
            return number, said
    tally.require(False, f"{MOST_RUNS} runs did not mend the damage: {said[-500:]}")
    return MOST_RUNS, said


def judge(artifacts, saved, unnoticed, damages, said, done, where, tally):
    """Each damaged file was set aside, named and made again, or held the same values."""
    aside = Counter(sha(path) for path in (artifacts / "damaged").glob("*"))
    warnings = "\n".join(line for line in said.splitlines() if "WARN" in line)
    for path, (kind, digest) in sorted(damages.items()):
        part = "object" if path.startswith("objects/") else "record"
        full = artifacts / path
        if not full.exists():
            tally.loss("other_losses", f"{where}: {kind} of {path}: it was not made again")
        elif sha(full) == digest:
            # Its values were read and their id was the one in its name; a record has no such bytes.
            if part == "object" and kind in ("flip", "zeros"):
                done[f"{part}, {kind}: read as the same values"] += 1
                number = sum(1 for _ in (unnoticed / "damaged").iterdir())
                shutil.copy(full, unnoticed / "damaged" / f"{number}.parquet")
                shutil.copy(saved / path, unnoticed / "whole" / f"{number}.parquet")
                replace(full, (saved / path).read_bytes())
            else:
                tally.loss("wrong_hits", f"{where}: {kind} of {path} was not noticed")
        else:
            done[f"{part}, {kind}: noticed and mended"] += 1
            tally.require(aside[digest] > 0, f"{where}: {kind} of {path}: the damaged file is not under damaged/")
            tally.require(os.path.basename(path) in warnings, f"{where}: {kind} of {path}: no warning names it")
