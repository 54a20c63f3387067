"""Ways to run the same PyTorch code: as written, compiled by torch.compile, and either under bfloat16 autocast."""

import contextlib
import os
import shutil

import torch

EVERY = ("eager", "compiled", "bf16", "bf16_compiled")


def available(choices=EVERY):
    """`choices` without the compiled ones when there is no C++ compiler; returns (variants, reason or None)."""
    compiler = os.environ.get("CXX") or next(filter(shutil.which, ("g++", "clang++", "c++")), None)
    if compiler:
        return list(choices), None
    return [v for v in choices if "compiled" not in v], "no C++ compiler, so torch.compile is left out"


def compiled(variant, function):
    """The function, compiled for fixed shapes when the variant says so."""
    return torch.compile(function, dynamic=False) if "compiled" in variant else function


def precision(variant):
    """Context of a forward pass."""
    return torch.autocast("cpu", dtype=torch.bfloat16) if "bf16" in variant else contextlib.nullcontext()


def to_try(variant, sizes):
    """Sizes to try; every other one when each has to be compiled anew."""
    return sizes[::-2] if "compiled" in variant else sizes
