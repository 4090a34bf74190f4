#!/usr/bin/env python3
"""Measures training steps, ours and others', in turns; how ours grows; and how long a held-out loss of 3.55 takes.

    bench.py measure OUT.json --ours DIR --candle PATH --burn PATH --threads 2 --rounds 15
    bench.py grow OUT.json --ours DIR
    bench.py race OUT.json --train TRAIN --data TEXTS --peer-script SCRIPT
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from turns import Peer, machine  # noqa: E402


def peers(args):
    t = args.threads
    torch = [sys.executable, str(HERE / "pytorch.py"), str(t)]
    commands = {
        "PyTorch eager": [*torch, "eager"],
        "PyTorch compiled": [*torch, "compile"],
        "GEMM floor, f32": [*torch, "gemm", "float32"],
        "GEMM floor, bf16": [*torch, "gemm", "bfloat16"],
        "ours, f32": [args.ours, str(t), "causal", "float32"],
        "ours, bf16": [args.ours, str(t), "causal", "bfloat16"],
        "ours, preset fast": [args.ours, str(t), "fast", "bfloat16"],
        "candle": [args.candle, str(t)],
        "burn": [args.burn, str(t)],
    }
    return {name: command for name, command in commands.items() if command[0]}


def measure(args):
    """Each peer takes its turn in each round, for about the same time."""
    running = {name: Peer(*command, threads=args.threads) for name, command in peers(args).items()}
    steps = {name: max(1, round(args.turn / (peer.step(3) / 1e3))) for name, peer in running.items()}
    rounds = []
    for number in range(args.rounds):
        order = sorted(running, key=lambda name: hash((number, name)))
        rounds.append({name: running[name].step(steps[name]) for name in order})
        print(" · ".join(f"{name} {ms:.1f}" for name, ms in rounds[-1].items()), flush=True)
    for peer in running.values():
        peer.end()
    return {"machine": machine(args.threads), "rounds": rounds}


GROWTH = {
    "batch": [(rows, 31, 128, 3) for rows in (8, 16, 32, 64, 128, 256)],
    "context": [(8, context, 128, 3) for context in (32, 64, 128, 256, 512, 1024)],
    "width": [(32, 31, width, 3) for width in (64, 128, 256, 512)],
    "layers": [(32, 31, 128, layers) for layers in (1, 2, 3, 6, 12)],
}


def grow(args):
    """Each size is a process of its own, so that its memory is its own."""
    rows = []
    for axis, sizes in GROWTH.items():
        for size in sizes:
            for dtype in ("float32", "bfloat16"):
                peer = Peer(args.ours, str(args.threads), "causal", dtype, *map(str, size))
                count = max(2, round(args.turn / (peer.step(2) / 1e3)))
                times = [peer.step(count) for _ in range(5)]
                rows.append(dict(axis=axis, size=size, dtype=dtype, ms=statistics.median(times), mib=peer.ask("memory")))
                print(rows[-1], flush=True)
                peer.end()
    return {"growth": rows}


def race(args):
    """The peer's 5,000 steps, and the preset's with five seeds, one after another."""
    folder = pathlib.Path(args.out).with_suffix("")
    common = ["--data", args.data, "--threads", str(args.threads)]
    run([sys.executable, args.peer_script, *common, "--arch", "causal", "--out", str(folder / "peer")])
    seeds = range(1, 6)
    for seed in seeds:
        run([args.train, *common, "--preset", "fast", "--seed", str(seed), "--overwrite", "--out", str(folder / f"seed-{seed}")])
    ours = [dict(seed=seed, **last_row(folder / f"seed-{seed}")) for seed in seeds]
    return {"peer": last_row(folder / "peer"), "ours": ours}


def run(command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def last_row(folder):
    row = json.loads((folder / "evals.jsonl").read_text().splitlines()[-1])
    print(folder.name, row, flush=True)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["measure", "grow", "race"])
    parser.add_argument("out")
    parser.add_argument("--ours", help="the program of ours/")
    parser.add_argument("--candle", default="", help="the program of the same name of rust/")
    parser.add_argument("--burn", default="", help="the program of the same name of rust/")
    parser.add_argument("--train", help="the example of that name")
    parser.add_argument("--data", help="the texts of the race")
    parser.add_argument("--peer-script", help="trains the notebook's recipe in PyTorch, and leaves evals.jsonl")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--turn", type=float, default=0.7, help="seconds")
    args = parser.parse_args()
    result = {"measure": measure, "grow": grow, "race": race}[args.task](args)
    pathlib.Path(args.out).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
