#!/usr/bin/env python3
"""Runs every case of a folder of inputs that once failed, and prints a table of what its README expects and what was found.

    python3 scripts/checks/cases.py ../shared/cases target/release [--only 01 15]

Each case runs in a copy of its folder, and nothing is left of it. The programs' exit statuses, messages, files and times are compared. Some
checks need more than Python's standard library, and are skipped with the reason where that is missing: pixels need NumPy, Pillow and pyarrow,
rows need pyarrow, weight files in the formats of torch.save need PyTorch. The exit status is 1 where something is not as expected. Where the
folder is not there, nothing runs.
"""

import argparse
import importlib
import json
import math
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unicodedata
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Seconds for a command, which none of the cases needs.
LIMIT = 120
CASES = {}


class Skipped(Exception):
    """Why a check cannot be made here."""


def needs(*modules):
    """These modules; a check without them is skipped."""
    try:
        found = [importlib.import_module(module) for module in modules]
    except ImportError as error:
        raise Skipped(f"{error.name} is not installed") from None
    return found[0] if len(found) == 1 else found


def case(number):
    """Registers the check of a case."""

    def register(check):
        CASES[number] = check
        return check

    return register


class Finished:
    """How a program ended, and what it said."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds
        self.said = out + err

    def short(self):
        """The end of it in a line."""
        if self.status is None:
            return f"no end after {LIMIT} s"
        status = f"signal {-self.status}" if self.status < 0 else f"status {self.status}"
        lines = [line for line in self.said.strip().splitlines() if line.strip()]
        return f"{status}: {lines[0] if lines else 'not a word'}"


class Case:
    """A case that runs in a copy of its folder."""

    def __init__(self, number, folder, programs, copy):
        self.number, self.folder, self.programs, self.copy = number, folder, programs, copy
        self.rows = []

    def path(self, name):
        return self.copy / name

    def command(self, program, arguments):
        return [str(self.programs / program), *map(str, arguments)]

    def run(self, program, *arguments):
        start = time.monotonic()
        try:
            done = subprocess.run(
                self.command(program, arguments),
                cwd=self.copy,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Finished(None, "", "", LIMIT)
        return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - start)

    def init(self, network, *more, config="new.toml"):
        self.path(config).unlink(missing_ok=True)
        known = ["--network", network, "--images", "images", "--classes", "classes.txt", "--config", config]
        return self.run("pipeline", "init", *known, *more)

    def check(self, config="s.toml"):
        return self.run("pipeline", "check", "--config", config)

    def expect(self, expected, ok, found):
        """Notes a row of the table."""
        self.rows.append((self.number, expected, str(found), "yes" if ok else "NO"))

    def says(self, expected, finished, status, *patterns, without=()):
        """Notes whether a program ended so and said all of this, and none of that."""
        said = finished.said
        missing = [pattern for pattern in patterns if not re.search(pattern, said, re.IGNORECASE)]
        unwanted = [pattern for pattern in without if re.search(pattern, said, re.IGNORECASE)]
        statuses = status if isinstance(status, tuple) else (status,)
        ok = finished.status in statuses and not missing and not unwanted and (finished.status == 0 or said.strip())
        found = finished.short()
        if missing:
            found += f" [not said: {', '.join(missing)}]"
        if unwanted:
            found += f" [said: {', '.join(unwanted)}]"
        self.expect(expected, ok, found)

    def attempt(self, expected, check):
        """Makes a check that may be skipped."""
        try:
            check()
        except Skipped as reason:
            self.rows.append((self.number, expected, f"skipped: {reason}", "-"))


def crops(case):
    """The crops that `segment` made, by image."""
    io, image, parquet, numpy = needs("io", "PIL.Image", "pyarrow.parquet", "numpy")
    folder = case.path("artifacts/latest/crops")
    rows = parquet.ParquetDataset(str(folder)).read().to_pylist() if folder.is_dir() else []
    pixels = lambda row: numpy.asarray(image.open(io.BytesIO(row["rgb"])).convert("RGB")).astype(int)
    return {row["image"]: pixels(row) for row in rows}


def pillow(case, name):
    """The crop of an image as Pillow has it."""
    needs("numpy", "PIL")
    sys.path.insert(0, str(case.folder.parent))
    image, common = needs("PIL.Image", "common")
    return common.crop(image.open(case.path("images") / name)).astype(int)


def apart(case, names, refused):
    """Compares crops with Pillow's: those of refused images need not be there."""
    needs("numpy", "PIL", "pyarrow")
    made = crops(case)
    for name in names:
        found = made.get(Path(name).stem)
        if found is None:
            ok = re.search(re.escape(name), refused.said) is not None
            case.expect(f"{name}: Pillow's pixels, or a refusal by name", ok, f"no crop, {'named' if ok else 'not named'}")
            continue
        difference = abs(found - pillow(case, name)).mean()
        case.expect(f"{name}: Pillow's pixels, or a refusal by name", difference < 1.5, f"{difference:.2f} levels apart in the mean")


