"""Checks the programs of this folder on an NVIDIA GPU: see gpu.sh."""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TORCH = "2.11"
STAGES = ("segment", "infer", "gradcam", "lime", "deletion")
# Seconds of one process. None of them takes a fifth of it on a GPU.
LONGEST = 240
# After so many seconds no further speed is measured, so that the whole stays within six minutes.
ENOUGH = 270
# The paper's study asks ResNet-50 so often: 20 images, 10 runs of LIME with 1,000 samples, both removals, and a margin.
PAPER_PASSES = 400_000
# Memory that is left free while batches must be halved.
SCARCE = 2 << 30
# Largest difference of a value on the processor and on the GPU, both in fp32: absolute, or times the largest value.
TOLERANCES = {("logits", "logits"): 1e-4, ("saliency", "map"): 1e-4, ("curves", "probability"): 1e-3}
STANDARD_ERRORS = 2.0
PRECISIONS = ("fp32", "tf32", "bf16")
BUILT_IN = ("resnet50", "alexnet")
PROGRAMS = ("vit_b_16", "efficientnet_b0")

SETTINGS = """\
[study]
seed = 20261122
runs = 2

[images]
folder = "images"
classes = "classes.txt"

[networks.alexnet]
architecture = "alexnet"
weights = "networks/alexnet.safetensors"
width = 0.25

[networks.resnet50]
architecture = "resnet50"
weights = "networks/resnet50.safetensors"
width = 0.25

[partitions.cells]
algorithm = "grid"
rows = 5
columns = 5

[methods.gradcam]
kind = "gradcam"

[methods.lime]
kind = "lime"
samples = 192

[deletion]
orders = ["most_relevant_first"]
replacements = ["mean", "blur"]

[compute]
device = "{device}"
precision = "{precision}"
threads = {threads}
"""


class Missing(Exception):
    """Something that the check needs and this machine lacks."""


def find_torch():
    try:
        import torch
    except ImportError as error:
        raise Missing(f"{sys.executable} has no PyTorch: set PYTHON to one that has PyTorch {TORCH} for CUDA") from error
    if not torch.__version__.startswith(TORCH + "."):
        raise Missing(f"{sys.executable} has PyTorch {torch.__version__}, and the programs need {TORCH}: set PYTHON to a Python with that version")
    return torch


