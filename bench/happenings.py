"""How well reports are joined to happenings, on scenes written for it: `tests/cases/happenings.jsonl`.

    python -m bench.happenings [--fit | --encoder minilm | --encoder mpnet]

A scene is a few reports of one type between the same parties in the same days, each marked with the act it tells of;
every two reports of a scene are a labelled pair. Scenes are halved by the hash of their id: weights are tuned on
"open" alone, "held" is only measured. `pairs` judges each pair by itself; `join` joins all scenes' reports at once, as
a store does, and counts a pair as joined if both stand in one happening. `--fit` fits the weights on the open half by
penalised logistic regression and prints them. `--encoder` (in the training environment) says what a sentence vector would
add: F1 on the open half, cross-validated by scene, of the evidence there is, of it with the cosine of the pretrained
encoder's sentence vectors, and of that cosine alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from detente import plover
from detente.store.happenings import WEIGHTS, Report, Settings, agreement, evidence, join

CASES = Path(__file__).parents[1] / "tests" / "cases" / "happenings.jsonl"


def half(scene: str) -> str:
    """Say which half a scene belongs to."""
    return "held" if hashlib.sha256(scene.encode()).digest()[0] % 2 else "open"


def scenes(path: Path = CASES) -> dict[str, list[tuple[str, Report]]]:
    """Read the scenes: for each id its reports, each with the act it tells of."""
    found = {}
    for line in path.read_text("utf-8").splitlines():
        scene: dict[str, Any] = json.loads(line)
        reports = []
        for number, row in enumerate(scene["reports"], 1):
            day = dt.date.fromisoformat(row["day"])
            reports.append(
                (
                    row["act"],
                    Report(
                        document=f"{scene['id']}-{number}", event="v1", type=scene["type"], mode=scene["mode"],
                        status="actual", day=day, end=day, actors=tuple(map(tuple, row["actors"])),
                        recipients=tuple(map(tuple, row["recipients"])), place=row["place"], place_country=None,
                        trigger=row["trigger"], sentence=row["sentence"],
                        intensity=plover.intensity(scene["type"], scene["mode"]), confidence=0.9,
                    ),
                )
            )  # fmt: skip
        found[scene["id"]] = reports
    return found


def pairs(which: str | None = None) -> list[tuple[Report, Report, bool]]:
    """Return the labelled pairs of a half, or all."""
    return [
        (a, b, act == other)
        for scene, reports in scenes().items()
        if which in (None, half(scene))
        for (act, a), (other, b) in itertools.combinations(reports, 2)
    ]


def f1(told: Iterable[tuple[bool, bool]]) -> dict[str, float]:
    """Return precision, recall and F1 of (truth, answer) pairs."""
    told = list(told)
    right = sum(truth and answer for truth, answer in told)
    said, true = sum(answer for _, answer in told), sum(truth for truth, _ in told)
    precision, recall = right / max(1, said), right / max(1, true)
    return {
        "pairs": len(told), "same": true, "precision": round(precision, 3), "recall": round(recall, 3),
        "F1": round(2 * precision * recall / max(1e-9, precision + recall), 3),
    }  # fmt: skip


def measured(settings: Settings | None = None) -> dict[str, dict[str, dict[str, float]]]:
    """Measure both ways on both halves."""
    settings = settings or Settings()
    everything = [report for reports in scenes().values() for _, report in reports]
    of = {report.document: h.id for h in join(everything, settings) for report in h.reports}
    return {
        which: {
            "pairs": f1((t, agreement(evidence(a, b)) >= settings.threshold and _near(a, b, settings))
                        for a, b, t in pairs(which)),
            "join": f1((t, of[a.document] == of[b.document]) for a, b, t in pairs(which)),
        }
        for which in ("open", "held")
    }  # fmt: skip


def _near(a: Report, b: Report, settings: Settings) -> bool:
    return abs((a.day - b.day).days) <= settings.days


def fit(penalty: float = 2.0) -> dict[str, float]:
    """Fit the weights on the open half: logistic regression, penalised towards the weights there are."""
    names = list(WEIGHTS)
    rows = [(evidence(a, b), t) for a, b, t in pairs("open")]
    x = np.array([[found.get(n, 0.0) for n in names] for found, _ in rows if found])
    y = np.array([float(t) for found, t in rows if found])
    start = np.array([WEIGHTS[n] for n in names])
    w = start.copy()
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (p - y) + penalty * (w - start)
        w -= np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + penalty * np.eye(len(names)), gradient)
    return dict(zip(names, (round(float(v), 2) for v in w), strict=True))


def cross(x: np.ndarray, pairs_: list[tuple[Report, Report, bool]], penalty: float = 6.0) -> dict[str, float]:
    """Cross-validate a logistic regression on columns of evidence, ten folds of whole scenes."""
    x = np.column_stack([np.ones(len(x)), (x - x.mean(0)) / (x.std(0) + 1e-9)])
    truth = np.array([bool(same) for *_, same in pairs_])
    possible = np.array([bool(evidence(a, b)) and _near(a, b, Settings()) for a, b, _ in pairs_])
    folds = np.array([int(hashlib.sha256(a.document.partition("-")[0].encode()).hexdigest(), 16) % 10 for a, *_ in pairs_])
    told = np.zeros(len(x), bool)
    shrink = penalty * np.eye(x.shape[1])
    shrink[0, 0] = 1e-3
    for fold in range(10):
        rest, w = folds != fold, np.zeros(x.shape[1])
        for _ in range(50):
            p = 1 / (1 + np.exp(-x[rest] @ w))
            step = (x[rest] * (p * (1 - p))[:, None]).T @ x[rest] + shrink
            w -= np.linalg.solve(step, x[rest].T @ (p - truth[rest]) + shrink @ w)
        told[~rest] = x[~rest] @ w >= 0
    return f1(zip(truth.tolist(), (told & possible).tolist(), strict=True))


def with_vectors(name: str) -> dict[str, dict[str, float]]:
    """Cross-validate with and without the cosine of a pretrained encoder's sentence vectors."""
    import torch  # noqa: TID251 - only the training environment runs this
    from tokenizers import Tokenizer

    from train.net import Encoder, pretrained

    config, weights, tokenizer = pretrained(name)
    encoder = Encoder(config, 0.0)
    encoder.read(weights)
    encoder.mix.data[:], encoder.mix.data[-1] = -30, 30  # the last layer alone
    encoder.eval()
    pieces = Tokenizer.from_str(tokenizer.decode())
    pieces.no_padding()
    pieces.no_truncation()
    kept: dict[str, np.ndarray] = {}

    def vector(sentence: str) -> np.ndarray:
        if sentence not in kept:
            ids = torch.tensor([pieces.encode(sentence).ids])
            with torch.no_grad():
                mean = encoder(ids, torch.zeros_like(ids))[0].mean(0).numpy()
            kept[sentence] = mean / np.linalg.norm(mean)
        return kept[sentence]

    rows = pairs("open")
    names = [name for name in WEIGHTS if name != "bias"]
    own = np.array([[evidence(a, b).get(name, 0.0) for name in names] for a, b, _ in rows])
    cosine = np.array([[float(vector(a.sentence) @ vector(b.sentence))] for a, b, _ in rows])
    return {
        "evidence": cross(own, rows), "evidence and vectors": cross(np.hstack([own, cosine]), rows),
        "vectors": cross(cosine, rows),
    }  # fmt: skip


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--penalty", type=float, default=2.0)
    parser.add_argument("--encoder", choices=("minilm", "mpnet"))
    options = parser.parse_args()
    if options.encoder:
        for what, figures in with_vectors(options.encoder).items():
            print(f"{what:22} {json.dumps(figures)}")
        return
    if options.fit:
        print(json.dumps(fit(options.penalty), indent=4))
        return
    for which, ways in measured().items():
        for way, figures in ways.items():
            print(f"{which:5} {way:6} {json.dumps(figures)}")


if __name__ == "__main__":
    main()