def images(case):
    return sorted(path.name for path in case.path("images").iterdir())


@case("01")
def jpeg_scans(case):
    done = case.run("segment", "--config", "s.toml", "--quiet")
    case.expect("segment ends, or refuses by name", done.status in (0, 1), done.short())
    case.attempt("the pixels of libjpeg", lambda: apart(case, images(case), done))


@case("02")
def no_gradient(case):
    for network in ["no_grad_head.pt", "one_hot.pt", "int_logits.pt"]:
        done = case.init(network, "--size", 64)
        text = case.path("new.toml").read_text() if case.path("new.toml").exists() else ""
        left_out = "# No Grad-CAM: " in text and '\n[methods.gradcam]' not in text
        refused = done.status == 1 and re.search("gradient|integer|float", done.err) is not None
        case.expect(f"init {network}: a study without Grad-CAM that says why", done.status == 0 and left_out or refused, done.short())
    case.says("check: the head gives no gradient", case.check(), 2, "gradient", "no_grad|detach")
    case.says("look: no crash", case.run("look", "--config", "s.toml"), 0, "gradient")
    case.run("pipeline", "run", "infer", "--config", "s.toml", "--quiet")
    case.says("gradcam: the head gives no gradient", case.run("gradcam", "--config", "s.toml"), 1, "gradient")
    case.says("run: no circle", case.run("pipeline", "run", "--config", "s.toml"), 1, "gradient", "gradcam", without=["run `make deletion`"])


def child_of(parent, name):
    """The process of that name that another one started, once it is there."""
    for _ in range(200):
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                start, _, rest = stat.read_text().rpartition(")")
            except OSError:
                continue
            if start.endswith(f"({name}") and int(rest.split()[1]) == parent:
                return int(stat.parent.name)
        time.sleep(0.05)
    return None


