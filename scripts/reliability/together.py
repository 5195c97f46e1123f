"""Many processes over one study at the same time, with `pipeline verify` and `pipeline gc` beside them where there are such commands.

Proves that they end with status 0, without a wrong hit, and with the ids, latest/ and numbers of a run alone.
"""

import threading

from check import Tally, reference_of
from study import large, temporary_folder


def run(options):
    """Starts options.processes runs at once from nothing, options.together times."""
    tally = Tally()
    with temporary_folder() as folder:
        study = large(folder)
        reference = reference_of(study)
        beside = commands_beside(study)
        said = {}
        for _ in range(options.together):
            study.clear()
            runs = [study.start("run", "-q") for _ in range(options.processes)]
            ended = threading.Event()
            watchers = [
                threading.Thread(target=repeat, args=(study, command, ended, said, tally)) for command in beside
            ]
            for watcher in watchers:
                watcher.start()
            for process in runs:
                _, errors = process.communicate()
                tally.require(process.returncode == 0, f"one of {options.processes} runs ended with {process.returncode}: {errors}")
                tally.require("WARN" not in errors, f"one of {options.processes} runs warns: {errors}")
            ended.set()
            for watcher in watchers:
                watcher.join()
            reference.check_end(study.artifacts, tally, f"after {options.processes} runs at once")
            tally.rounds += 1
            tally.faults += options.processes
        listed = ", ".join(f"`{name}` {count} times" for name, count in sorted(said.items())) or "no command beside them"
        tally.notes = [f"{options.processes} runs at once, {listed}"]
    return tally


def commands_beside(study):
    """The commands of this build that may run at any time."""
    commands = [("verify",), ("gc", "--dry-run"), ("gc",)]
    return [command for command in commands if study.offers(command[0])]


def repeat(study, command, ended, said, tally):
    """Runs a command again and again until the runs have ended; it must find nothing wrong."""
    name = " ".join(command)
    while not ended.is_set():
        if not study.artifacts.exists():
            ended.wait(0.01)
            continue
        finished = study.run("pipeline", *command, "-q")
        tally.require(finished.returncode == 0, f"`{name}` ended with {finished.returncode}: {finished.stderr}{finished.stdout}")
        said[name] = said.get(name, 0) + 1
