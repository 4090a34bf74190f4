#!/usr/bin/env python3
"""Writes docs/benchmarks/generation.md and its plot from what bench.py measured.

    page.py TOKENS.json GROWTH.json docs/benchmarks
"""
import json
import pathlib
import statistics
import sys
from math import log

ROWS, DTYPES = (1, 8, 64), ("float32", "bfloat16")
COLOURS = {1: "#3b6fb6", 8: "#4c9a5b", 64: "#c8553d"}


def median(rounds, name):
    return statistics.median(one[name] for one in rounds)


def ratio(rounds, slow, fast):
    """Of one round each: the median and the range."""
    ratios = sorted(one[slow] / one[fast] for one in rounds)
    return statistics.median(ratios), f"{statistics.median(ratios):.1f}× ({ratios[0]:.1f}–{ratios[-1]:.1f})"


def row(rounds, label, name, peer, goal=None):
    value, text = ratio(rounds, peer, name)
    verdict = "" if goal is None else f"≥ {goal:g}×: **{'met' if value >= goal else 'not met'}**"
    return f"| {label} | {median(rounds, name):.1f} | {text} | {verdict} |"


def causal(rounds):
    goals = {1: 20, 64: 100}
    lines = ["| | µs a token | the notebook's loop / this | goal |", "|---|---|---|---|"]
    for name, label in (
        ("notebook", "the notebook's loop in PyTorch, one stream"),
        ("notebook, 1 thread", "the same on one thread"),
        ("notebook, 64 rows", "the same, 64 rows at once"),
    ):
        lines.append(row(rounds, label, name, "notebook"))
    lines.append(row(rounds, "enredo, f32, one stream on one thread", "ours causal, float32, 1 row, 1 thread", "notebook"))
    for rows in ROWS:
        for dtype in DTYPES:
            goal = goals.get(rows) if dtype == "float32" else None
            lines.append(row(rounds, f"enredo, {dtype}, {streams(rows)}", f"ours causal, {dtype}, {rows} rows", "notebook", goal))
    return lines


def llama(rounds):
    lines = ["| | µs a token | transformers, f32 / this | goal |", "|---|---|---|---|"]
    for name, label in (
        ("transformers, float32", "`transformers`, f32, one stream"),
        ("transformers, bfloat16", "`transformers`, bf16, one stream"),
        ("transformers, float32, 64 rows", "`transformers`, f32, 64 rows"),
        ("candle", "candle, f32, one stream"),
    ):
        if name in rounds[0]:
            lines.append(row(rounds, label, name, "transformers, float32"))
    for rows in ROWS:
        for dtype in DTYPES:
            goal = 1.5 if (rows, dtype) == (1, "float32") else None
            lines.append(row(rounds, f"enredo, {dtype}, {streams(rows)}", f"ours llama, {dtype}, {rows} rows", "transformers, float32", goal))
    return lines


def streams(rows):
    return "one stream" if rows == 1 else f"{rows} rows"


def floors(rounds):
    lines = ["| | | floor, µs a token | enredo / floor |", "|---|---|---|---|"]
    for model in ("causal", "llama"):
        for dtype in DTYPES:
            for rows in ROWS:
                floor, ours = f"floor {model}, {dtype}, {rows} rows", f"ours {model}, {dtype}, {rows} rows"
                lines.append(f"| {model}, {dtype} | {streams(rows)} | {median(rounds, floor):.1f} | {ratio(rounds, ours, floor)[1]} |")
    return lines


def growth_table(rows, model):
    contexts = sorted({one["context"] for one in rows})
    lines = ["| " + model + " | " + " | ".join(f"{context:,}" for context in contexts) + " |", "|---" * (len(contexts) + 1) + "|"]
    for label, own in series(rows, model):
        lines.append(f"| {label} | " + " | ".join(f"{own[context]:.1f}" for context in contexts) + " |")
    return lines


def series(rows, model):
    kinds = sorted({(one["mode"], one["dtype"], one["rows"]) for one in rows}, key=lambda kind: (kind[0], kind[1] != "float32", kind[2]))
    for mode, dtype, count in kinds:
        own = {one["context"]: one["us"] for one in rows if (one["model"], one["mode"], one["dtype"], one["rows"]) == (model, mode, dtype, count)}
        yield (f"{dtype}, {streams(count)}" if mode == "step" else "without what is kept"), own


