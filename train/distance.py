"""How far the corpus is from real news: sentence length, quotation, names, attribution, vocabulary.

    python -m train.distance [--shared ../shared]

Real news is that of ../shared, read in place: articles on Syria, leads on China and the United States, PolNeAR's training
articles with their attributions. Nothing of them is kept. Where a set is not at hand it is left out, and said.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.code.coder import openings
from detente.code.model import quotation
from detente.code.split import sentences as split
from detente.read.documents import document
from detente.records import Document
from train import labels

_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*|\d[\d,.]*")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a set of reports looks like.

    `length`: 10th, 50th and 90th percentile of words a sentence; `quoted`: share of characters inside quotation marks;
    `capitals`: capitalised words inside a sentence, each; `attribution`: attributions a sentence, None where not labelled.
    """

    name: str
    reports: int
    sentences: int
    length: tuple[int, int, int]
    quoted: float
    capitals: float
    attribution: float | None
    words: Counter[str]


def profile(name: str, documents: Iterable[Document], attributions: int | None = None) -> Profile:
    """Measure a set of reports."""
    lengths: list[int] = []
    words: Counter[str] = Counter()
    quoted = characters = capitals = reports = 0
    for item in documents:
        reports += 1
        found = split(item)
        for sentence, opened in zip(found, openings(item, found), strict=True):
            text = item.text[sentence.start : sentence.end]
            tokens = _WORD.findall(text)
            lengths.append(len(tokens))
            words.update(token.lower() for token in tokens)
            capitals += sum(token[0].isupper() for token in tokens[1:])
            flags, _ = quotation(text, opened)
            quoted, characters = quoted + sum(flags), characters + len(flags)
    lengths.sort()

    def at(share: float) -> int:
        return lengths[int(share * (len(lengths) - 1))]

    count = max(len(lengths), 1)
    rate = None if attributions is None else attributions / count
    return Profile(
        name,
        reports,
        len(lengths),
        (at(0.1), at(0.5), at(0.9)),
        quoted / max(characters, 1),
        capitals / count,
        rate,
        words,
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def real(shared: Path) -> list[Profile]:
    """Measure the real sets that are at hand."""
    found = []
    for name, path in (
        ("Syria 2016–19", "articles/syria_2016_2019.jsonl"),
        ("China–US leads", "articles/china_us_leads_2009_2020.jsonl"),
        ("PolNeAR train", "eval/polnear/train.jsonl"),
    ):
        if not (shared / path).is_file():
            print(f"{name}: left out, {shared / path} is not here")
            continue
        rows = _rows(shared / path)
        told = sum(len(row["attributions"]) for row in rows) if "attributions" in rows[0] else None
        found.append(profile(name, (document(r["text"], r.get("date") or "2016-06-01") for r in rows), told))
    return found


def coverage(corpus: Profile, other: Profile) -> float:
    """Return the share of another set's running words that stand in the corpus at all."""
    total = sum(other.words.values())
    return sum(count for word, count in other.words.items() if word in corpus.words) / max(total, 1)


def table(corpus: Sequence[Profile], others: Sequence[Profile]) -> str:
    """Return the profiles as a Markdown table."""
    lines = [
        "| set | reports | sentences | words a sentence (p10, median, p90) | inside quotation marks | capitalised words "
        "a sentence | attributions a sentence | running words known to the training reports |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for item in (*corpus, *others):
        told = "" if item.attribution is None else f"{item.attribution:.2f}"
        lines.append(
            f"| {item.name} | {item.reports} | {item.sentences} | {', '.join(map(str, item.length))} | {item.quoted:.0%} "
            f"| {item.capitals:.1f} | {told} | {coverage(corpus[0], item):.1%} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("train/corpus"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    options = parser.parse_args()
    own = []
    for part in ("train", "test"):
        reports, _, _ = labels.compile_paths([options.corpus / part])
        told = sum(len(report.statements) for report in reports)
        own.append(profile(f"our {part} reports", (document(r.text, r.date) for r in reports), told))
    print(table(own, real(options.shared)))


if __name__ == "__main__":
    main()
