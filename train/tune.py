"""Choose thresholds and calibration of an exported model on development reports, and write them to its manifest.

    python -m train.tune --model src/detente/model --corpus train/corpus/train

Each threshold is moved over a grid, one after the other, three rounds, to the best F1 of its layer. Confidences are then
calibrated by Platt scaling (Platt 1999): a logistic on the raw log-odds of event, statement and mention.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from detente.code.extract import Thresholds
from detente.code.model import Model, Scores
from train import labels, scoring
from train.examples import Example, examples
from train.export import write_manifest
from train.labels import GoldReport
from train.train import is_development

GRID = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)

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
    """Return the thresholds with the best figures, by coordinate ascent; ties go to the value nearest 0.5."""
    best = Thresholds()
    for _ in range(rounds):
        for name, goal in GOALS.items():
            tried = [
                (goal(scoring.measure(reports, data, scores, replace(best, **{name: value}))), -abs(value - 0.5), value)
                for value in GRID
            ]
            best = replace(best, **{name: max(tried)[2]})
    return best


def platt(pairs: Sequence[tuple[float, bool]], steps: int = 200) -> tuple[float, float]:
    """Fit slope and offset of a logistic on raw log-odds by Newton's method, with a little shrinkage."""
    slope, offset = 1.0, 0.0
    xs = [math.log(min(max(p, 1e-6), 1 - 1e-6) / (1 - min(max(p, 1e-6), 1 - 1e-6))) for p, _ in pairs]
    for _ in range(steps):
        g0 = g1 = 0.0
        h00 = h11 = 1e-3
        h01 = 0.0
        for x, (_, right) in zip(xs, pairs, strict=True):
            q = 1 / (1 + math.exp(-(slope * x + offset)))
            w = max(q * (1 - q), 1e-9)
            g0, g1 = g0 + (q - right) * x, g1 + (q - right)
            h00, h01, h11 = h00 + w * x * x, h01 + w * x, h11 + w
        determinant = h00 * h11 - h01 * h01
        down0, down1 = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        slope, offset = slope - down0, offset - down1
        if abs(down0) + abs(down1) < 1e-9:
            break
    return round(slope, 4), round(offset, 4)


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
    options = parser.parse_args()
    model = Model(options.model)
    reports = [r for r in labels.compile_paths([options.corpus])[0] if is_development(r.id)]
    data = examples(reports, model.tokenizer)
    scores = model.score([example.encoded for example in data])
    thresholds = choose(reports, data, scores)
    calibration = calibrate(reports, data, scores, thresholds)
    result = scoring.measure(reports, data, scores, replace(thresholds, calibration=calibration))
    manifest = dict(model.manifest)
    manifest["thresholds"] = {name: getattr(thresholds, name) for name in GOALS}
    manifest["calibration"] = calibration
    manifest["development"] = {
        "reports": len(reports),
        "sentences": len(data),
        **{name: round(value, 4) for name, value in result.figures().items()},
    }
    write_manifest(options.model, manifest)
    print(json.dumps({"thresholds": manifest["thresholds"], "calibration": calibration, **manifest["development"]}))


if __name__ == "__main__":
    main()
