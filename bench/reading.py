"""How reading does on articles that were not written for it, and how fast sentences are split: figures of docs/reading.md.

    python -m bench.reading [--shared ../shared]

Counts which reports are marked as cut off and which are not taken for English; splits the written cases with the own
splitter and, where it is installed (`pip install pysbd`), with pysbd; times both. Prints a table and one JSON line last.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

from detente import Document, documents
from detente.code.split import spans
from detente.read.language import CODED, language

CASES = Path(__file__).parents[1] / "tests" / "cases"
ARTICLES = ("syria_2016_2019.jsonl", "china_us_leads_2009_2020.jsonl")


def own(text: str) -> list[str]:
    """Split with the own splitter."""
    return [text[start:end] for start, end in spans(text, 0, len(text))]


def splitters() -> dict[str, Callable[[str], list[str]]]:
    """Return the splitters at hand."""
    try:
        import pysbd
    except ImportError:
        return {"own": own}
    other = pysbd.Segmenter(language="en", clean=False)
    return {"own": own, "pysbd": lambda text: [sentence.strip() for sentence in other.segment(text)]}


def cases(name: str) -> list[dict]:
    """Read written cases."""
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text("utf-8").splitlines()]


def split(texts: list[str]) -> dict[str, object]:
    """Count written cases split rightly, and time the splitters on texts."""
    found: dict[str, object] = {}
    for name, work in splitters().items():
        right = 0
        for case in cases("sentences"):
            text = ("" if "。" in case["sentences"][0] else " ").join(case["sentences"])
            right += work(text) == case.get("expect", case["sentences"])
        began = time.process_time()
        count = sum(len(work(text)) for text in texts)
        found[f"cases split, {name}"] = f"{right} of {len(cases('sentences'))}"
        found[f"sentences/s, {name}"] = round(count / (time.process_time() - began))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).parents[2] / "shared")
    options = parser.parse_args()
    figures: dict[str, object] = {}
    everything: list[Document] = []
    for name in ARTICLES:
        reports = list(documents(options.shared / "articles" / name, on_fault=lambda fault: None))
        figures[f"cut off, {name}"] = f"{sum(r.truncated for r in reports)} of {len(reports)}"
        everything += reports
    foreign = sum(language(report.text) != CODED for report in everything)
    figures["English reports taken for another language"] = f"{foreign} of {len(everything)}"
    right = sum(language(case["text"]) == case["language"] for case in cases("languages"))
    figures["languages told, written cases"] = f"{right} of {len(cases('languages'))}"
    figures |= split([report.text for report in everything[:100]])
    for key, value in figures.items():
        print(f"{key:52} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
