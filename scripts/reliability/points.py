"""SIGKILL and failing calls at every point of publishing: before each call that changes a file, which is after the one before.

`points` ends a stage as it enters a call, which is then not carried out; `errors` makes the call fail, as a disk that is broken (EIO)
or full (ENOSPC) does. Proves that nothing partial has a final name, what was finished is kept, a failing call ends the stage with
status 4 and a message, and the next run comes to the ids of an undisturbed one.
"""

import shutil
from collections import Counter
from pathlib import Path

import trace
from check import Reference, Tally, files, latest
from study import small, temporary_folder

KILLED_AT = ["openat", "write", "fsync", "renameat2", "rename", "symlink", "mkdir", "unlink", "unlinkat"]
FAILING = {
    "openat": "ENOSPC", "write": "ENOSPC", "fsync": "EIO", "renameat2": "EIO", "rename": "EIO", "symlink": "ENOSPC",
    "mkdir": "ENOSPC",
}
STAGES = ["segment", "infer", "gradcam", "lime", "deletion", "evaluate", "report"]
# The first and the last two are quick, lime publishes from many threads; the others publish as lime does.
DISTURBED = ["segment", "lime", "evaluate", "report"]
DISTURBED_SHORT = ["evaluate"]
# The documented status of a folder that cannot be written.
CANNOT_WRITE = 4
# One thread, so that the number of a call means the same call each time.
ONE_THREAD = {"RAYON_NUM_THREADS": "1"}


class Scene:
    """A stage with the artifacts before it, and what they are after it."""

    def __init__(self, name, study, stage, before, after):
        self.name, self.study, self.stage, self.before = name, study, stage, before
        self.reference = Reference(after)
        # Links are compared by what they lead to, which is the same in a copy.
        self.reference.latest = latest(after)
        self.log = study.folder / "trace.log"
        self.study.restore(before)
        self.traced(None)
        self.calls = trace.read(self.log)

    def traced(self, injected):
        """Runs the stage with a call that is disturbed."""
        return self.study.run(
            self.stage, "-q", before=trace.command(self.log, injected), environment=ONE_THREAD
        )

    def points(self, names, every):
        """Calls to disturb, as name and number; where not every one, then one for each point."""
        found = {}
        for call in self.calls:
            what = trace.place(call, self.study.artifacts)
            if call.name in names and what:
                found.setdefault((call.name, call.number), what)
        if every:
            return sorted(found)
        return sorted({what: point for point, what in sorted(found.items(), reverse=True)}.values())


def scenes(study, folder, every):
    """What is disturbed: stages from the artifacts that they start with, and the swapping of latest/ alone."""
    saved, previous = {}, folder / "artifacts-nothing"
    previous.mkdir()
    study.clear()
    for stage in STAGES:
        finished = study.run("pipeline", "run", stage, "-q")
        if finished.returncode != 0:
            raise RuntimeError(finished.stderr)
        after = folder / f"artifacts-{stage}"
        shutil.copytree(study.artifacts, after, symlinks=True)
        saved[stage] = (previous, after)
        previous = after
    unshown = folder / "artifacts-unshown"
    shutil.copytree(previous, unshown, symlinks=True)
    (unshown / "latest").unlink()
    shutil.rmtree(unshown / "views")
    for stage in DISTURBED if every else DISTURBED_SHORT:
        yield Scene(stage, study, stage, *saved[stage])
    yield Scene("showing latest/", study, "evaluate", unshown, previous)


def run_kills(options):
    """`points`."""
    return disturb(options, KILLED_AT, lambda name: "signal=SIGKILL", after_kill)


def run_errors(options):
    """`errors`."""
    return disturb(options, list(FAILING), lambda name: f"error={FAILING[name]}", after_error)


def disturb(options, names, fault, judge):
    """Each point of each scene once."""
    tally = Tally()
    if not trace.available():
        tally.skipped = "strace is not installed"
        return tally
    met = Counter()
    with temporary_folder() as folder:
        folder = Path(folder)
        study = small(folder / "study")
        for scene in scenes(study, folder, options.every_point):
            for name, number in scene.points(names, options.every_point):
                study.restore(scene.before)
                finished = scene.traced(f"{name}:{fault(name)}:when={number}")
                tally.rounds += 1
                calls = trace.read(scene.log)
                hit = disturbed_calls(calls, study.artifacts, name, number, judge is after_kill)
                met.update(hit)
                tally.faults += len(hit)
                where = f"{scene.name}, call {number} of {name} ({', '.join(hit) or 'not met'})"
                judge(finished, hit, calls, where, tally)
                keeps_finished(scene, calls, where, tally)
                again = study.run("pipeline", "run", scene.stage, "-q")
                tally.require(again.returncode == 0, f"{where}: the next run ended with {again.returncode}: {again.stderr}")
                tally.require("WARN" not in again.stderr, f"{where}: the next run warns: {again.stderr}")
                scene.reference.check_end(study.artifacts, tally, where)
    tally.notes = [f"{what}: {count}" for what, count in sorted(met.items())]
    return tally


def disturbed_calls(calls, artifacts, name, number, killed):
    """The points that were met: of a kill the call that never came back, of errors all that failed."""
    hit = []
    for call in calls:
        if call.name == name and call.number == number:
            what = trace.place(call, artifacts)
            if what and ((call.result == "?") if killed else "(INJECTED)" in call.text):
                hit.append(what)
    return hit


def after_kill(finished, hit, _, where, tally):
    """A stage that was killed cannot say so."""
    tally.require(not hit or finished.returncode != 0, f"{where}: ended with status 0")


def after_error(finished, hit, calls, where, tally):
    """A call that failed is reported, but for the writing of the log and of the index, which are no results."""
    if all(what == "write, logs" or what.endswith(", index") for what in hit):
        return
    # The call of this number may have been the message's, too.
    silenced = any("(INJECTED)" in call.text and call.text.startswith("2<") for call in calls)
    expected = finished.returncode == CANNOT_WRITE and (silenced or "error:" in finished.stderr)
    tally.require(expected, f"{where}: ended with status {finished.returncode}: {finished.stderr[-400:]}")


def keeps_finished(scene, calls, where, tally):
    """Records that were there, or came there in this run, are there; and everything that is there is whole."""
    artifacts = scene.study.artifacts
    records = scene.reference.check_now(artifacts, tally)
    published = {
        call.path[len(str(artifacts)) + 1 :]
        for call in calls
        if call.name == "renameat2" and call.worked and trace.place(call, artifacts) == "renameat2, record"
    }
    for path in sorted((published | set(files(scene.before, "actions"))) - records):
        tally.loss("lost_actions", f"{where}: {path}")
