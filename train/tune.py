"""Choose thresholds and calibration of an exported model on development reports, and write them to its manifest.

    python -m train.tune --model src/detente/model --corpus train/corpus/train

Each threshold is moved over a grid, one after the other, two rounds, to the best F1 of its layer. Confidences are
then calibrated by Platt scaling (Platt 1999): a logistic on the raw log-odds of event, statement and mention.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from detente.code.extract import Thresholds
from detente.code.model import Model, Scores
from detente.measure.level import ErrorRates
from train import labels, scoring
from train.examples import Example, examples
from train.folds import is_development
from train.labels import GoldReport
from train.manifest import write_manifest

GRID = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)

NEAR = 0.008
"""Figures so near to the best count as equal: on some 600 events their difference is chance."""

GOALS: dict[str, Callable[[scoring.Result], float]] = {
    "mention": lambda r: r.mentions.f1,
    "trigger": lambda r: r.micro.f1,
    "actor": lambda r: r.links["actor"].f1,
    "recipient": lambda r: r.links["recipient"].f1,
    "place": lambda r: r.links["place"].f1,
    "time": lambda r: r.links["time"].f1,
    "timelink": lambda r: r.links["time"].f1,
    "contexts": lambda r: r.contexts.f1,
    "cue": lambda r: r.statements.f1,
    "member": lambda r: r.statements.f1,
    "speaker": lambda r: r.statements.f1,
    "content": lambda r: r.statements.f1,
}
"""Threshold → the figure it is chosen for."""


def choose(
    reports: Sequence[GoldReport], data: Sequence[Example], scores: Sequence[Scores], rounds: int = 2
) -> Thresholds:
    """Return the thresholds with the best figures, by coordinate ascent.

    Of values that come within `NEAR` of the best the lowest is taken: a user can leave out what is unsure by its
    confidence, but cannot have back what was never coded.
    """
    best = Thresholds()
    for _ in range(rounds):
        for name, goal in GOALS.items():
            tried = {
                value: goal(scoring.measure(reports, data, scores, replace(best, **{name: value}))) for value in GRID
            }
            most = max(tried.values())
            best = replace(best, **{name: min(value for value, figure in tried.items() if figure >= most - NEAR)})
    return best


def platt(pairs: Sequence[tuple[float, bool]], steps: int = 100) -> tuple[float, float]:
    """Fit slope and offset of a logistic on raw log-odds by damped Newton steps.

    A weak prior about slope 1 and offset 0 keeps few or separable cases finite.
    """
    x = np.array([math.log(min(max(p, 1e-6), 1 - 1e-6) / (1 - min(max(p, 1e-6), 1 - 1e-6))) for p, _ in pairs])
    y = np.array([float(right) for _, right in pairs])
    at = np.array([1.0, 0.0])

    def cost(w: np.ndarray[Any, Any]) -> float:
        z = w[0] * x + w[1]
        return float((np.logaddexp(0, z) - y * z).sum() + 0.5 * ((w - (1.0, 0.0)) ** 2).sum())

    for _ in range(steps):
        q = 0.5 * (1 + np.tanh(0.5 * (at[0] * x + at[1])))
        w = q * (1 - q)
        gradient = np.array([((q - y) * x).sum() + at[0] - 1, (q - y).sum() + at[1]])
        curve = np.array([[(w * x * x).sum() + 1, (w * x).sum()], [(w * x).sum(), w.sum() + 1]])
        step = np.linalg.solve(curve, gradient)
        size = 1.0
        while size > 1e-6 and cost(at - size * step) > cost(at):
            size /= 2
        at = at - size * step
        if float(np.abs(size * step).sum()) < 1e-9:
            break
    return round(float(at[0]), 4), round(float(at[1]), 4)


def calibrate(
    reports: Sequence[GoldReport], data: Sequence[Example], scores: Sequence[Scores], thresholds: Thresholds
) -> dict[str, tuple[float, float]]:
    """Return the calibration of each layer whose confidence is given out."""
    raw = scoring.measure(reports, data, scores, replace(thresholds, calibration={})).confidences
    return {layer: platt(pairs) for layer, pairs in sorted(raw.items()) if len(pairs) >= 50}


def main() -> None:
    """Tune and write the manifest; print the development figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("src/detente/model"))
    parser.add_argument("--corpus", type=Path, default=Path("train/corpus/train"))
    parser.add_argument("--one-in", type=int, default=12, help="as in training")
    options = parser.parse_args()
    model = Model(options.model)
    reports = [r for r in labels.compile_paths([options.corpus])[0] if is_development(r.id, options.one_in)]
    data = examples(reports, model.tokenizer)
    scores = model.score([example.encoded for example in data])
    thresholds = choose(reports, data, scores)
    calibration = calibrate(reports, data, scores, thresholds)
    result = scoring.measure(reports, data, scores, replace(thresholds, calibration=calibration))
    manifest = dict(model.manifest)
    manifest["thresholds"] = {name: getattr(thresholds, name) for name in GOALS}
    manifest["calibration"] = calibration
    # An event's own calibrated confidence says more of it than the mean precision does.
    manifest["errors"] = asdict(replace(ErrorRates.measured(result.intensities), precision=None))
    manifest["development"] = {
        "reports": len(reports),
        "sentences": len(data),
        **{name: round(value, 4) for name, value in result.figures().items()},
    }
    write_manifest(options.model, manifest)
    print(json.dumps({"thresholds": manifest["thresholds"], "calibration": calibration, **manifest["development"]}))


if __name__ == "__main__":
    main()
