"""The race as a picture: one group for each workload, time on a logarithmic axis relative to ours (or to PyTorch's first variant)."""

import math
from html import escape

WIDTH, LEFT, RIGHT, TOP, ROW, GAP = 960, 310, 130, 74, 22, 16
OURS, THEIRS, INK, FAINT = "#0b6e4f", "#c8553d", "#222222", "#dddddd"


def text(x, y, content, size=13, anchor="start", colour=INK, weight="normal"):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">{escape(content)}</text>'


def time_text(seconds):
    if seconds < 1e-3:
        return f"{1e6 * seconds:.3g} µs"
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def ticks(low, high):
    """1, 2 and 5 times powers of ten within the range, fewer when there are many decades."""
    factors = (1, 2, 5) if high / low < 200 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [f * 10.0**p for p in powers for f in factors if low * 0.999 <= f * 10.0**p <= high * 1.001]


def groups_of(results):
    """(workload, [(entrant, relative minimum, median, maximum)]) for what ran."""
    groups = []
    for result in results:
        ran = [entrant for entrant in result["entrants"] if entrant["turns"]]
        if ran:
            ours = [entrant for entrant in ran if entrant["side"] == "ours"]
            one = (ours or ran)[0]["seconds"]["median"]
            groups.append((result["workload"], [(e, *(e["seconds"][k] / one for k in ("minimum", "median", "maximum"))) for e in ran]))
    return groups


def chart(results, names):
    groups = groups_of(results)
    everything = [value for _, rows in groups for _, *values in rows for value in values] or [1.0]
    low, high = min(everything) / 1.15, max(everything) * 1.15
    height = TOP + sum(ROW * len(rows) + ROW + GAP for _, rows in groups) + 40
    plot = WIDTH - LEFT - RIGHT

    def across(value):
        return LEFT + plot * math.log(value / low) / math.log(high / low)

    with_ours = any(e["side"] == "ours" for _, rows in groups for e, *_ in rows)
    reference = "Fieldbridge in f32" if with_ours else "PyTorch, first variant"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        text(16, 28, f"Time relative to {reference}", 17, weight="bold"),
        text(16, 48, "dot: median of turns taken in alternation; line: fastest to slowest turn; hollow: bfloat16; logarithmic axis, left is faster", 12, colour="#555555"),
    ]
    bottom = height - 34
    for tick in ticks(low, high):
        x = across(tick)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}" stroke="{"#888888" if tick == 1 else FAINT}"/>')
        parts.append(text(x, bottom + 18, f"{tick:g}", 12, "middle", "#555555"))
    y = TOP
    for workload, rows in groups:
        parts.append(text(16, y + 12, f"{workload.replace('_', ' ')}: {names.get(workload, '')}", 13, weight="bold"))
        y += ROW
        for entrant, fastest, middle, slowest in rows:
            colour = OURS if entrant["side"] == "ours" else THEIRS
            parts.append(text(LEFT - 14, y + 9, f"{entrant['name']} {entrant['variant'].replace('_', ' ')}", 12, "end"))
            parts.append(f'<line x1="{across(fastest):.1f}" x2="{across(slowest):.1f}" y1="{y + 5}" y2="{y + 5}" stroke="{colour}" stroke-width="2"/>')
            fill = "white" if "bf16" in entrant["variant"] else colour
            parts.append(f'<circle cx="{across(middle):.1f}" cy="{y + 5}" r="5" fill="{fill}" stroke="{colour}" stroke-width="2"/>')
            parts.append(text(WIDTH - RIGHT + 50, y + 9, f"{middle:.2f}", 12, "end"))
            parts.append(text(WIDTH - 14, y + 9, time_text(entrant["seconds"]["median"]), 12, "end"))
            y += ROW
        y += GAP
    return "\n".join([*parts, "</svg>"]) + "\n"
