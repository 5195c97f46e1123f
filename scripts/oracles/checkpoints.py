"""Makes checkpoints as torch.save writes them, in both of its formats, and what a reader of weights must refuse.

    python3 scripts/oracles/checkpoints.py tests/fixtures

checkpoint.pth (zip), checkpoint_legacy.pth and checkpoint.safetensors hold the same values. stranger.pth and
stranger_legacy.pth hold an argparse.Namespace beside a tensor, whole_model.pth a module instead of its weights, and
runs_code.pth runs a command (it makes a file named pwned) when a reader unpickles whatever it is given.
The legacy format names storages by their addresses, so that its bytes differ each time.
"""

import os
import sys
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn


class RunsCode:
    def __reduce__(self):
        return os.system, ("touch pwned",)


def state_dict():
    """Every type, layout and wrapping of a tensor that occurs in checkpoints, with a module's _metadata."""
    numbers = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8 - 1
    state = OrderedDict(
        {
            "layer.single": numbers * 1.1,
            "layer.half": (numbers * 1.1).half(),
            "layer.brain": (numbers * 1.1).bfloat16(),
            "layer.double": numbers.double() / 3,
            "layer.counter": torch.arange(-3, 3) * 2**40,
            "view.transposed": (numbers + 10).T,
            "view.slice": (numbers + 20)[1:3, 2:5],
            "shared.whole": numbers,
            "shared.row": numbers[2],
            "scalar": torch.tensor(2.5),
            "empty": torch.empty(0, 3),
            "parameter": nn.Parameter(numbers * 1.3),
        }
    )
    state._metadata = OrderedDict({"": {"version": 1}, "layer": {"version": 2}})
    return state


def save_in_both_formats(value, folder, name):
    torch.save(value, folder / f"{name}.pth")
    torch.save(value, folder / f"{name}_legacy.pth", _use_new_zipfile_serialization=False)


def main(folder):
    torch.manual_seed(20261122)
    state = state_dict()
    save_in_both_formats(state, folder, "checkpoint")
    copies = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in state.items()}
    save_file(copies, folder / "checkpoint.safetensors")

    save_in_both_formats({"weight": torch.ones(2, 3), "arguments": Namespace(epochs=3)}, folder, "stranger")
    torch.save(nn.Sequential(nn.Linear(2, 3)), folder / "whole_model.pth")
    torch.save({"weight": torch.ones(2, 3), "code": RunsCode()}, folder / "runs_code.pth")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
