"""What must be true of artifacts/ at any moment, and at the end, by other means than the store's own.

A run that nobody disturbs is the reference. The writer gives the same bytes for the same rows, so an object is right
if its bytes are the reference's; a record is right if its checksum (BLAKE3 in plain Python) is that of its content and it
names the reference's artifacts.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import blake3

# Hold seconds and dates; all other tables of the report are the same again in each run.
TABLES_WITH_TIMES = {"artifacts.csv", "costs.csv", "explanation_costs.csv"}
CHECKSUM_FIELD = b',\n  "checksum": "'
CHECKSUM_END = b'"\n}\n'
SHOWN_LOSSES = 20


@dataclass
class Tally:
    """What a check did and found."""

    rounds: int = 0
    faults: int = 0
    wrong_hits: int = 0
    partial_files: int = 0
    lost_actions: int = 0
    other_ids: int = 0
    other_losses: int = 0
    notes: list = field(default_factory=list)
    losses: list = field(default_factory=list)
    skipped: str = ""

    def loss(self, what, detail):
        """Counts a loss of a kind, and keeps what it was."""
        setattr(self, what, getattr(self, what) + 1)
        self.losses.append(f"{what}: {detail}")
        if len(self.losses) <= SHOWN_LOSSES:
            print(f"LOSS {what}: {detail}", flush=True)

    def require(self, holds, detail):
        """Counts a loss that is of none of the named kinds."""
        if not holds:
            self.loss("other_losses", detail)

    def failed(self):
        """Whether anything was lost."""
        return bool(self.losses)


def files(artifacts, part):
    """Relative paths of the files below a folder of artifacts/, but for temporary ones."""
    paths = []
    for folder, _, names in os.walk(artifacts / part):
        relative = os.path.relpath(folder, artifacts)
        paths += [f"{relative}/{name}" for name in names if not name.startswith(".tmp-")]
    return paths


def temporaries(artifacts):
    """Everything below artifacts/ with a temporary name."""
    found = []
    for folder, folders, names in os.walk(artifacts):
        found += [os.path.join(folder, name) for name in folders + names if name.startswith(".tmp-")]
    return found


def sha(path):
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_record(data):
    """The fields of a record if its checksum is that of its content, else nothing."""
    if not data.endswith(CHECKSUM_END):
        return None
    body, found, rest = data[: -len(CHECKSUM_END)].rpartition(CHECKSUM_FIELD)
    if not found or blake3.hexdigest(body) != rest.decode("ascii", "replace"):
        return None
    return json.loads(data)


def report_tables(artifacts):
    """The numbers of the report: each table's text."""
    folder = artifacts / "report" / "tables"
    return {
        path.name: path.read_text() for path in sorted(folder.glob("*.csv")) if path.name not in TABLES_WITH_TIMES
    }


def latest(artifacts):
    """The names in latest/ with the objects that they lead to."""
    root = artifacts / "latest"
    names = {}
    for folder, _, entries in os.walk(root):
        for name in entries:
            path = Path(folder, name)
            names[str(path.relative_to(root))] = os.path.basename(os.path.realpath(path))
    return names


class Reference:
    """What an undisturbed run of a study gives, and comparisons with it."""

    def __init__(self, artifacts):
        self.objects = {path: sha(artifacts / path) for path in files(artifacts, "objects")}
        self.records = {}
        for path in files(artifacts, "actions"):
            record = read_record((artifacts / path).read_bytes())
            if record is None:
                raise RuntimeError(f"the undisturbed run wrote a record without its checksum: {path}")
            self.records[path] = essence(record)
        self.tables = report_tables(artifacts)
        self.latest = latest(artifacts)
        # Files that were found right, by what changes when they are written again.
        self.right = {}

    def _is_known(self, path, full):
        status = full.stat()
        mark = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
        known = self.right.get(path) == mark
        self.right[path] = mark
        return known

    def check_object(self, artifacts, path, tally):
        """An object has the reference's bytes."""
        if path not in self.objects:
            tally.loss("other_ids", path)
        elif not self._is_known(path, artifacts / path) and sha(artifacts / path) != self.objects[path]:
            self.right.pop(path)
            tally.loss("partial_files", path)

    def check_record(self, artifacts, path, present, tally):
        """A record is whole, names what the reference's names, and all of that is there."""
        if path not in self.records:
            tally.loss("other_ids", path)
            return
        if not self._is_known(path, artifacts / path):
            record = read_record((artifacts / path).read_bytes())
            if record is None:
                self.right.pop(path)
                tally.loss("partial_files", path)
                return
            if essence(record) != self.records[path]:
                self.right.pop(path)
                tally.loss("wrong_hits", f"{path} does not say what the undisturbed run's says")
        for identity in self.records[path]["artifacts"].values():
            name = f"objects/{identity[:2]}/{identity}.parquet"
            if name not in present:
                tally.loss("wrong_hits", f"{path} names {name}, which is not there")

    def check_now(self, artifacts, tally):
        """What holds at any moment; gives the records that there are."""
        # Records first: an object may be published while this looks, and not the other way round.
        records = set(files(artifacts, "actions"))
        objects = set(files(artifacts, "objects"))
        for path in objects:
            self.check_object(artifacts, path, tally)
        for path in records:
            self.check_record(artifacts, path, objects, tally)
        return records

    def check_end(self, artifacts, tally, where):
        """What holds after a run that came to its end."""
        records = self.check_now(artifacts, tally)
        for path in sorted(self.records.keys() - records):
            tally.loss("lost_actions", f"{where}: {path} is not there at the end")
        for path in sorted(self.objects.keys() - set(files(artifacts, "objects"))):
            tally.loss("other_ids", f"{where}: {path} is not there at the end")
        if report_tables(artifacts) != self.tables:
            tally.loss("wrong_hits", f"{where}: the report's tables are not those of the undisturbed run")
        shown = latest(artifacts)
        wrong = sorted(name for name in shown.keys() | self.latest.keys() if shown.get(name) != self.latest.get(name))
        tally.require(not wrong, f"{where}: latest/ is not that of the undisturbed run in {len(wrong)} names: {wrong[:3]}")
        left = temporaries(artifacts)
        tally.require(not left, f"{where}: temporary files are left: {left[:3]}")


def essence(record):
    """What two runs of an action must agree in."""
    return {
        "key": record["key"],
        "preimage": record["preimage"],
        "facets": record["facets"],
        "artifacts": {table: artifact["id"] for table, artifact in record["artifacts"].items()},
    }


def reference_of(study):
    """Runs a study without disturbance, and a second time from nothing, which must give the same."""
    references = []
    for _ in range(2):
        study.clear()
        finished = study.run()
        if finished.returncode != 0:
            raise RuntimeError(f"the undisturbed run ended with status {finished.returncode}:\n{finished.stderr}")
        references.append(Reference(study.artifacts))
    first, second = references
    if (first.objects, first.records, first.tables) != (second.objects, second.records, second.tables):
        raise RuntimeError("two undisturbed runs differ: nothing can be compared with them")
    return second
