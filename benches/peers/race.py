"""Ours and PyTorch at the same work, in alternating turns on the same machine.

    python race.py --workloads W1,W2 --rounds 7 --threads 2 --ours ../../target/release/examples/race

Every entrant (a side with one variant) is a process of its own that lives through all rounds and is stopped while another has its turn.
Each loads the same weights and rows, and its loss and gradients, or its draws, are compared with double precision before the rounds.
Without --ours only PyTorch runs. Writes results/NAME.json, .csv and .svg, and prints a table.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import race_accuracy
import race_chart
import race_report
from race_process import Side, SideFailed

HERE = Path(__file__).resolve().parent
# steps in one turn, and steps before the rounds (which also compile)
STEPS = {"W1": (100, 30), "W2": (5, 2), "W3": (5, 2), "W4": (50, 20), "NSF_TRAIN": (10, 3), "NSF_DENSITY": (1, 0), "NSF_DRAW": (1, 0), "ODE": (1, 0), "HEUN": (1, 0)}
GROUPS = {"NSF": ("NSF_TRAIN", "NSF_DENSITY", "NSF_DRAW"), "ALL": tuple(STEPS)}


def say(message):
    print(message, file=sys.stderr, flush=True)


def environment_of(threads, extra=()):
    """Threads for both sides. OpenMP keeps its default of a short wait: spinning on would burn the other side's cores, sleeping at once slows small steps."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"):
        environment.pop(name, None)
    return {**environment, **dict(pair.split("=", 1) for pair in extra)}


