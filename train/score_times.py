"""Measure the grammar of times: on the written cases, or on the times of labelled events.

    python -m train.score_times
    python -m train.score_times train/corpus/train [--unresolved N]

Of the cases the half held apart is scored and never listed. Of reports the words are the labels' own; each is read twice:
by itself, and with the time of the event told before it, as the coder reads it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

from detente.code.dates import resolve
from detente.records import When
from train import labels

CASES = Path(__file__).parents[1] / "tests" / "cases" / "times.jsonl"


def read_case(case: dict[str, Any]) -> When:
    """Resolve the expression of a case."""
    day = dt.date.fromisoformat(case["previous"]) if case.get("previous") else None
    previous = When(day, day, "day", "stated", "exact") if day else None
    return resolve(
        case["expression"], dt.date.fromisoformat(case["document"]), previous=previous, future=case.get("future", False)
    )


def is_right(case: dict[str, Any], got: When) -> bool:
    """Whether days, granularity and kind are those of the case."""
    start, end = (dt.date.fromisoformat(case[name]) if case[name] else None for name in ("start", "end"))
    if (got.granularity, got.kind) != (case["granularity"], case["kind"]):
        return False
    if case.get("within") and start and end and got.start and got.end:  # the moon decides: a day more to either side
        day = dt.timedelta(1)
        return start - 2 * day <= got.start <= start and end <= got.end <= end + 2 * day
    return (got.start, got.end) == (start, end)


def score_cases() -> None:
    """Print how many cases of either half are right."""
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    for split in ("dev", "held"):
        own = [case for case in cases if case["split"] == split]
        right = sum(is_right(case, read_case(case)) for case in own)
        print(f"{split:5} {right / len(own):.3f} ({right} of {len(own)})")


def main() -> None:
    """Print the shares and, last, one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument(
        "--unresolved", type=int, default=0, help="list the N most frequent expressions left unresolved"
    )
    arguments = parser.parse_args()
    if not arguments.paths:
        score_cases()
        return
    files = [file for path in arguments.paths for file in (sorted(path.rglob("*.txt")) if path.is_dir() else [path])]
    counts, left = Counter[str](), Counter[str]()
    for report in labels.compile_paths(files)[0]:
        day = dt.date.fromisoformat(report.date)
        before: When | None = None
        for event in report.events:
            if event.time is None or event.date is None:
                continue
            words = report.text[event.time[0] : event.time[1]]
            want = tuple(map(dt.date.fromisoformat, event.date))
            for name, previous in (("alone", None), ("told", before)):
                got = resolve(words, day, previous=previous, future=event.status in ("planned", "hypothetical"))
                counts[f"{name} of"] += 1
                if got.start is None or got.end is None:
                    counts[f"{name} unresolved"] += 1
                    left[words.lower()] += name == "told"
                elif (got.start, got.end) == want:
                    counts[f"{name} right"] += 1
                else:
                    counts[f"{name} {'overlaps' if got.start <= want[1] and want[0] <= got.end else 'wrong'}"] += 1
                if name == "told" and got.start is not None:
                    before = got
    for words, count in left.most_common(arguments.unresolved):
        print(f"{count:4} {words}")
    for name, meaning in (("alone", "by itself"), ("told", "after the event told before")):
        shares = ", ".join(
            f"{part} {counts[f'{name} {part}'] / max(counts[f'{name} of'], 1):.3f}"
            for part in ("right", "overlaps", "unresolved", "wrong")
        )
        print(f"{meaning}: {shares} of {counts[f'{name} of']}")
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
