#!/usr/bin/env python3
"""Measures the seconds of a generated token, ours and others', in turns; and how ours grows with the context.

    bench.py measure OUT.json --ours PATH --candle PATH --threads 2 --rounds 9
    bench.py grow OUT.json --ours PATH
"""
import argparse
import json
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from turns import Peer, machine  # noqa: E402


def peers(args):
    t = args.threads
    torch = [sys.executable, str(HERE / "pytorch.py")]
    commands = {
        "notebook, 1 thread": [*torch, "1", "notebook", "float32", "1", "text"],
        "notebook": [*torch, t, "notebook", "float32", "1", "text"],
        "notebook, 64 rows": [*torch, t, "notebook", "float32", "64", "text"],
        "transformers, float32": [*torch, t, "llama", "float32", "1", "text"],
        "transformers, bfloat16": [*torch, t, "llama", "bfloat16", "1", "text"],
        "transformers, float32, 64 rows": [*torch, t, "llama", "float32", "64", "text"],
        "candle": [args.candle],
        "ours causal, float32, 1 row, 1 thread": [args.ours, "1", "causal", "float32", "1", "text"],
    }
    for model in ("causal", "llama"):
        for dtype in ("float32", "bfloat16"):
            for rows in ("1", "8", "64"):
                for mode, name in (("text", "ours"), ("floor", "floor")):
                    commands[f"{name} {model}, {dtype}, {rows} rows"] = [args.ours, t, model, dtype, rows, mode]
    return {name: command for name, command in commands.items() if command[0]}


def measure(args):
    """Each peer takes its turn in each round, for about the same time."""
    running = {name: Peer(*map(str, command), threads=args.threads) for name, command in peers(args).items()}
    counts = {name: paced(peer, args.turn) for name, peer in running.items()}
    rounds = []
    for number in range(args.rounds):
        order = sorted(running, key=lambda name: hash((number, name)))
        rounds.append({name: 1e6 * running[name].ask(counts[name]) for name in order})
        print(" · ".join(f"{name} {us:.1f}" for name, us in rounds[-1].items()), flush=True)
    for peer in running.values():
        peer.end()
    return {"machine": machine(args.threads), "rounds": rounds}


def paced(peer, turn):
    """How many rounds take about a turn."""
    import time

    start = time.perf_counter()
    peer.ask(1)
    return max(1, round(turn / (time.perf_counter() - start)))


CONTEXTS = (16, 32, 64, 128, 256, 512, 1000)


def grow(args):
    cached = [(model, dtype, rows) for model in ("causal", "llama") for dtype in ("float32", "bfloat16") for rows in (1, 8, 64)]
    jobs = [(*one, "step") for one in cached] + [(model, "float32", 1, "uncached") for model in ("causal", "llama")]
    return {"growth": [grown(args, *job, context) for job in jobs for context in CONTEXTS]}


def grown(args, model, dtype, rows, mode, context):
    peer = Peer(args.ours, *map(str, (args.threads, model, dtype, rows, mode, context)), threads=args.threads)
    pace = paced(peer, args.turn / 5)
    times = [1e6 * peer.ask(pace) for _ in range(5)]
    peer.end()
    row = dict(model=model, dtype=dtype, rows=rows, mode=mode, context=context, us=statistics.median(times))
    print(row, flush=True)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["measure", "grow"])
    parser.add_argument("out")
    parser.add_argument("--ours", required=True, help="the program of ours/")
    parser.add_argument("--candle", default="", help="the program of candle/")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--turn", type=float, default=0.5, help="seconds")
    args = parser.parse_args()
    result = {"measure": measure, "grow": grow}[args.task](args)
    pathlib.Path(args.out).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
