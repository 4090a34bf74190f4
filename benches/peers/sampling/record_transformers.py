"""Records what Hugging Face transformers keeps of given logits, by its own processors in its own order.

    python -m pip install torch==2.11.0 transformers==5.23.0
    python record_transformers.py
"""

from types import SimpleNamespace
from unittest import mock

import torch
import transformers
from transformers import GenerationConfig
from transformers.generation.logits_process import LogitsProcessorList
from transformers.generation.utils import GenerationMixin

import rows


class NoModel(GenerationMixin):
    """As much of a decoder-only model as `generate` asks for on its way to the processors."""

    config = SimpleNamespace(is_encoder_decoder=False)
    device = "cpu"
    main_input_name = "input_ids"


def processors(config: dict, prompt_len: int) -> LogitsProcessorList:
    """The steps of `generate` up to the list of processors. An absent top_k stays off: 5.x reads it as 50."""
    generation = GenerationConfig(**config)
    defaults = GenerationConfig._get_default_generation_params()
    del defaults["top_k"]
    generation.update(**defaults, defaults_only=True)
    model = NoModel()
    model._prepare_special_tokens(generation, device="cpu", batch_size=1)
    model._prepare_generated_length(
        generation, "max_length" not in config, "min_length" not in config, "input_ids", prompt_len, None
    )
    return model._get_logits_processor(
        generation, input_ids_seq_length=prompt_len, logits_processor=LogitsProcessorList(), device="cpu"
    )


def left(config, row, input_ids, prompt_len, stable=False):
    """The probabilities a draw has, as `_sample` computes them."""
    ids, scores = torch.tensor([input_ids]), torch.tensor(row)[None]
    sort = torch.sort
    with mock.patch("torch.sort", lambda *a, **k: sort(*a, **k, stable=stable)):
        scores = processors(config, prompt_len)(ids, scores)
    return torch.softmax(scores, dim=-1)[0]


def kept(*args, **kwargs) -> list[int]:
    return left(*args, **kwargs).nonzero()[:, 0].tolist()


CONTEXT = [1, 5, 3, 5, 2, 1, 5]
PROMPT = 4


def configs():
    """(name, rows, config, input_ids, prompt_len): each processor alone, then together."""
    near, small = ["gauss 8", "gauss 24", "peaked 24", "flat 24", "masked 24"], ["gauss 24", "masked 24"]
    wide, ties = ["gauss 100", "zipf 300"], ["halves 24", "equal 12", "tied 8", "zeros 6", "quarters 100"]

    def alone(key, values, on):
        for value in values:
            for row in on:
                yield f"{key} {value}", row, {key: value}, CONTEXT, PROMPT

    yield from alone("temperature", [0.1, 0.7, 1.0, 2.5], near)
    yield from alone("top_k", [1, 3, 7, 200], near + ties)
    yield from alone("top_k", [50], wide)
    yield from alone("top_p", [0.05, 0.3, 0.55, 0.9, 0.99, 1.0], near + ties)
    yield from alone("top_p", [0.5, 0.9], wide)
    yield from alone("min_p", [0.0, 0.02, 0.1, 0.6, 1.0], near + ties)
    yield from alone("min_p", [0.05], wide)
    yield from alone("typical_p", [0.1, 0.5, 0.9, 0.95], near + ties)
    yield from alone("typical_p", [0.5], wide)
    yield from alone("epsilon_cutoff", [0.0003, 0.02, 0.2], near + ties[:3])
    yield from alone("eta_cutoff", [0.0003, 0.02, 0.3], near + ties[:3])
    yield from alone("top_h", [0.1, 0.4, 0.9], near)
    yield from alone("repetition_penalty", [1.3, 2.0, 0.7], small + ["zeros 6", "halves 24"])
    yield from alone("no_repeat_ngram_size", [1, 2, 3, 9], ["gauss 24"])
    yield from alone("suppress_tokens", [[0], [2, 5, 7]], small)
    for n in [len(CONTEXT), PROMPT]:
        yield f"begin_suppress_tokens at {n}", "gauss 24", {"begin_suppress_tokens": [3, 7]}, CONTEXT[:n], PROMPT
    words = [[7], [1, 5, 9], [5, 11], [2, 5, 12], [13, 14]]
    yield "bad_words_ids", "gauss 24", {"bad_words_ids": words}, CONTEXT, PROMPT
    spared = {"bad_words_ids": [[7], [8]], "eos_token_id": 8}
    yield "bad_words_ids spare eos", "gauss 24", spared, CONTEXT, PROMPT
    bias = [[[7], 4.5], [[8], -3.0], [[1, 5, 9], 6.0], [[5, 11], 2.5], [[2, 5, 12], 9.0], [[1, 5, 7], 1.0]]
    for row in small:
        yield "sequence_bias", row, {"sequence_bias": bias}, CONTEXT, PROMPT
    for eos in [7, [7, 2]]:
        for n in [6, 7, 8, 12]:
            yield f"min_length {n}", "gauss 24", {"min_length": n, "eos_token_id": eos}, CONTEXT, PROMPT
        for n in [2, 3, 4]:
            yield f"min_new_tokens {n}", "gauss 24", {"min_new_tokens": n, "eos_token_id": eos}, CONTEXT, PROMPT
        for start in [0, 2, 3]:
            decay = {"exponential_decay_length_penalty": [start, 1.4], "eos_token_id": eos}
            for row in small:
                yield f"exponential decay from {start}", row, decay, CONTEXT, PROMPT
    for n in [3, 4, 5]:
        forced = {"forced_eos_token_id": 7, "max_new_tokens": n}
        yield f"forced_eos_token_id, {n} new", "gauss 24", forced, CONTEXT, PROMPT
    both = {"forced_eos_token_id": [7, 2], "max_new_tokens": 4}
    yield "forced_eos_token_id, two", "gauss 24", both, CONTEXT, PROMPT
    for n in [1, 2]:
        yield f"forced_bos_token_id at {n}", "gauss 24", {"forced_bos_token_id": 6}, CONTEXT[:n], 1
    yield from together(near, ties, wide)


