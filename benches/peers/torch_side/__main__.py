"""Reads commands on standard input, answers each with one line of JSON on standard output; see README.md for the protocol.

    python -m torch_side --threads 2
"""

import argparse
import importlib
import json
import os
import sys
import traceback
from pathlib import Path

MODULES = {
    "W1": "perceptron", "W2": "transformer", "W3": "convolution", "W4": "masked_flow",
    "NSF_TRAIN": "spline_flow", "NSF_DENSITY": "spline_flow", "NSF_DRAW": "spline_flow", "ODE": "ode", "HEUN": "heun",
}


def workload(name, known={}):
    """The one object of that name."""
    if name not in known:
        if name not in MODULES:
            raise ValueError(f"unknown workload {name}; there are {', '.join(MODULES)}")
        known[name] = importlib.import_module(f".{MODULES[name]}", __package__).WORKLOADS[name]()
    return known[name]


def answer(words):
    from . import variants

    verb, name, *rest = words
    task = workload(name)
    if verb == "variants":
        found, reason = variants.available(task.variants)
        return {"variants": found, **({"note": reason} if reason else {})}
    if verb == "make":
        folder = Path(rest[0])
        folder.mkdir(parents=True, exist_ok=True)
        return task.make(folder)
    if verb == "prepare":
        folder, variant = rest if len(rest) == 2 else (rest[0], task.variants[0])
        return {"ready": True, "variant": variant, **task.prepare(folder, variant)}
    if verb == "compare":
        return task.compare()
    if verb == "run":
        return task.run(int(rest[0]))
    raise ValueError(f"unknown command {verb}; there are variants, make, prepare, compare, run, quit")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    # only answers go to standard output, whatever libraries and compilers print
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import torch

    torch.set_num_threads(arguments.threads)
    for line in sys.stdin:
        words = line.split()
        if not words:
            continue
        if words[0] == "quit":
            break
        if words[0] == "version":
            reply = {"version": torch.__version__, "name": "PyTorch", "threads": torch.get_num_threads()}
        else:
            try:
                reply = answer(words)
            except Exception as error:
                traceback.print_exc()
                reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(reply), file=answers, flush=True)


main()
