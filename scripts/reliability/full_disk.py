"""A disk that is full: artifacts/ on a tmpfs of each of many sizes, from one that takes nothing to one that takes all.

Proves that the run ends with status 4 and a message wherever the space, or the number of files, ends, keeps what was finished,
and that after enlarging the disk the next run comes to the ids of an undisturbed one.
"""

import os
import shutil
import subprocess
from pathlib import Path

from check import Tally, files, reference_of
from study import LONGEST_RUN, small, temporary_folder

PAGE = 4096
CANNOT_WRITE = 4
# In a mount namespace of its own, which goes away with it. Messages go to the full disk too, as with `make 2>artifacts/messages`.
SCRIPT = """
set -u
mount -t tmpfs -o "$LIMIT" tmpfs "$ARTIFACTS" || exit 90
if [ -n "$MESSAGES_TOO" ]; then messages=$ARTIFACTS/messages; else messages=$KEPT/messages; fi
"$@" 2>"$messages"
echo $? >"$KEPT/status"
if [ -n "$MESSAGES_TOO" ]; then rm "$messages"; fi
cp -a "$ARTIFACTS" "$KEPT/full" || exit 91
mount -o remount,size=64m,nr_inodes=100000 "$ARTIFACTS" || exit 92
"$@" 2>"$KEPT/messages-after"
echo $? >"$KEPT/status-after"
cp -a "$ARTIFACTS" "$KEPT/whole" || exit 93
"""


def run(options):
    """Fills the disk at options.sizes sizes and half as many numbers of files."""
    tally = Tally()
    with temporary_folder() as folder:
        folder = Path(folder)
        study = small(folder / "study")
        if not may_mount():
            tally.skipped = "only root may mount a small file system"
            return tally
        reference = reference_of(study)
        pages = sum(-(-path.stat().st_size // PAGE) for path in study.artifacts.rglob("*") if path.is_file())
        inodes = sum(1 for _ in study.artifacts.rglob("*"))
        study.clear()
        study.artifacts.mkdir()
        limits = [f"size={size * PAGE}" for size in steps(1, pages, options.sizes)]
        limits += [f"size=64m,nr_inodes={count}" for count in steps(2, inodes, options.sizes // 2)]
        filled = 0
        for number, limit in enumerate(limits):
            kept = folder / "kept"
            kept.mkdir()
            filled += fill(study, reference, kept, limit, "yes" if number % 4 == 3 else "", tally)
            shutil.rmtree(kept)
            tally.rounds += 1
        tally.faults = filled
        takes = f"{pages} pages of {PAGE} bytes and {inodes} files, folders and links"
        tally.notes = [f"the whole study takes {takes}; it did not fit {filled} times"]
    return tally


def may_mount():
    """Whether this user may mount in a namespace of its own."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


def steps(first, last, count):
    """So many numbers from the first to the last, evenly."""
    return sorted({first + (last - first) * index // max(count - 1, 1) for index in range(count)})


def fill(study, reference, kept, limit, messages_too, tally):
    """One size of the disk; whether it was too small."""
    environment = {
        **os.environ, "ARTIFACTS": str(study.artifacts), "KEPT": str(kept), "LIMIT": limit, "MESSAGES_TOO": messages_too
    }
    command = ["unshare", "-m", "bash", "-c", SCRIPT, "bash", *study.command("pipeline", "run", "-q")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST_RUN)
    if done.returncode != 0:
        raise RuntimeError(f"{limit}: {done.stderr}")
    status = int((kept / "status").read_text())
    if not messages_too:
        messages = (kept / "messages").read_text()
        tally.require(status == 0 or "error:" in messages, f"{limit}: status {status} without a message: {messages}")
    tally.require(status in (0, CANNOT_WRITE), f"{limit}: ended with status {status}")
    finished = reference.check_now(kept / "full", tally)
    after = int((kept / "status-after").read_text())
    said = (kept / "messages-after").read_text()
    tally.require(after == 0, f"{limit}: the run on the larger disk ended with {after}: {said}")
    tally.require("WARN" not in said, f"{limit}: the run on the larger disk warns: {said}")
    for path in sorted(finished - set(files(kept / "whole", "actions"))):
        tally.loss("lost_actions", f"{limit}: {path}")
    reference.check_end(kept / "whole", tally, limit)
    return status != 0
