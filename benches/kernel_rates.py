"""Rates of the kernels against what the same processor did in the same bench: a table from what Criterion stored.

    cargo bench -p fieldbridge-kernels && python benches/kernel_rates.py

Operations a second stand against multiply-adds on registers, bytes a second against a copy of about as many bytes. Medians; one thread
unless a name says "on 2", which has twice the ceiling of one.
"""

import argparse
import json
import math
from pathlib import Path

HERE = Path(__file__).resolve().parent


def measurements(folder):
    """(group, function, operations or None, bytes or None, seconds, time of measurement) of all that was measured."""
    for path in sorted(folder.glob("**/new/benchmark.json")):
        about = json.loads(path.read_text())
        estimates = path.with_name("estimates.json")
        throughput = about.get("throughput") or {}
        name = " ".join(filter(None, (about.get("function_id"), about.get("value_str"))))
        seconds = json.loads(estimates.read_text())["median"]["point_estimate"] * 1e-9
        yield about["group_id"], name, throughput.get("Elements"), throughput.get("Bytes"), seconds, estimates.stat().st_mtime


def ceiling(ceilings, operations, count):
    """The rate of the copy nearest in size, or of the multiply-adds."""
    if operations:
        return next(operations / seconds for _, operations, _, seconds in ceilings if operations)
    copies = [(abs(math.log(size / count)), size / seconds) for _, _, size, seconds in ceilings if size]
    return min(copies)[1]


def table(folder):
    runs, kernels = [], []
    for group, name, operations, count, seconds, when in measurements(folder):
        if group.startswith("ceiling of "):
            runs.append((when, group, (name, operations, count, seconds)))
        elif operations or count:
            kernels.append((when, group, name, operations, count, seconds))
    lines = ["| kernel | time | rate | ceiling | share |", "|---|---|---|---|---|"]
    for when, group, name, operations, count, seconds in sorted(kernels):
        # the ceiling measured last before it is that of its own bench
        latest = max((run for run in runs if run[0] <= when), default=None)
        if latest is None:
            continue
        highest = ceiling([about for _, other, about in runs if other == latest[1]], operations, count)
        highest *= 2 if "on 2" in group else 1
        rate, unit = (operations or count) / seconds, "GFLOP/s" if operations else "GB/s"
        lines.append(f"| {group}: {name} | {1e6 * seconds:.4g} µs | {rate / 1e9:.3g} {unit} | {highest / 1e9:.3g} | {100 * rate / highest:.0f} % |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=HERE.parent / "target" / "criterion")
    arguments = parser.parse_args()
    print(table(arguments.folder))


if __name__ == "__main__":
    main()
