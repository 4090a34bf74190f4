"""Records what vLLM's V1 sampler keeps of given logits, by its own functions on their native PyTorch path.

vLLM is several gigabytes of kernels, of which this path needs none: the wheel is unpacked, not installed,
and every module of it that the sampler only mentions is a stand-in.

    python -m pip install torch==2.11.0 numpy
    python -m pip download vllm==0.33.0 --no-deps --only-binary :all: --dest WHEELS
    unzip WHEELS/vllm-*.whl -d UNPACKED
    python record_vllm.py UNPACKED
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from types import SimpleNamespace
from unittest import mock

import torch

import rows

REAL = [
    "vllm.v1.sample.sampler",
    "vllm.v1.sample.ops.topk_topp_sampler",
    "vllm.v1.sample.ops.penalties",
    "vllm.v1.sample.ops.bad_words",
    "vllm.v1.sample.logits_processor.builtin",
    "vllm.v1.sample.logits_processor.interface",
    "vllm.model_executor.layers.utils",
    "vllm._custom_ops",
]


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for every module of vLLM that is not in `REAL`; packages keep their folder."""

    def __init__(self, unpacked):
        self.unpacked = unpacked

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] != "vllm" or name in REAL:
            return None
        spec = importlib.machinery.ModuleSpec(name, self, is_package=True)
        spec.submodule_search_locations = [f"{self.unpacked}/{name.replace('.', '/')}"]
        return spec

    def create_module(self, spec):
        module = mock.MagicMock(name=spec.name, HAS_TRITON=False, PIN_MEMORY=False)
        module.current_platform.is_cuda.return_value = False
        module.current_platform.is_cpu.return_value = False
        module.current_platform.is_xpu.return_value = False
        module.rocm_aiter_ops.is_enabled.return_value = False
        module.PROCESSED_LOGPROBS_MODES = ("processed_logits", "processed_logprobs")
        module.make_tensor_with_pad = padded
        return module

    def exec_module(self, module):
        pass


def padded(lists, pad, device, dtype, pin_memory):
    width = max(map(len, lists))
    return torch.tensor([row + [pad] * (width - len(row)) for row in lists], device=device, dtype=dtype)


def load(unpacked):
    """vLLM's sampler and its min-p processor, on the native path."""
    sys.meta_path.insert(0, StandIns(unpacked))
    sampler = importlib.import_module("vllm.v1.sample.sampler")
    builtin = importlib.import_module("vllm.v1.sample.logits_processor.builtin")
    return sampler.Sampler(logprobs_mode="processed_logits"), builtin.MinPLogitsProcessor


def top_k(k, vocab_size):
    """k as a batch of one has it: the input batch drops a k that keeps everything."""
    return torch.tensor([k]) if 0 < k < vocab_size else None


def min_p(processor_class, value):
    """The processor as a batch of one leaves it: `apply` reads these two fields."""
    processor = object.__new__(processor_class)
    processor.min_p_count, processor.min_p = 1, torch.tensor([[value]])
    return processor


def left(vllm, config, row, input_ids, prompt_len):
    """The probabilities a draw has: softmax of what the sampler calls its processed logits."""
    sampler, min_p_class = vllm
    penalties = {k: config.get(k, off) for k, off in PENALTIES.items()}
    metadata = SimpleNamespace(
        **{f"{name[:-1]}ies": torch.tensor([value]) for name, value in penalties.items()},
        no_penalties=penalties == PENALTIES,
        prompt_token_ids=torch.tensor([input_ids[:prompt_len]]),
        output_token_ids=[input_ids[prompt_len:]],
        bad_words_token_ids={0: config["bad_words_ids"]} if "bad_words_ids" in config else {},
        allowed_token_ids_mask=None,
        logitsprocs=SimpleNamespace(
            non_argmax_invariant=[],
            argmax_invariant=[min_p(min_p_class, config["min_p"])] if "min_p" in config else [],
        ),
        thinking_budget_state_holder=None,
        all_greedy=False,
        all_random=True,
        temperature=torch.tensor([config.get("temperature", 1.0)]),
        top_k=top_k(config.get("top_k", 0), len(row)),
        top_p=torch.tensor([config["top_p"]]) if config.get("top_p", 1.0) < 1 else None,
        generators={},
        max_num_logprobs=-1,
    )
    logits = sampler.apply_logits_processors(torch.tensor(row)[None].clone(), metadata, False)
    processed = sampler.sample(logits, metadata)[1]
    return torch.softmax(processed, dim=-1)[0]


