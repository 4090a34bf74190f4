"""Loads weights that Rust saved into PyTorch's modules, strictly, and saves weights for Rust to load.

usage: compare_weights.py REFERENCE ARCH OUT      (REFERENCE: the folder of pytorch_notebook.py)
reads OUT/rust.safetensors and OUT/ids.json; writes OUT/logits.json (of Rust's weights), OUT/python.safetensors
and OUT/python_logits.json
"""
import json
import sys

import torch
from safetensors.torch import load_file, save_file

reference, arch, out = sys.argv[1:]
sys.path.insert(0, reference)
from pytorch_notebook import Model  # noqa: E402

torch.manual_seed(1)
ids = torch.tensor(json.load(open(f"{out}/ids.json")))
model = Model(arch, 2000).eval()


def save_logits(name):
    with torch.no_grad():
        json.dump(model(ids).flatten().tolist(), open(f"{out}/{name}", "w"))


save_file({k: v.contiguous() for k, v in model.state_dict().items()}, f"{out}/python.safetensors")
save_logits("python_logits.json")
model.load_state_dict(load_file(f"{out}/rust.safetensors"), strict=True)
save_logits("logits.json")
