#!/usr/bin/env python3
"""The same tokens in PyTorch, told how often by standard input: `N` makes N rounds and prints the seconds of one token of one row.

    pytorch.py THREADS notebook float32 ROWS text
    pytorch.py THREADS llama float32|bfloat16 ROWS text|step [CONTEXT]

`notebook` is the loop of the course notebook: the whole sequence through the model for each token, masked so that it is causal, then
temperature, the 50 likeliest, of which 0.9 is kept, and one draw. `llama` is `transformers`' `generate` with its cache; a round of
`step` is one forward pass of one more token after CONTEXT - 1.
"""
import sys
import time

import torch
from torch import nn

NEW, PROMPT = 59, 5


class Causal(nn.Module):
    """The notebook's sizes."""

    def __init__(self, vocab=2000, width=128, heads=4, layers=3, inner=256, positions=1024):
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, heads, inner, batch_first=True)
        self.tokens, self.positions = nn.Embedding(vocab, width), nn.Embedding(positions, width)
        self.blocks = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, vocab)

    def forward(self, ids):
        t = ids.shape[1]
        x = self.tokens(ids) + self.positions(torch.arange(t))
        return self.head(self.blocks(x, mask=nn.Transformer.generate_square_subsequent_mask(t), is_causal=True))


def prompts(rows, length, vocab):
    return torch.tensor([[4 + (t * t * 31 + t * 7 + i * 13) % (vocab - 4) for t in range(length)] for i in range(rows)])


def drawn(logits, k=50, p=0.9):
    """One token a row, as the notebook draws it."""
    best, ids = torch.topk(logits, k)
    shares = torch.softmax(best, -1)
    outside = torch.cumsum(shares, -1) - shares > p
    shares = torch.softmax(best.masked_fill(outside, float("-inf")), -1)
    return ids.gather(1, torch.multinomial(shares, 1))


def notebook(rows):
    model = Causal().eval()

    def text():
        ids = prompts(rows, PROMPT, 2000)
        for _ in range(NEW):
            ids = torch.cat([ids, drawn(model(ids)[:, -1] / 1.0)], 1)
        return rows * NEW

    return text


def llama(dtype):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=2000, hidden_size=512, intermediate_size=1408, num_hidden_layers=8, num_attention_heads=8,
                         num_key_value_heads=4, max_position_embeddings=1024, rms_norm_eps=1e-5, tie_word_embeddings=True,
                         bos_token_id=2, eos_token_id=None, pad_token_id=0)
    return LlamaForCausalLM(config).eval().to(dtype)


def whole_texts(model, rows):
    how = dict(max_new_tokens=NEW, min_new_tokens=NEW, do_sample=True, temperature=1.0, top_k=50, top_p=0.9, use_cache=True, pad_token_id=0)

    def text():
        ids = prompts(rows, PROMPT, 2000)
        out = model.generate(ids, attention_mask=torch.ones_like(ids), **how)
        return rows * (out.shape[1] - PROMPT)

    return text


def single_steps(model, rows, context):
    from transformers import DynamicCache

    cache = DynamicCache()
    model(prompts(rows, context - 1, 2000), past_key_values=cache, use_cache=True)
    token = torch.full((rows, 1), 5)

    def step():
        model(token, past_key_values=cache, use_cache=True)
        cache.crop(-1)
        return rows

    return step


def main():
    threads, name, dtype, rows, mode = sys.argv[1:6]
    torch.set_num_threads(int(threads))
    torch.manual_seed(42)
    rows = int(rows)
    if name == "notebook":
        run = notebook(rows)
    else:
        model = llama(getattr(torch, dtype))
        run = whole_texts(model, rows) if mode == "text" else single_steps(model, rows, int(sys.argv[6]))
    with torch.inference_mode():
        run()
        print("ready", flush=True)
        for line in sys.stdin:
            start, tokens = time.perf_counter(), 0
            for _ in range(int(line)):
                tokens += run()
            print((time.perf_counter() - start) / tokens, flush=True)


if __name__ == "__main__":
    main()