def plot(rows):
    width, height, panel, top = 960, 360, 470, 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        '<text x="48" y="20" font-size="13">Microseconds a token against the context: f32, bf16 dashed; grey, without what is kept</text>',
    ]
    for number, (model, low, high) in enumerate((("causal", 4, 16384), ("llama", 128, 524288))):
        parts += drawn(rows, model, low, high, number * panel + 56, top, panel - 80, height - top - 48)
    for number, (count, colour) in enumerate(COLOURS.items()):
        parts.append(f'<text x="{700 + 80 * number}" y="20" fill="{colour}">{streams(count)}</text>')
    return "\n".join([*parts, "</svg>"])


def drawn(rows, model, low, high, left, top, width, height):
    xs = sorted({one["context"] for one in rows})
    x = lambda value: left + width * log(value / xs[0]) / log(xs[-1] / xs[0])
    y = lambda value: top + height * (1 - log(value / low) / log(high / low))
    parts = [f'<text x="{left + width / 2}" y="{top + height + 34}" text-anchor="middle">{model}: tokens of context</text>']
    value = low
    while value <= high:
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 4}" y="{y(value) + 4:.1f}" text-anchor="end" fill="#555">{value:,}</text>')
        value *= 8
    for value in xs:
        parts.append(f'<text x="{x(value):.1f}" y="{top + height + 16}" text-anchor="middle" fill="#555">{value:,}</text>')
    kinds = sorted({(one["mode"], one["dtype"], one["rows"]) for one in rows})
    for mode, dtype, count in kinds:
        points = sorted((one["context"], one["us"]) for one in rows if (one["model"], one["mode"], one["dtype"], one["rows"]) == (model, mode, dtype, count))
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
        colour, dash = ("#999" if mode == "uncached" else COLOURS[count]), (' stroke-dasharray="4 3"' if dtype == "bfloat16" else "")
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>')
    return parts


def page(tokens, growth):
    m, rounds, rows = tokens["machine"], tokens["rounds"], growth["growth"]
    return "\n".join([
        "# How long a generated token takes",
        "",
        "Generated by `benches/peers/generation/page.py` from what `bench.py` beside it measured; do not edit.",
        "",
        f"Texts of 59 tokens after a prompt of five, drawn at T = 1 from the 50 likeliest of which 0.9 is kept. Each peer is a process that makes texts when it is told to; in each of {len(rounds)} rounds",
        "all take a turn, in another order each. Times are medians; ratios are of one round, with their range.",
        "",
        "## The notebook's model",
        "",
        "`--preset causal`, 919,632 parameters.",
        "",
        *causal(rounds),
        "",
        "## A Llama of 25 million parameters",
        "",
        "`--preset llama`; the peers with their caches of keys and values.",
        "",
        *llama(rounds),
        "",
        "## What cannot be undercut",
        "",
        "Measured in the same rounds: the longer of reading the matrices once, each thread its part, and of two operations a weight at the rate of a large",
        "matrix product. What a token takes beside that: attention over what is kept, drawing, the prompt (five tokens for 59 new ones), waking threads.",
        "",
        *floors(rounds),
        "",
        "## How a token grows with the context",
        "",
        "![Time a token against the context](generation.svg)",
        "",
        "One more token after so many, without drawing it, in µs a row.",
        "",
        *growth_table(rows, "causal"),
        "",
        *growth_table(rows, "llama"),
        "",
        "## How it was measured",
        "",
        f"{m['cpu']}, {m['cores']} cores, shared and noisy; {m['threads']} threads each, where not said. PyTorch {m['torch']}, Python {m['python']}. Figures are of this machine alone.",
        "`benches/peers/generation/README.md` has the commands.",
        "",
    ])


def main():
    tokens, growth = (json.loads(pathlib.Path(path).read_text()) for path in sys.argv[1:3])
    folder = pathlib.Path(sys.argv[3])
    (folder / "generation.md").write_text(page(tokens, growth))
    (folder / "generation.svg").write_text(plot(growth["growth"]) + "\n")


if __name__ == "__main__":
    main()
