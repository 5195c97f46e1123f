"""System calls of a program, by strace: reading its log, and making a call fail or be the last one."""

import re
import shutil
from dataclasses import dataclass

# All calls that change files, and openat for those that create them.
CALLS = ["openat", "write", "fsync", "renameat2", "rename", "symlink", "mkdir", "unlink", "unlinkat"]
STARTED = re.compile(r"^(\d+) +(\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
OF_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
RESULT = re.compile(r"\) += (-?\d+|\?)(?: (\w+))?")
TEMPORARY = ".tmp-"


@dataclass
class Call:
    """A system call with the lines of the log where it starts and ends."""

    thread: int
    name: str
    text: str
    starts: int
    ends: int
    # Which call of this name it is in its thread, from 1.
    number: int
    result: str = "?"

    @property
    def path(self):
        """The path that it changes; of two the new one."""
        found = OF_DESCRIPTOR.match(self.text)
        if found:
            return found[1]
        quoted = QUOTED.findall(self.text)
        if not quoted:
            return ""
        return quoted[-1] if self.name in ("renameat2", "rename", "symlink") else quoted[0]

    @property
    def source(self):
        """The old path of a renaming."""
        return QUOTED.findall(self.text)[0]

    @property
    def worked(self):
        """Whether it was carried out without an error."""
        return self.result not in ("?", "-1")


def available():
    """Whether there is strace."""
    return shutil.which("strace") is not None


def command(log, injected=None):
    """The beginning of a command line that traces what follows; `injected` is such as `fsync:error=EIO:when=3`."""
    line = ["strace", "-f", "-y", "-s", "0", "-o", str(log), "-e", "trace=" + ",".join(CALLS)]
    if injected:
        # A signal is not injected into a call that was filtered by the kernel.
        return [*line, "-e", f"inject={injected}"]
    return [*line, "--seccomp-bpf"]


def read(log):
    """The calls of a log, in the order in which they started."""
    calls, running, counts = [], {}, {}
    for number, line in enumerate(log.read_text(errors="replace").splitlines(), 1):
        resumed = RESUMED.match(line)
        if resumed:
            call = running.pop((int(resumed[1]), resumed[2]), None)
            if call:
                call.ends, call.text = number, call.text + resumed[3]
                call.result = result_of(call.text)
            continue
        started = STARTED.match(line)
        if not started:
            continue
        thread, name, text = int(started[1]), started[2], started[3]
        counts[thread, name] = counts.get((thread, name), 0) + 1
        call = Call(thread, name, text, number, number, counts[thread, name])
        if "<unfinished ...>" in text:
            call.text = text.replace("<unfinished ...>", "")
            call.ends = 1 << 60
            running[thread, name] = call
        else:
            call.result = result_of(text)
        calls.append(call)
    return calls


def result_of(text):
    """What a call returned."""
    found = RESULT.search(text)
    return found[1] if found else "?"


def place(call, artifacts):
    """The point of publishing that a call is, in words; none if it changes nothing below artifacts/."""
    if call.name == "openat" and "O_CREAT" not in call.text:
        return None
    path = call.path
    if path == str(artifacts):
        return f"{call.name} of artifacts/"
    if not path.startswith(f"{artifacts}/"):
        return None
    parts = path[len(str(artifacts)) + 1 :].split("/")
    kind = {"objects": "object", "actions": "record", "views": "latest", "reports": "report"}.get(parts[0], parts[0])
    if call.name == "fsync":
        is_file = parts[-1].startswith(TEMPORARY) if kind in ("object", "record") else "." in parts[-1].lstrip(".")
        return f"fsync of the {'file' if is_file else 'folder'}, {kind}"
    return f"{call.name}, {kind}"
