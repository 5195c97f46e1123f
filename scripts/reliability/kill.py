"""SIGKILL at random moments of a run, with everything that it started.

Proves that whatever the moment: no file under a final name is partial, every record that was there is still there, what it
names is there too, the next run needs no help, and the ids in the end are those of a run that nobody disturbed.
"""

import random
import subprocess
import time
from contextlib import suppress

from check import Tally, files, reference_of, temporaries
from study import kill_group, large, temporary_folder


def run(options):
    """Kills options.rounds times; a run that comes to its end is checked and begun anew from nothing."""
    tally, chance = Tally(), random.Random(options.seed)
    with temporary_folder() as folder:
        study = large(folder)
        reference = reference_of(study)
        begin = time.monotonic()
        study.clear()
        study.run()
        usual = time.monotonic() - begin
        study.clear()
        ends = stale = kills_since_end = 0
        while tally.faults < options.rounds:
            begin = time.monotonic()
            before, killed = killed_run(study, chance.uniform(0, usual), tally)
            if not killed and not kills_since_end:
                # How long a run takes changes with what else the machine does.
                usual = time.monotonic() - begin
            if killed:
                tally.faults += 1
                kills_since_end += 1
                stale += len(temporaries(study.artifacts))
                after_kill(study, reference, before, tally)
            if not killed or kills_since_end == options.kills_in_a_row:
                finish(study, reference, before, tally)
                ends, kills_since_end = ends + 1, 0
                print(f"{tally.faults} of {options.rounds} kills", flush=True)
                study.clear()
        finish(study, reference, set(), tally)
        tally.rounds = options.rounds
        tally.notes = [
            f"{len(reference.records)} actions a run, {len(reference.objects)} objects",
            f"{ends + 1} times from empty artifacts to the end, {stale} temporary files left by killed writers and removed by the next",
        ]
    return tally


def killed_run(study, delay, tally):
    """Starts a run and kills it; the records just before, and whether it was killed."""
    process = study.start("run", "-q")
    with suppress(subprocess.TimeoutExpired):
        process.wait(delay)
    before = set(files(study.artifacts, "actions"))
    killed = process.poll() is None
    if not killed:
        tally.require(process.returncode == 0, f"a run after a kill ended with {process.returncode}: {process.stderr.read()}")
    kill_group(process)
    return before, killed


def after_kill(study, reference, before, tally):
    """What was finished is kept, and nothing is there in part."""
    if not study.artifacts.exists():
        return
    records = reference.check_now(study.artifacts, tally)
    for path in sorted(before - records):
        tally.loss("lost_actions", f"{path} was there before the kill")


def finish(study, reference, before, tally):
    """A run to the end, by no other means than starting it."""
    finished = study.run()
    tally.require(finished.returncode == 0, f"the run after a kill ended with {finished.returncode}: {finished.stderr}")
    tally.require("WARN" not in finished.stderr, f"the run after a kill warns: {finished.stderr}")
    records = set(files(study.artifacts, "actions"))
    for path in sorted(before - records):
        tally.loss("lost_actions", f"{path} was there before the last run")
    reference.check_end(study.artifacts, tally, "after kills")
    if study.offers("verify"):
        verified = study.run("pipeline", "verify", "-q")
        tally.require(verified.returncode == 0, f"`pipeline verify` ended with {verified.returncode}: {verified.stderr}")
