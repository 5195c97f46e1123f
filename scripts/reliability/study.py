"""A study in a temporary folder: drawn images, the small TorchScript network of the tests, and many quick actions."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAMS = REPOSITORY / "target" / "release"
CLASSES = 7
# Seconds. No run of these studies takes a tenth of it, on a busy machine neither.
LONGEST_RUN = 600

SETTINGS = """\
[study]
seed = 7
runs = {runs}

[images]
folder = "images"
classes = "classes.txt"
resize = 72
crop = 64

[networks.net]
architecture = "torchscript"
weights = "script.pt"

[partitions.coarse]
algorithm = "grid"
rows = 2
columns = 3

[methods.gradcam]
kind = "gradcam"

[methods.lime]
kind = "lime"
samples = 16

[deletion]
orders = ["most_relevant_first"]
replacements = {replacements}

[report]
title = "A study that is disturbed"

[compute]
threads = 1
"""


class Study:
    """A folder with pipeline.toml and all that it names."""

    def __init__(self, folder, images, runs, replacements):
        self.folder = Path(folder)
        self.artifacts = self.folder / "artifacts"
        (self.folder / "images").mkdir(parents=True)
        drawn = sorted((REPOSITORY / "data" / "images").glob("*.png"))
        for image in drawn[:images]:
            shutil.copy(image, self.folder / "images")
        shutil.copy(REPOSITORY / "tests" / "fixtures" / "script.pt", self.folder)
        (self.folder / "classes.txt").write_text("".join(f"class {index}\n" for index in range(CLASSES)))
        listed = "[" + ", ".join(f'"{name}"' for name in replacements) + "]"
        (self.folder / "pipeline.toml").write_text(SETTINGS.format(runs=runs, replacements=listed))

    def command(self, program, *arguments):
        """The command line of a program over this study."""
        return [str(PROGRAMS / program), *arguments, "--config", str(self.folder / "pipeline.toml")]

    def run(self, program="pipeline", *arguments, before=(), environment=None):
        """Runs a program, below another one (`before`) if need be, and waits for it."""
        arguments = arguments or (("run", "-q") if program == "pipeline" else ("-q",))
        return subprocess.run(
            [*before, *self.command(program, *arguments)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=LONGEST_RUN, env={**os.environ, **(environment or {})},
        )

    def start(self, *arguments):
        """Starts `pipeline` with a process group of its own."""
        return subprocess.Popen(
            self.command("pipeline", *arguments),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            start_new_session=True,
        )

    def offers(self, command):
        """Whether this build's `pipeline` has a command."""
        said = subprocess.run([PROGRAMS / "pipeline", "--help"], capture_output=True, text=True).stdout
        return any(line.startswith("  ") and line.split()[:1] == [command] for line in said.splitlines())

    def clear(self):
        """Removes all artifacts."""
        if self.artifacts.exists():
            shutil.rmtree(self.artifacts)

    def restore(self, saved):
        """Puts a copy of artifacts in place of these."""
        self.clear()
        shutil.copytree(saved, self.artifacts, symlinks=True)


def large(folder):
    """A study of 330 actions, which takes some seconds."""
    return Study(folder, images=12, runs=5, replacements=["mean", "black"])


def small(folder):
    """A study of 24 actions of all kinds."""
    return Study(folder, images=2, runs=1, replacements=["mean"])


def temporary_folder():
    """A folder that is removed at the end; below TMPDIR, like all temporary folders."""
    return tempfile.TemporaryDirectory(prefix="reliability-")


def kill_group(process):
    """Ends a process and all that it started with SIGKILL, and waits until none of them runs."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    process.stderr.close()
    while group_runs(process.pid):
        time.sleep(0.002)


def group_runs(group):
    """Whether a process of this group is alive; one that has ended and was not waited for is not."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(its_group) == group and state != "Z":
            return True
    return False
