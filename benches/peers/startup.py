"""Time to start and size on disk: importing sbi and BayesFlow beside `fieldbridge --version`.

    python startup.py --ours ../../target/release/fieldbridge [--rounds 5] [--out results/startup.json]

Each start is a new process, and the programs take turns. The size of a Python package is that of every file of it and of all it requires,
as its metadata says; of ours, of the one program. A package that is not installed is left out, with a word.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

# packages, and what a first line of a script imports; sbi's own module loads the rest only when it is asked for
IMPORTS = {
    "torch": (("torch",), "import torch"),
    "zuko": (("zuko",), "import zuko"),
    "sbi": (("sbi",), "from sbi.inference import NPE"),
    # Keras, which BayesFlow stands on, takes PyTorch as backend but does not require it
    "bayesflow": (("bayesflow", "torch"), "import bayesflow"),
}


def installed(name):
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def requirements(name, known):
    """Adds the package and all it requires here, extras left out."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    found = installed(name)
    if key in known or found is None:
        return known
    known[key] = found
    for line in found.requires or []:
        if not re.search(r"extra\s*==", line):
            requirements(re.match(r"[A-Za-z0-9._-]+", line).group(), known)
    return known


def bytes_of(distributions):
    """Bytes of all installed files, each counted once."""
    paths = {path.locate().resolve() for distribution in distributions for path in distribution.files or []}
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc")


def start(command, environment):
    """Wall-clock seconds and peak memory of one run."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"startup: {' '.join(command)} ended with {process.returncode}:\n{message.decode()[-500:]}")
    return seconds, 1024 * usage.ru_maxrss


def memory_text(entrant):
    """A started process inherits the peak of the one that starts it, so a smaller peak than ours cannot be seen."""
    own = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bound = "below " if entrant["peak_bytes"] <= own else ""
    return f"{bound}{entrant['peak_bytes'] / 2**20:.0f} MiB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", help="the program fieldbridge")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "results" / "startup.json")
    arguments = parser.parse_args()
    environment = {**os.environ, "KERAS_BACKEND": "torch", "MPLBACKEND": "agg"}
    entrants = []
    if arguments.ours:
        program = shutil.which(arguments.ours)
        if program is None:
            raise SystemExit(f"startup: there is no program {arguments.ours}; build it with cargo build --release")
        entrants.append({"name": "fieldbridge --version", "command": [program, "--version"], "bytes": os.stat(program).st_size, "packages": 1})
    for package, (needed, statement) in IMPORTS.items():
        if installed(package) is None:
            print(f"{package} is not installed, left out", file=sys.stderr)
            continue
        everything = {}
        for name in needed:
            requirements(name, everything)
        entrants.append({"name": f"{package} {installed(package).version}: {statement}", "command": [sys.executable, "-c", statement],
                         "bytes": bytes_of(everything.values()), "packages": len(everything)})
    for entrant in entrants:
        # the first start reads the files from the disk and writes compiled Python
        entrant["first_seconds"], _ = start(entrant["command"], environment)
        entrant["seconds"], entrant["peak_bytes"] = [], 0
    for _ in range(arguments.rounds):
        for entrant in entrants:
            seconds, peak = start(entrant["command"], environment)
            entrant["seconds"].append(seconds)
            entrant["peak_bytes"] = max(entrant["peak_bytes"], peak)
    print("| start | min | median | max | peak memory | on disk | packages |\n|---|---|---|---|---|---|---|")
    for entrant in entrants:
        s = entrant["seconds"]
        entrant["command"] = [Path(entrant["command"][0]).name, *entrant["command"][1:]]
        entrant["peak_text"] = memory_text(entrant)
        print(f"| {entrant['name']} | {min(s):.3f} s | {statistics.median(s):.3f} s | {max(s):.3f} s | {entrant['peak_text']} "
              f"| {entrant['bytes'] / 2**20:.1f} MiB | {entrant['packages']} |")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    record = {"python": platform.python_version(), "cores": os.cpu_count(), "when": time.strftime("%Y-%m-%d %H:%M"), "load": os.getloadavg()[0], "entrants": entrants}
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