def together(near, ties, wide):
    """Combinations whose result depends on the order."""
    filters = [
        {"temperature": 0.8, "top_k": 5, "top_p": 0.9},
        {"temperature": 1.5, "top_k": 6, "top_p": 0.7, "min_p": 0.1},
        {"top_k": 3, "top_p": 0.55},
        {"temperature": 0.6, "min_p": 0.05, "typical_p": 0.8},
        {"top_p": 0.8, "typical_p": 0.6},
        {"temperature": 2.0, "typical_p": 0.9, "epsilon_cutoff": 0.03, "eta_cutoff": 0.05},
        {"top_k": 4, "epsilon_cutoff": 0.1, "min_p": 0.2},
    ]
    for config in filters:
        for row in near[1:] + ties[:1] + wide[:1]:
            yield "filters together", row, config, CONTEXT, PROMPT
    whole = [
        {"repetition_penalty": 1.5, "temperature": 0.7, "top_k": 6, "top_p": 0.9},
        {"repetition_penalty": 1.8, "sequence_bias": [[[5], 3.0], [[5, 1], -2.0]], "top_p": 0.8},
        {"repetition_penalty": 1.2, "no_repeat_ngram_size": 2, "bad_words_ids": [[2]], "top_k": 4},
        {"min_new_tokens": 5, "eos_token_id": [1, 2], "suppress_tokens": [3], "temperature": 0.5, "min_p": 0.05},
        {"exponential_decay_length_penalty": [1, 1.5], "eos_token_id": 4, "repetition_penalty": 1.4, "top_p": 0.9},
        {"suppress_tokens": [1, 4], "temperature": 1.3, "typical_p": 0.7},
    ]
    for config in whole:
        for row in ["gauss 8", "gauss 24", "masked 24"]:
            yield "together", row, config, CONTEXT, PROMPT


def record(named_rows):
    cases, order = [], list(named_rows)
    for name, row, config, input_ids, prompt_len in configs():
        config = {"do_sample": True, **config}
        args = config, named_rows[row], input_ids, prompt_len
        if any(kept(config, rows.perturbed(named_rows[row], s), *args[2:]) != kept(*args) for s in range(3)):
            print(f"left out, rounding decides: {name} on {row}")
            continue
        case = {"name": f"{name}, {row}", "row": order.index(row), "input_ids": input_ids}
        case |= {"prompt_len": prompt_len, "config": config} | rows.distribution(left(*args))
        if kept(*args) != kept(*args, stable=True):
            case["ties"] = "arbitrary"
        cases.append(case)
    return cases


if __name__ == "__main__":
    named_rows = rows.rows()
    head = {"system": "transformers", "version": transformers.__version__, "torch": torch.__version__}
    rows.write("transformers.json", head, named_rows, record(named_rows))
