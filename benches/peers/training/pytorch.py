#!/usr/bin/env python3
"""The same model in PyTorch, told how often by standard input: `N` runs N steps and prints their seconds.

    pytorch.py THREADS eager|compile|gemm [float32|bfloat16]

`gemm` is the floor: the matrix products of a step alone, at their shapes, forth and back.
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

ROWS, CONTEXT, VOCAB, WIDTH, HEADS, LAYERS, INNER, POSITIONS = 32, 31, 2000, 128, 4, 3, 256, 64


class Causal(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, dropout=0.1, batch_first=True)
        self.tokens, self.positions = nn.Embedding(VOCAB, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        self.blocks = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, VOCAB)
        self.register_buffer("future", torch.triu(torch.ones(CONTEXT, CONTEXT), 1).bool())

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        return self.head(self.blocks(x, mask=self.future))


def stepper(compiled):
    """One step of the notebook's recipe on the next batch of a pool."""
    model = Causal().train()
    forward = torch.compile(model) if compiled else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    pool, at = torch.randint(4, VOCAB, (64, ROWS, CONTEXT + 1)), 0

    def step():
        nonlocal at
        ids, at = pool[at], (at + 1) % len(pool)
        logits = forward(ids[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, VOCAB), ids[:, 1:].reshape(-1), ignore_index=0)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


def products(dtype):
    """Of every linear layer: its output, the gradient of its input, and that of its weight."""
    shapes = LAYERS * [(WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, INNER), (INNER, WIDTH)] + [(WIDTH, VOCAB)]
    n = ROWS * CONTEXT
    layers = [(torch.randn(n, i, dtype=dtype), torch.randn(o, i, dtype=dtype), torch.randn(n, o, dtype=dtype)) for i, o in shapes]

    def step():
        for x, weight, slope in layers:
            torch.mm(x, weight.t())
            torch.mm(slope, weight)
            torch.mm(slope.t(), x)

    return step


def main():
    threads, mode, dtype = int(sys.argv[1]), sys.argv[2], (sys.argv[3:] or ["float32"])[0]
    torch.set_num_threads(threads)
    torch.manual_seed(42)
    step = products(getattr(torch, dtype)) if mode == "gemm" else stepper(mode == "compile")
    for _ in range(3):
        step()
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
