"""Unpacks the libraries and headers of libtorch from wheels: unpack.py cpu|cuda WHEELS TARGET.

TARGET gets torch/lib, torch/include and nvidia/*/lib as the wheels have them, and the links lib and include.
"""

import os
import pathlib
import signal
import sys
import zipfile
from fnmatch import fnmatchcase

LIBRARIES = ["torch/lib/*.so*", "torch/lib/*.dylib", "nvidia/*/lib/*.so*"]
# libtorch.so holds nothing but copies of libstdc++'s functions and the wish for libtorch_cuda.so: a program linked to it
# would not start without CUDA. LINKER_SCRIPT takes its place, so that a program built with either set runs with both.
NEVER = ["torch/lib/libtorch.so", "torch/lib/libtorch_python.*", "torch/lib/libshm*", "torch/lib/libtorch_global_deps.*"]
LINKER_SCRIPT = "INPUT(-ltorch_cpu)\n"
ONLY_CUDA = ["libtorch_cuda*", "libc10_cuda.*", "libcaffe2_nvrtc.*", "libtorch_nvshmem.*"]
# Without CUDA, libtorch_cpu.so is still linked to two of NVIDIA's libraries, which load on a machine without a GPU.
NVIDIA_ON_CPU = ["libcudart.so.*", "libcupti.so.*"]


def matches(name, patterns):
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def is_wanted(name, flavor):
    if name.startswith("torch/include/"):
        return True
    if not matches(name, LIBRARIES) or matches(name, NEVER):
        return False
    if flavor == "cuda":
        return True
    library = name.rpartition("/")[2]
    return matches(library, NVIDIA_ON_CPU) if name.startswith("nvidia/") else not matches(library, ONLY_CUDA)


def unpack(flavor, wheels, target):
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and is_wanted(name, flavor)]
            archive.extractall(target, names)
        wheel.unlink()  # so that the disk never holds all wheels and all libraries at once
    for name in ("lib", "include"):
        os.symlink(f"torch/{name}", target / name)
    if (target / "lib/libtorch_cpu.so").exists():
        (target / "lib/libtorch.so").write_text(LINKER_SCRIPT)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        unpack(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    except OSError as error:
        sys.exit(f"libtorch: unpacking failed ({error.strerror}): make room on the disk and run make again.")