@case("03")
def killed_stage(case):
    if not Path("/proc/self/stat").exists():
        raise Skipped("processes are found in /proc")
    command = case.command("pipeline", ["run", "--config", "s.toml"])
    with subprocess.Popen(command, cwd=case.copy, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        lime = child_of(running.pid, "lime")
        if lime is not None:
            os.kill(lime, signal.SIGKILL)
        out, _ = running.communicate(timeout=LIMIT)
    done = Finished(running.returncode, out, "", 0)
    expected = "run: names the stage, the signal, a cause and what is not done"
    case.says(expected, done, 1, r"stage lime .*signal 9 \(SIGKILL\)", "out of memory", "not done", without=["run `make deletion`"])


@case("04")
def one_output(case):
    # Its README expects a refusal; since then one logit is read as two classes.
    named = "init: one logit counts as two classes, which one name does not do for"
    case.says(named, case.init("net.pt", "--size", 64), 1, "one logit", "two classes")
    case.says("check: the same", case.check("my.toml"), 2, "one logit", "two classes")
    case.path("classes.txt").write_text("negative\npositive\n")
    case.says("run: with two names it runs", case.run("pipeline", "run", "--config", "my.toml", "--quiet"), 0)
    parquet = needs("pyarrow.parquet")
    found = parquet.read_table(str(case.path("artifacts-my") / "latest" / "curves")).column("probability").to_pylist()
    case.expect("probabilities differ, and none is 1", max(found) < 1 and len(set(found)) > 1, f"{min(found)} to {max(found)}")


def rows_of(case, latest):
    """The tables of which pyarrow reads fewer rows by folder than by file."""
    parquet = needs("pyarrow.parquet")
    lost = []
    for folder in sorted(path for path in latest.iterdir() if path.is_dir()):
        files = sum(parquet.read_metadata(file).num_rows for file in folder.glob("*.parquet"))
        whole = parquet.read_table(str(folder)).num_rows
        if whole != files:
            lost.append(f"{folder.name} ({whole} of {files})")
    case.expect("a folder has as many rows as its files, by pyarrow", not lost, f"lost in {', '.join(lost)}" if lost else "all rows")


@case("05")
def hidden_names(case):
    done = case.init("_best.pt", "--size", 64, "--samples", 32, "--runs", 2)
    case.says("init: a network's file may begin with _", done, 0)
    for config in ["new.toml", "my.toml"]:
        text = case.path(config).read_text()
        grid = 'algorithm = "grid"\nrows = 3\ncolumns = 3\n'
        case.path(config).write_text(re.sub(r'algorithm = "\w+"\n(rows = 3\ncolumns = 3\n)?', grid, text))
        done = case.run("pipeline", "run", "--config", config, "--quiet")
        case.says(f"run {config}", done, 0)
        latest = case.path(f"artifacts-{Path(config).stem}/latest")
        hidden = [str(path.relative_to(latest)) for path in latest.glob("*/[_.]*")] if latest.is_dir() else ["no latest/"]
        case.expect("no file of latest/ begins with _ or .", not hidden, ", ".join(hidden[:3]) or "none does")
        if latest.is_dir():
            case.attempt("a folder has as many rows as its files, by pyarrow", partial(rows_of, case, latest))


@case("06")
def absolute_labels(case):
    rows = "".join(f"{case.path('images')}/{name}.png,{label}\n" for name, label in [("a", 1), ("b", 2)])
    case.path("labels.csv").write_text("path,label\n" + rows)
    for config in ["s.toml", "t.toml"]:
        finished = [case.check(config), case.check(case.path(config))]
        same = finished[0].status == finished[1].status
        lost = any("there is no image" in done.said or "has no label for" in done.said for done in finished)
        found = " | ".join(done.short() for done in finished)
        case.expect(f"check {config}: labels match, however --config is spelled", same and not lost, found)


@case("07")
def premultiplied(case):
    done = case.run("segment", "--config", "s.toml", "--quiet")
    case.says("segment", done, (0, 1))
    case.attempt("the same picture over white", lambda: apart(case, images(case), done))


@case("08")
def float_tiff(case):
    done = case.run("segment", "--config", "s.toml", "--quiet")
    case.says("segment: values outside 0 to 1 and integers of 32 bits are refused by name", done, 1, "float_0_to_255", "uint32_rgb")
    names = {path.stem for path in case.path("artifacts/latest/crops").glob("*.parquet")}
    case.expect("the one from 0 to 1 is cut, and no other", names == {"float_0_to_1"}, ", ".join(sorted(names)) or "none")


@case("10")
def byte_order_mark(case):
    case.says("check: the mark is no part of the first class", case.check(), 0)
    case.says("run", case.run("pipeline", "run", "infer", "--config", "t.toml", "--quiet"), (0, 2))

    def label():
        parquet = needs("pyarrow.parquet")
        folder = case.path("artifacts/latest/targets")
        rows = parquet.read_table(str(folder)).to_pylist() if folder.is_dir() else []
        found = rows[0]["true_label"] if rows else None
        case.expect("the label is `cat`", found == "cat", ascii(found))

    case.attempt("the label is `cat`", label)


FORMATS = {"F16": "e", "F32": "f"}


def read_weights(path):
    """The tensors of a file of safetensors: name to type, shape and bytes."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    return {name: (entry["dtype"], entry["shape"], body[slice(*entry["data_offsets"])]) for name, entry in header.items()}


def write_weights(path, tensors):
    header, body = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(values)]}
        body += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def resnet50():
    return read_weights(ROOT / "data/networks/resnet50.safetensors")


def doubled(tensors, name):
    """The same with one tensor in 64 bits."""
    dtype, shape, values = tensors[name]
    numbers = struct.unpack(f"<{math.prod(shape)}{FORMATS[dtype]}", values)
    return tensors | {name: ("F64", shape, struct.pack(f"<{len(numbers)}d", *numbers))}


def renamed(tensors, rename):
    return {rename(name): tensor for name, tensor in tensors.items()}


@case("11")
def blame(case):
    write_weights(case.path("doubles.safetensors"), doubled(resnet50(), "bn1.running_mean"))
    done = case.init("doubles.safetensors")
    case.says("init: the tensor of 64 bits is named", done, 1, "bn1.running_mean", r"\.float\(\)", without=["alexnet", "other ways"])
    case.expect("init: one process for all that the file may be", done.seconds < 10, f"{done.seconds:.1f} s")
    write_weights(case.path("lightning.safetensors"), renamed(resnet50(), lambda name: f"model.{name}"))
    case.says("init: `model.` is taken off, or named", case.init("lightning.safetensors"), (0, 1), "resnet50|model\\.", without=["alexnet", r"shape \[\]"])
    case.attempt("init: a checkpoint of Lightning", lambda: lightning(case))


def lightning(case):
    torch = needs("torch")
    numpy = needs("numpy")
    kinds = {"F16": "<f2", "F32": "<f4"}
    array = lambda dtype, shape, values: numpy.frombuffer(values, kinds[dtype]).copy().reshape(shape)
    state = {f"model.{name}": torch.from_numpy(array(*tensor)) for name, tensor in resnet50().items()}
    torch.save({"state_dict": state, "pytorch-lightning_version": "2.4.0"}, case.path("lightning.ckpt"))
    case.says("init: a checkpoint of Lightning", case.init("lightning.ckpt"), (0, 1), "resnet50|model\\.", without=["alexnet"])


@case("12")
def prefixes_and_heads(case):
    tensors = resnet50()
    head = {name: tensor for name, tensor in tensors.items() if name.startswith("fc.")}
    body = {name: tensor for name, tensor in tensors.items() if name not in head}
    no_number = {"total_ops": ("F64", [1], struct.pack("<d", 0.0)), "conv1.total_ops": ("F64", [1], struct.pack("<d", 0.0))}
    files = {
        "compiled": (renamed(tensors, lambda name: f"_orig_mod.{name}"), (0, 2), "no problem was found|_orig_mod"),
        "lightning": (renamed(tensors, lambda name: f"model.{name}"), (0, 2), "no problem was found|model\\."),
        "backbone": (body, (2,), "fc\\.weight"),
        "dropout": (body | renamed(head, lambda name: name.replace("fc.", "fc.1.")), (2,), "fc\\.1\\.weight.*export_pt2"),
        "thop": (tensors | no_number, (0, 2), "no problem was found|total_ops"),
    }
    settings = case.path("s.toml").read_text()
    for name, (content, status, said) in files.items():
        write_weights(case.path(f"{name}.safetensors"), content)
        case.path("s.toml").write_text(re.sub(r'weights = "[^"]*"', f'weights = "{name}.safetensors"', settings))
        done = case.check()
        done.err = re.sub(r"\s*\n\s*", " ", done.err)
        done.said = done.out + done.err
        case.says(f"check {name}: works, or says what the file has", done, status, said, without=[r"shape \[\]"])


@case("13")
def long_names(case):
    case.says("check: names would be too long", case.check(), 2, "255")
    done = case.run("pipeline", "run", "--config", "s.toml", "--quiet")
    case.says("run: names would be too long", done, 2, "255")
    made = [folder.name for folder in case.path("artifacts").glob("actions/*")]
    case.expect("run: nothing is computed before", not {"perturbations", "weights", "curves"} & set(made), ", ".join(made) or "nothing was")


@case("15")
def endings(case):
    for ending in ["torchscript", "PT", "jit", "ts", "pth"]:
        network = f"copy.{ending}"
        shutil.copy(case.path("net.torchscript"), case.path(network))
        case.says(f"init {network}: a program by its content", case.init(network, "--size", 64), 0, "torchscript with 10 classes")
    done = case.init("exported.pt2", "--size", 64)
    case.says("init exported.pt2: its fixed batch is refused, with the way out", done, 1, "exactly 2 images", "dynamic_shapes")
    done = case.init("model.onnx", "--size", 64)
    case.says("init model.onnx: named, with the way out", done, 1, "ONNX", "export")
    case.expect("init model.onnx: at once", done.seconds < 10, f"{done.seconds:.1f} s")


@case("16")
def small_inputs(case):
    case.says("init: the size is found", case.init("net.pt"), 0, "32 x 32")
    case.says("init --size 32", case.init("net.pt", "--size", 32), 0, "32 x 32")
    case.says("check", case.check("new.toml"), 0)
    text = case.path("new.toml").read_text() if case.path("new.toml").exists() else ""
    case.path("new.toml").write_text(text.replace("runs = 10", "runs = 2").replace("samples = 1000", "samples = 32"))
    case.says("run at 32 x 32 pixels", case.run("pipeline", "run", "--config", "new.toml", "--quiet"), 0)


@case("17")
def other_endings(case):
    case.says("check: .jfif and .jpe are read, and the others counted", case.check(), 0, "3 images", "gif", "heic", "avif")


@case("19")
def in_place_head(case):
    case.says("check: Grad-CAM works, or the message is not about the size", case.check(), (0, 2), without=["crop"])
    done = case.run("pipeline", "run", "gradcam", "--config", "s.toml", "--quiet")
    case.says("gradcam works", done, 0)


@case("20")
def load_errors(case):
    expected = {
        "fixed_batch_1.pt": (1, "at a time|batch"),
        "grey.pt": (1, "channel"),
        "nhwc.pt": (1, "channels.?last|last axis|permute"),
        "half.pt": (1, "float16|half"),
        "quantized.pt": (1, "quanti"),
        "dynamic_quantized.pt": ((0, 1), "no Grad-CAM|quanti"),
        "per_image_standardised.pt": (0, "10 classes"),
        "whole_module.pt": (1, "state_dict|torch\\.jit"),
    }
    for network, (status, said) in expected.items():
        done = case.init(network, "--size", 64)
        case.says(f"init {network}: what is wrong, or works", done, status, said, without=["crop", "--size", "frame #0"])
        text = case.path("new.toml").read_text() if case.path("new.toml").exists() else ""
        if "# No Grad-CAM" in text:
            case.expect(f"init {network}: the comment has no trace of C++", "frame #0" not in text, re.search("# No Grad-CAM.*", text)[0][:100])


@case("21")
def unicode_forms(case):
    decomposed = unicodedata.normalize("NFD", "Grüße")
    case.path("images/image.png").rename(case.path(f"images/{decomposed}.png"))
    for config in ["s.toml", "t.toml"]:
        same = "names are the same in every form of Unicode, or the message says so"
        case.says(f"check {config}: {same}", case.check(config), (0, 2), "no problem was found|unicode|NFC|NFD|gets each of the study's")


@case("22")
def line_breaks(case):
    case.path("images/a.png").rename(case.path("images/a\nrequire_correct = true #.png"))
    done = case.init("net.pt", "--size", 64, "--samples", 32, "--runs", 2)
    case.says("init", done, 0)
    text = case.path("new.toml").read_text() if case.path("new.toml").exists() else ""
    case.expect("a line break in a name is escaped", r"a\nrequire_correct" in text, "escaped" if r"a\nrequire" in text else "not escaped")
    case.expect("no key is set by a name", not re.search("^require_correct", text, re.MULTILINE), "as expected" if text else "no file")
    case.says("check", case.check("new.toml"), 0)


@case("23")
def all_dropped(case):
    case.says("check: all images would be dropped, and why", case.check(), 2, "2 images", "count from 1")
    case.says("run: no image is left, and why", case.run("pipeline", "run", "--config", "s.toml"), 2, "no image is left", "count from 1")
    case.says("run again", case.run("pipeline", "run", "--config", "s.toml"), 2, "no image is left")
    done = case.init("net.pt", "--size", 64, "--labels", "labels.csv")
    case.says("init: the labels count from 1?", done, 0, "count from 1")


@case("26")
def softmax_inside(case):
    case.says("check: a softmax is in the network, and what to do", case.check(), (0, 2), "softmax", "tiny|net\\.pt", without=["without\\.pt"])
    case.says("init: a softmax is in the network", case.init("net.pt", "--size", 64), (0, 1), "softmax")
    case.says("init: none is in the other one", case.init("without.pt", "--size", 64), 0, without=["softmax"])


@case("27")
def many_superpixels(case):
    done = case.run("pipeline", "plan", "--config", "s.toml")
    case.says("plan: an estimate is no upper bound", done, 0, "forward passes", without=["at most"])
    done = case.run("pipeline", "run", "lime", "--config", "s.toml")
    case.says("run: 32 samples are fewer than 4096 superpixels", done, 0, "4096", "32 samples")
    case.expect("run lime: a fit takes no minutes", done.status == 0 and done.seconds < 60, f"{done.seconds:.1f} s")


def run_case(number, folder, programs):
    """The rows of a case."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy)
        # The originals may be read-only.
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        running = Case(number, folder, programs, copy)
        running.attempt(folder.name[3:], lambda: CASES[number](running))
        return running.rows


def print_row(row):
    widths = (4, 68, 100, 3)
    cells = [cell if len(cell) <= width else f"{cell[: width - 3]}..." for cell, width in zip(row, widths)]
    print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", type=Path, help="folder of the cases")
    parser.add_argument("programs", type=Path, help="folder of the built programs")
    parser.add_argument("--only", nargs="+", metavar="NN", help="numbers of cases")
    arguments = parser.parse_args()
    if not arguments.cases.is_dir():
        print(f"cases: skipped: there is no folder {arguments.cases}")
        return
    folders = {folder.name[:2]: folder.resolve() for folder in sorted(arguments.cases.glob("[0-9][0-9]-*"))}
    rows = []
    print_row(("case", "expected", "found", "ok"))
    for number, folder in folders.items():
        if arguments.only and number not in arguments.only:
            continue
        if number in CASES:
            found = run_case(number, folder, arguments.programs.resolve())
        else:
            found = [(number, folder.name[3:], "no check is written for it", "NO")]
        for row in found:
            print_row(row)
        rows += found
    failed = sum(row[-1] == "NO" for row in rows)
    skipped = sum(row[-1] == "-" for row in rows)
    print(f"cases: {len(rows)} checks, {failed} not as expected, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
