"""The rows of logits that the recordings share, and how a recording is written."""

import json
import math
import pathlib

import numpy as np

FIXTURES = pathlib.Path(__file__).parents[3] / "crates" / "decoding" / "tests" / "fixtures"


def rows() -> dict[str, np.ndarray]:
    """Rows by name, f32. Four decimals keep the file small; they round-trip."""
    random = np.random.default_rng(20)

    def gauss(n, sigma):
        return random.normal(0, sigma, n)

    masked = gauss(24, 3)
    masked[[0, 3, 4, 9, 15, 16, 22, 23]] = -math.inf
    peaked = gauss(24, 1)
    peaked[13] = 11.0
    named = {
        "gauss 8": gauss(8, 3),
        "gauss 24": gauss(24, 3),
        "peaked 24": peaked,
        "flat 24": gauss(24, 0.1),
        "masked 24": masked,
        "halves 24": np.round(gauss(24, 1) * 2) / 2,
        "equal 12": np.full(12, 0.5),
        "tied 8": np.array([2, 1, 1, 1, 0.5, 0, 0, -1]),
        "zeros 6": np.array([-0.0, 0.0, 0.0, -0.0, 0.0, -1.0]),
        "quarters 100": np.round(gauss(100, 2) * 4) / 4,
        "gauss 100": gauss(100, 3),
        "zipf 300": -1.2 * np.log(1 + random.permutation(300)) + gauss(300, 0.3),
    }
    return {name: np.round(row, 4).astype(np.float32) for name, row in named.items()}


def perturbed(row: np.ndarray, seed: int) -> np.ndarray:
    """The row, each score moved by a few units in the last place of f32, equal scores alike."""
    move = np.random.default_rng(seed).uniform(-2e-6, 2e-6, len(row))
    unique, which = np.unique(row, return_inverse=True)
    return (row + move[: len(unique)][which]).astype(np.float32)


def number(x) -> float | None:
    """The shortest decimal that reads back as the same f32; null stands for -inf, which JSON lacks."""
    if math.isinf(x):
        assert x < 0
        return None
    short = float(str(np.float32(x)))
    assert np.float32(short) == np.float32(x)
    return short


def distribution(probabilities) -> dict:
    """What is kept, and with which probability, to six digits."""
    kept = [i for i, p in enumerate(probabilities) if p > 0]
    return {"kept": kept, "probabilities": [float(f"{float(probabilities[i]):.6g}") for i in kept]}


def write(name: str, head: dict, named_rows: dict, cases: list[dict]) -> None:
    """One row and one case a line, so that a difference can be read."""
    line = lambda x: json.dumps(x, separators=(",", ":"))
    listed = lambda items: "[\n" + ",\n".join(line(item) for item in items) + "\n]"
    logits = [[number(x) for x in row] for row in named_rows.values()]
    head = head | {"row_names": list(named_rows)}
    fields = [f"{line(k)}:{line(v)}" for k, v in head.items()]
    fields += [f'"rows":{listed(logits)}', f'"cases":{listed(cases)}']
    FIXTURES.mkdir(exist_ok=True)
    path = FIXTURES / name
    path.write_text("{" + ",\n".join(fields) + "}\n")
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")