def machine():
    def line_of(path, key):
        try:
            return next(line.split(":", 1)[1].strip() for line in Path(path).read_text().splitlines() if line.startswith(key))
        except (OSError, StopIteration):
            return None

    commit = subprocess.run(["git", "-C", HERE, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    flags = (line_of("/proc/cpuinfo", "flags") or "").split()
    half = [flag for flag in ("avx512_bf16", "amx_bf16") if flag in flags]
    return {"processor": line_of("/proc/cpuinfo", "model name"), "bfloat16_instructions": half, "cores": os.cpu_count(), "memory": line_of("/proc/meminfo", "MemTotal"), "system": platform.platform(),
            "python": platform.python_version(), "commit": commit, "when": time.strftime("%Y-%m-%d %H:%M"), "load_before": os.getloadavg()[0]}


class Race:
    def __init__(self, arguments):
        self.arguments = arguments
        self.threads = ["--threads", str(arguments.threads)]
        environment = environment_of(arguments.threads)
        torch_environment = environment_of(arguments.threads, arguments.torch_env)
        self.commands = {"torch": ([arguments.python, "-m", "torch_side", *self.threads], torch_environment)}
        if arguments.ours:
            self.commands["ours"] = ([str(Path(arguments.ours).resolve()), *self.threads], environment)
        if arguments.ours and arguments.scaling:
            self.commands["ours_one_thread"] = ([str(Path(arguments.ours).resolve()), "--threads", "1"], environment_of(1))
        self.names = {"torch": "PyTorch", "ours": "Fieldbridge", "ours_one_thread": "Fieldbridge, one thread,"}

    def open(self, side, label):
        command, environment = self.commands[side]
        return Side(label, command, environment, directory=HERE, log=self.log, patience=self.arguments.patience)

    def variants(self, side, workload):
        """Which variants a side has, cut to those asked for; the first of ours always runs."""
        process = self.open(side, self.names[side])
        try:
            found = process.ask("variants", workload)
        finally:
            process.close()
        for note in filter(None, [found.get("note")]):
            say(f"{self.names[side]}: {note}")
        wanted = self.arguments.variants
        if side == "ours_one_thread":
            return found["variants"][:1]
        return [v for v in found["variants"] if side == "ours" or not wanted or v in wanted]

    def make(self, workload, folder):
        process = self.open("torch", "PyTorch")
        try:
            return process.ask("make", workload, folder)
        finally:
            process.close()

    def enter(self, entrant, workload, folder):
        """Start an entrant, let it load, compare, and warm up; it waits stopped."""
        process = entrant["process"] = self.open(entrant["side"], f"{entrant['name']} {entrant['variant']}")
        entrant["settings"] = process.ask("prepare", workload, folder, entrant["variant"])
        answer = process.ask("compare", workload)
        try:
            entrant["accuracy"] = race_accuracy.of(answer, folder)
        except (ValueError, KeyError, OSError) as error:
            entrant["accuracy"] = {"error": f"{type(error).__name__}: {error}"}
            say(f"{process.name}: its answers could not be compared: {error}")
        warm = STEPS[workload][1]
        if warm:
            entrant["first_steps"] = process.ask("run", workload, warm)["seconds"]
        process.pause()

    def workload(self, workload, folder):
        say(f"{workload}: writing weights and rows")
        result = {"workload": workload, "made": self.make(workload, folder), "entrants": []}
        for side in sorted(self.commands):
            try:
                variants = self.variants(side, workload)
            except SideFailed as failure:
                say(str(failure))
                result["entrants"].append({"side": side, "name": self.names[side], "variant": "", "turns": [], "failure": str(failure)})
                continue
            result["entrants"] += [{"side": side, "name": self.names[side], "variant": v, "turns": []} for v in variants]
        runners = []
        try:
            for entrant in result["entrants"]:
                if "failure" in entrant:
                    continue
                say(f"{workload}: {entrant['name']} {entrant['variant']} gets ready")
                try:
                    self.enter(entrant, workload, folder)
                    runners.append(entrant)
                except SideFailed as failure:
                    entrant["failure"] = str(failure)
                    say(str(failure))
                    entrant["process"].close()
            self.rounds(workload, runners)
        finally:
            for entrant in result["entrants"]:
                if "process" in entrant:
                    entrant.pop("process").close()
        return race_report.summarise(result)

    def rounds(self, workload, runners):
        steps = self.arguments.steps or STEPS[workload][0]
        for index in range(self.arguments.rounds):
            # to and fro, so that a slow drift of the machine favours nobody
            for entrant in list(runners) if index % 2 == 0 else list(reversed(runners)):
                process = entrant["process"]
                process.go_on()
                try:
                    entrant["turns"].append(process.turn(workload, steps))
                    process.pause()
                except SideFailed as failure:
                    entrant.update(failure=str(failure), turns=[])
                    runners.remove(entrant)
                    say(str(failure))
            medians = ", ".join(f"{e['name']} {e['variant']} {race_chart.time_text(race_report.of_turns(e['turns'][-1:])['median'])}" for e in runners)
            say(f"{workload}: round {index + 1} of {self.arguments.rounds}: {medians}")

    def run(self):
        about = {**machine(), "threads": self.arguments.threads, "torch_environment": self.arguments.torch_env}
        if not about["bfloat16_instructions"]:
            say("this processor shows no bfloat16 instructions: PyTorch's bf16 variants convert and compute in f32 underneath")
        results = []
        with tempfile.TemporaryDirectory(prefix="race-") as scratch:
            scratch = Path(self.arguments.scratch or scratch)
            scratch.mkdir(parents=True, exist_ok=True)
            with open(scratch / "log.txt", "w") as self.log:
                for side, (command, _) in self.commands.items():
                    process = self.open(side, self.names[side])
                    about[side] = process.ask("version")
                    process.close()
                for workload in self.arguments.workloads:
                    results.append(self.workload(workload, scratch / workload))
                    # kept after each workload, so that a long race that is ended has its results
                    about["load_after"] = os.getloadavg()[0]
                    paths = race_report.write(self.arguments.out, self.arguments.name, {"machine": about, "results": results})
        print(race_report.table(results) + "\n\n" + race_report.headlines(results))
        say("wrote " + ", ".join(map(str, paths)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default="ALL", help=f"of {', '.join(STEPS)}; NSF and ALL stand for several")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, help="steps in a turn instead of the workload's own number")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ours", help="the program with our side: cargo build --release --example race")
    parser.add_argument("--scaling", action="store_true", help="let our side also run with one thread: its ratio is what the other threads gain")
    parser.add_argument("--variants", help="of PyTorch: eager, compiled, bf16, bf16_compiled; all when left out")
    parser.add_argument("--python", default=sys.executable, help="interpreter with PyTorch")
    parser.add_argument("--torch-env", action="append", default=[], metavar="NAME=VALUE", help="environment of PyTorch's side")
    parser.add_argument("--scratch", help="folder to keep weights, rows and the log in")
    parser.add_argument("--patience", type=float, default=3600, help="seconds to wait for one answer")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--name", default="race")
    arguments = parser.parse_args()
    names = [name for word in arguments.workloads.split(",") for name in GROUPS.get(word, (word,))]
    unknown = sorted(set(names) - set(STEPS))
    if unknown:
        parser.error(f"unknown workload {', '.join(unknown)}; there are {', '.join((*STEPS, *GROUPS))}")
    arguments.workloads = list(dict.fromkeys(names))
    arguments.variants = arguments.variants.split(",") if arguments.variants else None
    try:
        Race(arguments).run()
    except SideFailed as failure:
        raise SystemExit(f"race: {failure}") from None


if __name__ == "__main__":
    main()
