#!/usr/bin/env python3
"""Writes docs/benchmarks/training.md and its plots from what bench.py measured.

    page.py STEPS.json GROWTH.json RACE.json docs/benchmarks
"""
import json
import pathlib
import statistics
import sys

PEER = "PyTorch eager"
NAMES = {
    "ours, f32": "enredo, f32",
    "ours, bf16": "enredo, bf16",
    "ours, preset fast": "enredo, `--preset fast` (Muon, no dropout, bf16)",
    "PyTorch eager": "PyTorch 2.11 eager",
    "PyTorch compiled": "PyTorch 2.11 `torch.compile`",
    "candle": "candle",
    "burn": "burn",
    "GEMM floor, f32": "*its matrix products alone, f32*",
    "GEMM floor, bf16": "*its matrix products alone, bf16*",
}
GOALS = {"ours, f32": 2.0, "ours, bf16": 5.0}


def steps_table(steps):
    rounds, lines = steps["rounds"], ["| | ms a step | range | PyTorch eager / this | goal |", "|---|---|---|---|---|"]
    for name, label in NAMES.items():
        if name not in rounds[0]:
            continue
        times = sorted(one[name] for one in rounds)
        ratios = sorted(one[PEER] / one[name] for one in rounds)
        ratio, goal = statistics.median(ratios), GOALS.get(name)
        verdict = "" if goal is None else f"≥ {goal:g}×: **{'met' if ratio >= goal else 'not met'}**"
        lines.append(
            f"| {label} | {statistics.median(times):.1f} | {times[0]:.1f}–{times[-1]:.1f} | "
            f"{ratio:.2f}× ({ratios[0]:.2f}–{ratios[-1]:.2f}) | {verdict} |"
        )
    return lines


def growth_tables(rows):
    lines = []
    for axis, title in AXES.items():
        own = [row for row in rows if row["axis"] == axis]
        sizes = sorted({tuple(row["size"]) for row in own}, key=lambda size: size[PLACE[axis]])
        lines += ["", f"| {title} | tokens a step | f32, ms | bf16, ms | f32, MiB | bf16, MiB |", "|---|---|---|---|---|---|"]
        for size in sizes:
            one = {row["dtype"]: row for row in own if tuple(row["size"]) == size}
            cells = [f"{one[d][k]:.1f}" if k == "ms" else f"{one[d][k]:.0f}" for k in ("ms", "mib") for d in DTYPES]
            lines.append(f"| {size[PLACE[axis]]:,} | {size[0] * size[1]:,} | " + " | ".join(cells) + " |")
    return lines


AXES = {
    "batch": "documents a batch, of 31 tokens",
    "context": "tokens of context, 8 documents",
    "width": "width",
    "layers": "layers",
}
PLACE = {"batch": 0, "context": 1, "width": 2, "layers": 3}
DTYPES = ("float32", "bfloat16")
COLOURS = {"float32": "#3b6fb6", "bfloat16": "#c8553d"}


def plot(rows):
    """Step time on logarithmic axes: a panel for each axis of growth."""
    width, height, panel, top = 960, 300, 240, 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        '<text x="48" y="20" font-size="13">Milliseconds a training step, two threads; MiB of memory dashed</text>',
    ]
    for number, axis in enumerate(AXES):
        own = [row for row in rows if row["axis"] == axis]
        parts += drawn(own, axis, number * panel + 48, top, panel - 64, height - top - 48)
    for number, (dtype, colour) in enumerate(COLOURS.items()):
        parts.append(f'<text x="{700 + 80 * number}" y="20" fill="{colour}">{dtype}</text>')
    return "\n".join([*parts, "</svg>"])


def drawn(rows, axis, left, top, width, height):
    from math import log

    xs = sorted({row["size"][PLACE[axis]] for row in rows})
    low, high = 2.0, 1024.0
    x = lambda value: left + width * log(value / xs[0]) / log(xs[-1] / xs[0])
    y = lambda value: top + height * (1 - log(value / low) / log(high / low))
    parts = [f'<text x="{left + width / 2}" y="{top + height + 34}" text-anchor="middle">{axis}</text>']
    for value in (2, 8, 32, 128, 512):
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 4}" y="{y(value) + 4:.1f}" text-anchor="end" fill="#555">{value}</text>')
    for value in xs:
        parts.append(f'<text x="{x(value):.1f}" y="{top + height + 16}" text-anchor="middle" fill="#555">{value}</text>')
    for dtype, colour in COLOURS.items():
        for key, dash in (("ms", ' stroke-width="1.6"'), ("mib", ' stroke-dasharray="3 3"')):
            points = sorted((row["size"][PLACE[axis]], row[key]) for row in rows if row["dtype"] == dtype)
            path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}"{dash}/>')
    return parts


def race(result):
    peer, ours = result["peer"], result["ours"]
    losses, seconds = [one["val_loss"] for one in ours], [one["train_seconds"] for one in ours]
    mean, spread = statistics.mean(losses), statistics.stdev(losses)
    ratio = peer["train_seconds"] / statistics.mean(seconds)
    met = mean <= 3.55 and ratio >= 10
    return [
        "| | steps | seconds of training | held-out loss |",
        "|---|---|---|---|",
        f"| PyTorch, the notebook's recipe | {peer['step']:,} | {peer['train_seconds']:.1f} | {peer['val_loss']:.4f} |",
        *[f"| `--preset fast`, seed {one['seed']} | {one['step']:,} | {one['train_seconds']:.1f} | {one['val_loss']:.4f} |" for one in ours],
        f"| mean of {len(ours)} seeds | | {statistics.mean(seconds):.1f} | {mean:.4f} ± {spread:.4f} |",
        "",
        f"The peer takes {ratio:.1f} times as long. Goal: at most 3.55 in a tenth of its time: **{'met' if met else 'not met'}**.",
    ]


def page(steps, growth, raced):
    m = steps["machine"]
    return "\n".join([
        "# How long a training step takes, and a training",
        "",
        "Generated by `benches/peers/training/page.py` from what `bench.py` beside it measured; do not edit.",
        "",
        "## A step",
        "",
        "The model of `--preset causal`, 32 documents of 32 tokens, dropout 0.1, clipping, AdamW. Each peer is a process that makes steps",
        f"when it is told to; in each of {len(steps['rounds'])} rounds all take a turn, in another order each. Ratios are of one round, and the medians of all.",
        "",
        *steps_table(steps),
        "",
        "## To the same held-out loss",
        "",
        "32,000 synopses of IMDb, of which a tenth is held out. The schedule of the preset was fixed on another split of the other nine",
        "tenths. Both in the same hour; evaluation is not counted.",
        "",
        *race(raced),
        "",
        "## How a step grows",
        "",
        "![Step time and memory against batch, context, width and layers](training.svg)",
        "",
        "From 32 documents of 31 tokens, width 128, three layers (feed-forward layers twice as wide as the model), where not said.",
        "The memory is the largest resident set of a process that does nothing else, libtorch included.",
        *growth_tables(growth["growth"]),
        "",
        "## How it was measured",
        "",
        f"{m['cpu']}, {m['cores']} cores, {m['threads']} threads; libtorch and PyTorch {m['torch']}. {raced.get('notes', '')}",
        "",
    ])


def main():
    steps, growth, raced = (json.loads(pathlib.Path(path).read_text()) for path in sys.argv[1:4])
    folder = pathlib.Path(sys.argv[4])
    (folder / "training.md").write_text(page(steps, growth, raced))
    (folder / "training.svg").write_text(plot(growth["growth"]) + "\n")


if __name__ == "__main__":
    main()