def run(command, environment, **more):
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True, timeout=LONGEST, **more)
    if done.returncode:
        raise RuntimeError(f"{command[0].name} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return done


class Check:
    def __init__(self, torch, folder):
        self.torch = torch
        self.folder = Path(folder)
        self.bin = self.folder / "programs"
        with tarfile.open(HERE / "programs.tar.xz") as archive:
            archive.extractall(self.bin, filter="data")
        libraries = Path(torch.__file__).parent / "lib"
        self.environment = os.environ | {"LD_LIBRARY_PATH": f"{libraries}:{os.environ.get('LD_LIBRARY_PATH', '')}"}
        self.gpu = torch.cuda.is_available()
        self.started = time.monotonic()
        self.threads = min(8, os.cpu_count() or 1)
        self.found = {
            "torch": torch.__version__,
            "gpu": torch.cuda.get_device_name(0) if self.gpu else None,
            "driver_memory": torch.cuda.get_device_properties(0).total_memory if self.gpu else None,
            "threads": self.threads,
            "failures": [],
        }

    def seconds(self):
        return time.monotonic() - self.started

    def study(self, name, device, precision):
        """Runs all stages into a folder of artifacts of their own."""
        config = HERE / "study" / f"{name}.toml"
        text = SETTINGS.format(device=device, precision=precision, threads=self.threads)
        # Paths in a study are relative to its file.
        text = text.replace('folder = "', f'folder = "{HERE}/study/').replace('classes = "', f'classes = "{HERE}/study/')
        config = self.folder / f"{name}.toml"
        config.write_text(text.replace('weights = "', f'weights = "{HERE}/study/'))
        taken = {}
        for stage in STAGES:
            start = time.monotonic()
            run([self.bin / stage, "--config", config, "--artifacts", self.folder / name], self.environment)
            taken[stage] = round(time.monotonic() - start, 2)
        self.found.setdefault("study_seconds", {})[name] = taken
        return self.folder / name / "latest"

    def differences(self, old, new):
        return json.loads(run([self.bin / "differences", old, new], self.environment).stdout)

    def require(self, held, message):
        if not held:
            self.found["failures"].append(message)

    def values(self):
        cpu = self.study("cpu", "cpu", "fp32")
        if not self.gpu:
            self.require(self.identical(cpu, self.study("again", "cpu", "fp32")), "two runs on the processor have different artifacts")
            self.found["values"] = {"cpu again": self.differences(cpu, self.folder / "again" / "latest")}
            return
        cuda = self.study("cuda", "cuda", "fp32")
        self.require(self.identical(cuda, self.study("cuda-again", "cuda", "fp32")), "two runs on the GPU have different artifacts")
        found = {"fp32": self.differences(cpu, cuda)}
        for (table, column), tolerance in TOLERANCES.items():
            of = found["fp32"][table]["columns"][column]
            most = tolerance * max(1.0, of["largest"]) if table != "curves" else tolerance
            self.require(of["difference"] <= most, f"{table}.{column} differs by {of['difference']:.2e} between processor and GPU, more than {most:.2e}")
        apart = found["fp32"]["weights"]["standard_errors"]
        self.require(apart <= STANDARD_ERRORS, f"LIME's weights differ by {apart:.2f} standard errors")
        for precision in ("tf32", "bf16"):
            found[precision] = self.differences(cuda, self.study(precision, "cuda", precision))
        self.found["values"] = found

    @staticmethod
    def identical(first, second):
        """Whether two views have the same artifacts, by the content ids that their links end in."""
        def ids(view):
            return {path.relative_to(view): os.readlink(path).rsplit("/", 1)[-1] for path in sorted(view.rglob("*.parquet"))}
        return bool(ids(first)) and ids(first) == ids(second)

    def throughput(self, network, precision, batches):
        device = "cuda" if self.gpu else "cpu"
        return json.loads(run([self.bin / "throughput", network, precision, "1", str(batches), device], self.environment).stdout)

    def scarce_memory(self):
        """A batch must be halved, and not end the program, where another process holds the memory."""
        free, _ = self.torch.cuda.mem_get_info()
        held = self.torch.empty(max(0, free - SCARCE), dtype=self.torch.uint8, device="cuda")
        try:
            found = self.throughput("vgg16", "fp32", 2)
            self.found["scarce_memory"] = {key: found[key] for key in ("batch", "batch_left", "evaluator")}
            halved = found["batch_left"] < found["batch"]
            self.require(halved, f"VGG-16 kept its batch of {found['batch']} in {SCARCE >> 20} MiB of memory, which cannot hold it")
        except RuntimeError as error:
            self.require(False, f"with {SCARCE >> 20} MiB of free memory: {error}")
        finally:
            del held
            self.torch.cuda.empty_cache()

    def speeds(self):
        rows = [(name, name) for name in BUILT_IN]
        try:
            import torchvision
        except ImportError:
            torchvision = None
            self.found["skipped"] = "no torchvision: PyTorch's own speed, and the networks that it makes, are not measured"
        models = {}
        if torchvision:
            for name in BUILT_IN + (PROGRAMS if self.gpu else ()):
                self.torch.manual_seed(1)
                models[name] = getattr(torchvision.models, name)(weights=None).eval()
            for name in PROGRAMS if self.gpu else ():
                path = self.folder / f"{name}.pt"
                with self.torch.no_grad():
                    self.torch.jit.trace(models[name], self.torch.rand(2, 3, 224, 224), check_trace=False).save(str(path))
                rows.append((name, str(path)))
        precisions = PRECISIONS if self.gpu else ("fp32",)
        found = self.found["speeds"] = []
        for name, network in rows:
            for precision in precisions:
                if self.seconds() > ENOUGH:
                    self.found["skipped"] = f"speeds from {name} in {precision} on: the time was up"
                    return
                row = {"network": name, "precision": precision}
                # A program computes in the numbers that it was written in.
                if name in BUILT_IN or precision != "bf16":
                    try:
                        ours = self.throughput(network, precision, 20 if self.gpu else 1)
                        row |= {"batch": ours["batch"], "evaluator": ours["evaluator"], "alone": ours["network"]}
                        if name == "resnet50":
                            row["paper_seconds"] = round(PAPER_PASSES / ours["evaluator"])
                    except RuntimeError as error:
                        self.require(False, f"speed of {name} in {precision}: {error}")
                if name in models:
                    batch = row.get("batch", 256)
                    row["eager"] = self.eager(models[name], precision, batch)
                    if self.gpu:
                        row["eager_256"] = self.eager(models[name], precision, 256)
                found.append(row)
        for row in found:
            if self.gpu and row["network"] in models and row["precision"] == "bf16" and self.seconds() < ENOUGH:
                row["compiled_256"] = self.eager(models[row["network"]], "bf16", 256, compiled=True)

    def eager(self, model, precision, batch, compiled=False):
        """Images a second of PyTorch itself, channels last, with the input in place."""
        torch = self.torch
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        device = "cuda" if self.gpu else "cpu"
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        model = model.to(device=device, dtype=kind, memory_format=torch.channels_last)
        inputs = torch.rand(batch, 3, 224, 224, device=device, dtype=kind).to(memory_format=torch.channels_last)
        call = torch.compile(model) if compiled else model
        times = []
        with torch.inference_mode():
            call(inputs).cpu()
            for _ in range(20 if self.gpu else 1):
                start = time.perf_counter()
                call(inputs).cpu()
                times.append(time.perf_counter() - start)
        return round(batch / sorted(times)[len(times) // 2], 1)


def number(value, digits=0):
    return "" if value is None else f"{value:,.{digits}f}"


def table(found):
    lines = [f"GPU: {found['gpu'] or 'none: the checks of CUDA were left out'}; PyTorch {found['torch']}; {found['threads']} threads of the processor.", ""]
    lines += ["| compared | table | column | largest difference | largest value | rows of another order |", "|---|---|---|---|---|---|"]
    for against, tables in found.get("values", {}).items():
        for name, content in tables.items():
            for column, of in content["columns"].items():
                if of["difference"]:
                    lines.append(f"| {against} | {name} | {column} | {of['difference']:.2e} | {of['largest']:.3g} | {content['others']} |")
    lines += ["", "| network | precision | batch | evaluator, images/s | network alone | PyTorch, same batch | PyTorch, 256 | compiled, 256 | evaluator : PyTorch |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    for row in found.get("speeds", []):
        ratio = row["evaluator"] / row["eager"] if "evaluator" in row and "eager" in row else None
        cells = [row.get(key) for key in ("batch", "evaluator", "alone", "eager", "eager_256", "compiled_256")]
        lines.append(f"| {row['network']} | {row['precision']} | " + " | ".join(number(cell) for cell in cells) + f" | {number(ratio, 2)} |")
    for row in found.get("speeds", []):
        if "paper_seconds" in row:
            lines.append(f"\nThe paper's ResNet-50 half, {PAPER_PASSES:,} passes, in {row['precision']}: {row['paper_seconds']} s.")
    for note in [found.get("skipped")] + [f"FAILED: {failure}" for failure in found["failures"]]:
        if note:
            lines.append(f"\n{note}")
    return "\n".join(lines) + "\n"


def main():
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    try:
        torch = find_torch()
    except Missing as missing:
        print(f"gpu.sh: {missing}", file=sys.stderr)
        sys.exit(2)
    with tempfile.TemporaryDirectory() as folder:
        check = Check(torch, folder)
        if not check.gpu:
            print("gpu.sh: PyTorch finds no GPU here: the checks of CUDA are left out", file=sys.stderr)
        for step in (check.values, check.scarce_memory if check.gpu else None, check.speeds):
            if step is None:
                continue
            try:
                step()
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                check.require(False, f"{step.__name__}: {error}")
            check.found["seconds"] = round(check.seconds())
            text = table(check.found)
            (target / "gpu.json").write_text(json.dumps(check.found, indent=1) + "\n")
            (target / "gpu.md").write_text(text)
    print(text)
    sys.exit(1 if check.found["failures"] else 0)


main()
