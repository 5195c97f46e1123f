"""The order of system calls, from a trace of a whole run.

Proves of every file that is published: all its bytes are written before its fsync begins, that has ended before the renaming
begins, which replaces nothing, and the fsync of the folder begins after it has ended. Of every record: before it gets its name, the
entry of each of its objects was synced, and that of each folder above it up to artifacts/; so what a record names survives a power
cut if the record does. A run that goes on after a kill is held to the same, and relies on nothing that the killed one may not have synced.
"""

import json
import os
import time
from pathlib import Path

import trace
from check import Tally
from study import kill_group, large, temporary_folder

NEVER = 1 << 62
# Seconds; a run takes several.
KILLED_AFTER = 1


def run(options):
    """Traces a run from nothing, and one that goes on after a kill."""
    tally = Tally()
    if not trace.available():
        tally.skipped = "strace is not installed"
        return tally
    with temporary_folder() as folder:
        study = large(folder)
        log = Path(folder, "trace.log")
        for killed in (False, True):
            study.clear()
            if killed:
                process = study.start("run", "-q")
                time.sleep(KILLED_AFTER)
                kill_group(process)
            finished = study.run(before=trace.command(log))
            tally.require(finished.returncode == 0, f"the traced run ended with {finished.returncode}: {finished.stderr}")
            calls = trace.read(log)
            published = check_files(calls, study.artifacts, tally)
            records = check_records(calls, study.artifacts, published, tally)
            tally.rounds += 1
            tally.faults += int(killed)
            which = "after a kill" if killed else "from nothing"
            tally.notes.append(f"{which}: {len(calls)} calls, {len(published)} files published, {records} of them records")
    return tally


def check_files(calls, artifacts, tally):
    """Follows each file to its final name; the renamings by path."""
    writes, syncs, published = {}, {}, {}
    for call in calls:
        if call.name == "write" and call.worked:
            writes.setdefault(call.path, []).append(call)
        elif call.name == "fsync" and call.worked:
            syncs.setdefault(call.path, []).append(call)
    for call in calls:
        if call.name in ("rename", "renameat2") and call.worked and is_final(call.path, artifacts):
            published[call.path] = call
            faults = [*file_faults(call, writes.get(call.source, []), syncs.get(call.source, []))]
            faults += folder_faults(call, syncs.get(os.path.dirname(call.path), []))
            for fault in faults:
                tally.loss("other_losses", f"line {call.starts}: {fault}: {call.text}")
    return published


def is_final(path, artifacts):
    """Whether it is the final name of an object or a record."""
    return path.startswith((f"{artifacts}/objects/", f"{artifacts}/actions/"))


def file_faults(renaming, writes, syncs):
    """What is wrong before a renaming."""
    if "RENAME_NOREPLACE" not in renaming.text:
        yield "it may replace a file"
    written = sum(int(call.result) for call in writes)
    size = os.path.getsize(renaming.path)
    if written != size:
        yield f"{written} bytes were written of {size}"
    last = max((call.ends for call in writes), default=NEVER)
    if not any(last < sync.starts and sync.ends < renaming.starts for sync in syncs):
        yield "no fsync of the file between its last write and the renaming"


def folder_faults(renaming, syncs):
    """What is wrong after a renaming."""
    if not any(sync.starts > renaming.ends and sync.thread == renaming.thread for sync in syncs):
        yield "no fsync of the folder after the renaming"


def check_records(calls, artifacts, published, tally):
    """Holds each record to the order of what it names; the number of records."""
    synced, made = {}, {}
    for call in calls:
        if call.name == "fsync" and call.worked:
            synced.setdefault(call.path, []).append(call)
        elif call.name == "mkdir" and call.worked:
            made[call.path] = call
    records = [path for path in published if path.startswith(f"{artifacts}/actions/")]
    for path in records:
        for artifact in json.loads(Path(path).read_text())["artifacts"].values():
            name = artifacts / "objects" / artifact["id"][:2] / f"{artifact['id']}.parquet"
            # The entry of the file in its folder, the entry of that in the one above it, and so on.
            for entry in (name, name.parent, name.parent.parent):
                # One that was there before the trace may be that of a writer that died before its fsync.
                maker = published.get(str(entry)) or made.get(str(entry))
                since = maker.ends if maker else 0
                whole = synced.get(str(entry.parent), [])
                if not any(since < sync.starts and sync.ends < published[path].starts for sync in whole):
                    tally.loss(
                        "other_losses", f"line {published[path].starts}: before an fsync of {entry.parent} came {path}"
                    )
    return len(records)
