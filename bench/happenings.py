"""How well reports are joined to happenings, on scenes written for it: `tests/cases/happenings.jsonl`.

    python -m bench.happenings [--fit]

A scene is a few reports of one type between the same parties in the same days, each marked with the act it tells of;
every two reports of a scene are a labelled pair. Scenes are halved by the hash of their id: weights are tuned on
"open" alone, "held" is only measured. `pairs` judges each pair by itself; `join` joins all scenes' reports at once, as
a store does, and counts a pair as joined if both stand in one happening. `--fit` fits the weights on the open half by
penalised logistic regression and prints them.
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


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--penalty", type=float, default=2.0)
    options = parser.parse_args()
    if options.fit:
        print(json.dumps(fit(options.penalty), indent=4))
        return
    for which, ways in measured().items():
        for way, figures in ways.items():
            print(f"{which:5} {way:6} {json.dumps(figures)}")


if __name__ == "__main__":
    main()
