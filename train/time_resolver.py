"""Time the resolver: on the labelled reports joined to one long report, and as a share of coding time.

    python -m train.time_resolver train/corpus/train

Processor time is counted, so that what else runs on the machine tells less.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import detente
from detente.code import coder
from detente.code.resolve import resolve
from detente.gazetteer import Gazetteer
from detente.records import Document, Extraction, Options, Sentence, Span
from train import labels
from train.score_coref import extraction_of


def joined(reports: Sequence[labels.GoldReport]) -> tuple[Document, tuple[Sentence, ...], Extraction]:
    """Join labelled reports to one, mentions, events and statements with them."""
    text, sentences = "", []
    mentions, events, statements = [], [], []
    for report in reports:
        found, offset, first, line = extraction_of(report), len(text), len(mentions), len(sentences)

        def span(old: Span, offset: int = offset) -> Span:
            return Span(old.start + offset, old.end + offset)

        def one(index: int | None, first: int = first) -> int | None:
            return None if index is None else index + first

        text += report.text + "\n\n"
        sentences += [Sentence(start + offset, end + offset) for start, end in report.sentences]
        mentions += [replace(m, span=span(m.span), sentence=m.sentence + line) for m in found.mentions]
        for event in found.events:
            sides = [tuple(index + first for index in side) for side in (event.actors, event.recipients)]
            events.append(
                replace(
                    event, sentence=event.sentence + line, trigger=span(event.trigger), actors=sides[0],
                    recipients=sides[1], place=one(event.place),
                )
            )  # fmt: skip
        for said in found.statements:
            statements.append(
                replace(
                    said, sentence=said.sentence + line, speaker=one(said.speaker), addressee=one(said.addressee),
                    content=tuple(map(span, said.content)),
                )
            )  # fmt: skip
    extraction = Extraction(tuple(mentions), tuple(events), tuple(statements))
    return Document("joined", text, dt.date(2015, 1, 1)), tuple(sentences), extraction


def share_of_coding() -> float:
    """Return the share of the processor time of coding the bundled chronologies that goes to the resolver."""
    spent = 0.0
    plain = coder.resolve

    def timed(*given: Any) -> Any:
        nonlocal spent
        begun = time.thread_time()
        result = plain(*given)
        spent += time.thread_time() - begun
        return result

    coder.resolve = timed
    made = detente.Coder()
    begun = time.process_time()
    for _ in made.code_all(detente.documents(sorted((Path(detente.__path__[0]) / "demo").glob("*.jsonl")))):
        pass
    return spent / (time.process_time() - begun)


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    files = [
        file
        for path in parser.parse_args().paths
        for file in (sorted(path.rglob("*.txt")) if path.is_dir() else [path])
    ]
    document, sentences, extraction = joined(labels.compile_paths(files)[0])
    gazetteer = Gazetteer.load()
    begun = time.process_time()
    resolve(document, sentences, extraction, gazetteer, Options())
    seconds = time.process_time() - begun
    print(f"{len(document.text):,} characters, {len(extraction.mentions):,} mentions: {seconds:.1f} s of the processor")
    print(f"share of coding time: {share_of_coding():.3f}")


if __name__ == "__main__":
    main()
