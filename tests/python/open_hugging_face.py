#!/usr/bin/env python3
"""Opens a folder with transformers and prints its class and the logits after each of some tokens: FOLDER ID…"""
import json
import sys

import torch
from transformers import AutoModelForCausalLM

model, info = AutoModelForCausalLM.from_pretrained(sys.argv[1], output_loading_info=True)
assert not any(info.values()), info
with torch.no_grad():
    logits = model(torch.tensor([[int(id) for id in sys.argv[2:]]])).logits[0]
print(json.dumps({"class": type(model).__name__, "logits": logits.flatten().tolist()}))