PENALTIES = {"repetition_penalty": 1.0, "frequency_penalty": 0.0, "presence_penalty": 0.0}
CONTEXT = [1, 5, 3, 5, 2, 1, 5, 2, 2]
PROMPT = 4


def configs():
    near, wide = ["gauss 8", "gauss 24", "peaked 24", "flat 24", "masked 24"], ["gauss 100", "zipf 300"]
    ties = ["halves 24", "equal 12", "tied 8", "zeros 6", "quarters 100"]

    def alone(key, values, on):
        for value in values:
            for row in on:
                yield f"{key} {value}", row, {key: value}

    yield from alone("temperature", [0.7, 2.0], near[:2])
    yield from alone("top_k", [1, 3, 7], near + ties)
    yield from alone("top_p", [0.05, 0.3, 0.55, 0.9, 0.99], near + ties)
    yield from alone("top_p", [0.5], wide)
    yield from alone("min_p", [0.02, 0.1, 0.6, 1.0], near + ties)
    yield from alone("repetition_penalty", [1.3, 0.7], ["gauss 8", "gauss 24", "masked 24", "zeros 6", "halves 24"])
    yield from alone("frequency_penalty", [0.5, 2.0, -1.0], ["gauss 8", "gauss 24"])
    yield from alone("presence_penalty", [0.5, 2.0, -1.0], ["gauss 8", "gauss 24"])
    words = [[7], [5, 2, 2, 9], [2, 11], [3, 5, 2, 1, 5, 2, 2, 12]]
    yield "bad_words_ids", "gauss 24", {"bad_words_ids": words}
    together = [
        {"temperature": 0.8, "top_k": 5, "top_p": 0.9},
        {"top_k": 3, "top_p": 0.55},
        {"temperature": 1.5, "min_p": 0.1, "top_k": 6, "top_p": 0.7},
        {"min_p": 0.2, "top_p": 0.8},
        {"repetition_penalty": 1.4, "frequency_penalty": 0.3, "presence_penalty": 0.6, "temperature": 0.7},
        {"repetition_penalty": 1.4, "frequency_penalty": 0.3, "top_k": 5, "top_p": 0.9, "min_p": 0.02},
    ]
    for config in together:
        for row in near + ties[:1]:
            yield "together", row, config


def record(vllm, named_rows):
    cases, order = [], list(named_rows)
    for name, row, config in configs():
        config = {"do_sample": True, **config}
        kept = lambda logits: left(vllm, config, logits, CONTEXT, PROMPT).nonzero()[:, 0].tolist()
        if any(kept(rows.perturbed(named_rows[row], s)) != kept(named_rows[row]) for s in range(3)):
            print(f"left out, rounding decides: {name} on {row}")
            continue
        case = {"name": f"{name}, {row}", "row": order.index(row), "input_ids": CONTEXT, "prompt_len": PROMPT}
        case |= {"config": config} | rows.distribution(left(vllm, config, named_rows[row], CONTEXT, PROMPT))
        sort = torch.sort
        with mock.patch("torch.Tensor.sort", lambda *a, **k: sort(*a, **k, stable=True)):
            stable = kept(named_rows[row])
        if kept(named_rows[row]) != stable:
            case["ties"] = "arbitrary"
        cases.append(case)
    return cases


if __name__ == "__main__":
    vllm, named_rows = load(sys.argv[1]), rows.rows()
    head = {"system": "vllm", "version": "0.33.0", "torch": torch.__version__}
    rows.write("vllm.json", head, named_rows, record(vllm, named_rows))
