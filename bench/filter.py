"""What a cheap filter would save that passes over sentences that surely hold nothing: tried, and not kept.

    python -m bench.filter [--shared ../shared] [--recall 0.995]

A logistic regression on a sentence's word pieces, pairs of them, letter cases and length, hashed to 32,768 weights, is fitted on
the labelled reports, in five folds by report. The threshold keeps so much of the sentences that hold an event or a statement.
Printed: how many of the other sentences it passes over, and which share of others' articles and of their word pieces, which
is the encoder's work.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from detente import Coder, documents
from detente.code.model import Encoded
from train import labels

SIZE = 1 << 15
CORPUS = Path(__file__).parents[1] / "train" / "corpus" / "train"


def columns(window: Encoded) -> np.ndarray:
    """Return the hashed features of a sentence."""
    ids = window.ids.tolist()
    single = [piece % SIZE for piece in ids[1:-1]]
    pairs = [(one * 31337 + two * 7919 + 13) % SIZE for one, two in pairwise(ids)]
    cases = [(999_983 * case + 5) % SIZE for case in set(window.features.tolist())]
    return np.unique([*single, *pairs, *cases, (77 * min(len(ids) // 4, 20) + 17) % SIZE])


def fitted(rows: list[np.ndarray], truth: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Fit by AdaGrad (Duchi et al. 2011), six passes in an order that is always the same; the last weight is the bias."""
    weights, squares, dice = np.zeros(SIZE + 1), np.full(SIZE, 1e-8), np.random.default_rng(0)
    weights[-1] = 2.0
    for _ in range(6):
        for index in dice.permutation(chosen):
            at = rows[index]
            error = 1 / (1 + np.exp(-(weights[at].sum() + weights[-1]))) - truth[index]
            squares[at] += error * error
            weights[at] -= 0.15 * error / np.sqrt(squares[at])
            weights[-1] -= 0.01 * error
    return weights


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).parents[2] / "shared")
    parser.add_argument("--recall", type=float, default=0.995)
    options = parser.parse_args()
    coder = Coder(threads=1)
    rows, truth, folds = [], [], []
    for report in labels.compile_paths([CORPUS])[0]:
        spoken = [piece for statement in report.statements for piece in statement.content]
        fold = int(hashlib.sha256(report.id.encode()).hexdigest(), 16) % 5
        acts = {event.sentence for event in report.events} | {statement.sentence for statement in report.statements}
        for index, (start, end) in enumerate(report.sentences):
            for window in coder._model.tokenizer.encode(report.text[start:end])[:1]:
                rows.append(columns(window))
                truth.append(index in acts or any(start < last and first < end for first, last in spoken))
                folds.append(fold)
    holds, fold_of, scores = np.array(truth), np.array(folds), np.zeros(len(rows))
    for fold in range(5):
        weights = fitted(rows, holds, np.flatnonzero(fold_of != fold))
        for index in np.flatnonzero(fold_of == fold):
            scores[index] = weights[rows[index]].sum() + weights[-1]
    threshold = float(np.quantile(scores[holds], 1 - options.recall))
    figures: dict[str, float] = {
        "sentences": len(rows), "holding nothing": int((~holds).sum()),
        "of these passed over": round(float((scores[~holds] < threshold).mean()), 3),
    }  # fmt: skip
    weights = fitted(rows, holds, np.arange(len(rows)))
    for name, limit in (("syria_2016_2019", 60), ("china_us_leads_2009_2020", 300)):
        reports = islice(documents(options.shared / "articles" / f"{name}.jsonl"), limit)
        windows = [window for report in reports for window in coder._prepare(report).windows]
        skipped = np.array([weights[columns(w)].sum() + weights[-1] < threshold for w in windows])
        pieces = np.array([len(w.ids) for w in windows])
        figures[f"{name}, sentences passed over"] = round(float(skipped.mean()), 3)
        figures[f"{name}, pieces passed over"] = round(float(pieces[skipped].sum() / pieces.sum()), 3)
    for key, value in figures.items():
        print(f"{key:52} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
