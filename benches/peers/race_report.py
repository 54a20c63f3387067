"""The table, the CSV and the summary of a race; run alone it draws the files of several races as one.

    python race_report.py results/race_w1.json results/race_w2.json --name race
"""

import argparse
import csv
import json
import statistics
from pathlib import Path

from race_chart import chart, time_text

NAMES = {
    "W1": "perceptron, training step", "W2": "transformer, training step", "W3": "convolutions, training step",
    "W4": "masked flow, training step", "NSF_TRAIN": "spline flow, training step", "NSF_DENSITY": "spline flow, 10⁶ densities",
    "NSF_DRAW": "spline flow, 10⁶ draws", "ODE": "10⁵ draws, dopri5", "HEUN": "transformer, 64 draws, Heun",
}

# share of the machine that other programs may have during a turn
CALM = 0.05


def is_half(variant):
    return "bf16" in variant


def of_turns(turns):
    """A turn counts as the median of its steps: minimum, median, maximum over turns."""
    values = [statistics.median(turn["seconds"]) for turn in turns]
    return {"minimum": min(values), "median": statistics.median(values), "maximum": max(values), "turns": values}


def summarise(result):
    """Adds to a workload's entrants their statistics and their ratios to ours, round by round."""
    for entrant in result["entrants"]:
        if entrant["turns"]:
            entrant["seconds"] = of_turns(entrant["turns"])
            entrant["peak_bytes"] = max(turn["peak_bytes"] for turn in entrant["turns"])
            entrant["others_share"] = statistics.median(turn["others_share"] for turn in entrant["turns"])
    ran = [entrant for entrant in result["entrants"] if entrant["turns"]]
    for entrant in ran:
        for ours in ran:
            if ours["side"] == "ours" and entrant["side"] != "ours" and (not is_half(ours["variant"]) or is_half(entrant["variant"])):
                ratios = [theirs / own for theirs, own in zip(entrant["seconds"]["turns"], ours["seconds"]["turns"])]
                entrant.setdefault("ratios", {})[ours["variant"]] = {
                    "minimum": min(ratios), "median": statistics.median(ratios), "maximum": max(ratios)}
    return result


def accuracy_text(accuracy):
    if not accuracy:
        return ""
    if "not_comparable" in accuracy:
        return "not compared"
    if "error" in accuracy:
        return "failed"
    return f"{accuracy['gradient']:.1e}" if "gradient" in accuracy else f"{accuracy['output']:.1e}"


def table(results):
    lines = ["| workload | who | min | median | max | time / ours | peak memory | error against f64 | others' share |", "|---|---|---|---|---|---|---|---|---|"]
    for result in results:
        for entrant in result["entrants"]:
            who = f"{entrant['name']} {entrant['variant']}"
            if not entrant["turns"]:
                lines.append(f"| {result['workload']} | {who} | {entrant.get('failure', 'did not run')} | | | | | | |")
                continue
            seconds = entrant["seconds"]
            ratios = ", ".join(
                f"{r['median']:.2f} ({r['minimum']:.2f} to {r['maximum']:.2f}){' of ' + v if len(entrant['ratios']) > 1 else ''}"
                for v, r in entrant.get("ratios", {}).items())
            lines.append(
                f"| {result['workload']} | {who} | {time_text(seconds['minimum'])} | {time_text(seconds['median'])} | {time_text(seconds['maximum'])} | {ratios} "
                f"| {entrant['peak_bytes'] / 2**20:.0f} MiB | {accuracy_text(entrant.get('accuracy'))} | {100 * entrant['others_share']:.0f} % |")
    return "\n".join(lines)


def best_ratio(result, half=False):
    """PyTorch's fastest variant of one precision against ours of the same; None when one is missing."""
    ran = [e for e in result["entrants"] if e["turns"] and is_half(e["variant"]) == half]
    ours, theirs = [e for e in ran if e["side"] == "ours"], [e for e in ran if e["side"] == "torch"]
    if not ours or not theirs:
        return None
    own = min(ours, key=lambda e: e["seconds"]["median"])
    best = min(theirs, key=lambda e: e["seconds"]["median"])
    return best, best["ratios"][own["variant"]]


def headlines(results):
    lines = []
    for result in results:
        for half in (False, True):
            found = best_ratio(result, half)
            if found:
                best, ratio = found
                lines.append(f"{result['workload']} ({NAMES.get(result['workload'], '')}), {'bf16' if half else 'f32'}: {best['name']} {best['variant']} takes "
                             f"{ratio['median']:.2f} times ours ({ratio['minimum']:.2f} to {ratio['maximum']:.2f} over rounds)")
    for result in results:
        disturbed = [e for e in result["entrants"] if e["turns"] and e["others_share"] > CALM]
        if disturbed:
            worst = max(e["others_share"] for e in disturbed)
            lines.append(f"{result['workload']}: NOT a fair race, other programs had up to {100 * worst:.0f} % of the machine during the turns")
    return "\n".join(lines)


def write(folder, name, race):
    """JSON with everything, CSV with one line for each turn, SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(race, indent=1) + "\n")
    with open(folder / f"{name}.csv", "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["workload", "side", "variant", "round", "steps", "median_seconds", "minimum_seconds", "maximum_seconds", "peak_bytes", "processor_seconds", "others_share"])
        for result in race["results"]:
            for entrant in result["entrants"]:
                for index, turn in enumerate(entrant["turns"]):
                    s = turn["seconds"]
                    rows.writerow([result["workload"], entrant["side"], entrant["variant"], index, len(s), f"{statistics.median(s):.6g}", f"{min(s):.6g}", f"{max(s):.6g}",
                                   turn["peak_bytes"], f"{turn['processor_seconds']:.3f}", f"{turn['others_share']:.3f}"])
    (folder / f"{name}.svg").write_text(chart(race["results"], NAMES))
    return [folder / f"{name}.{kind}" for kind in ("json", "csv", "svg")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--name", default="race")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    races = [json.loads(path.read_text()) for path in arguments.files]
    # a workload in several files counts as in the last of them
    latest = {result["workload"]: result for race in races for result in race["results"]}
    results = [latest[name] for name in NAMES if name in latest]
    race = {"machine": races[-1]["machine"], "races": [race["machine"] for race in races], "results": results}
    write(arguments.out, arguments.name, race)
    print(table(results) + "\n\n" + headlines(results))


if __name__ == "__main__":
    main()
