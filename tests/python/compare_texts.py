"""Cleans a Parquet file as the notebook does, trains its tokenizer, and writes what Rust should find as well.

usage: compare_texts.py DATA COLUMN OUT
"""
import hashlib
import json
import re
import sys

import pyarrow.parquet as pq
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

data, column, out = sys.argv[1:]


def clean(text):
    ascii_only = text.encode("ascii", errors="ignore").decode()
    return re.sub(r"[^A-Za-z0-9 .,:;!?'\-]", "", ascii_only).split(" - ")[0]


documents = [clean(text) for text in pq.read_table(data, columns=[column])[column].to_pylist() if text]
documents = [text for text in documents if len(text) > 20]
tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
special = ["[PAD]", "[UNK]", "[BOS]", "[EOS]"]
tokenizer.train_from_iterator(documents, trainers.WordLevelTrainer(vocab_size=2000, special_tokens=special, show_progress=False))
tokenizer.save(f"{out}/python.json")

ours = Tokenizer.from_file(f"{out}/rust.json")
assert ours.get_vocab() == tokenizer.get_vocab(), "the vocabularies differ"
encoded = ours.encode_batch([f"[BOS] {text} [EOS]" for text in documents])
digest = lambda lines: hashlib.sha256("\n".join(lines).encode()).hexdigest()
print(json.dumps(dict(documents=len(documents), texts=digest(documents),
                      ids=digest(" ".join(map(str, e.ids)) for e in encoded))))
