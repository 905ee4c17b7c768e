"""How far two labellers who did not see each other's work agree, layer by layer.

    python -m train.agreement train/corpus/test train/corpus/blind

The first folder holds the settled labels, the second the blind labelling of (some of) the same reports; the texts must be
the same. F1 is symmetric: either side may stand for the truth. Chance-corrected agreement on labels of events both
found is Krippendorff's alpha for nominal data (Krippendorff 2011, two coders, nothing missing).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from detente.records import EventDraft, Extraction, MentionDraft, Span, StatementDraft
from train import labels, scoring
from train.labels import GoldReport


def extraction_of(report: GoldReport) -> Extraction:
    """Return a labelled report in the form that is scored."""
    return Extraction(
        tuple(MentionDraft(Span(m.start, m.end), m.sentence, (), (), 1.0) for m in report.mentions),
        tuple(
            EventDraft(
                e.sentence, Span(*e.trigger), e.type, e.mode, e.status, e.contexts, e.actors, e.recipients, e.place,  # type: ignore[arg-type]
                Span(*e.time) if e.time else None, 1.0,
            )
            for e in report.events
        ),
        tuple(
            StatementDraft(
                s.sentence, s.speaker, Span(*(s.cue or s.content[0])), tuple(Span(*p) for p in s.content), s.addressee, 1.0
            )
            for s in report.statements
        ),
    )  # fmt: skip


def beginning(report: GoldReport, sentences: int) -> GoldReport:
    """Return a report's first sentences: one to which a sentence was added after the blind labelling is compared so."""
    end = report.sentences[sentences - 1][1]
    return replace(
        report,
        text=report.text[:end],
        sentences=report.sentences[:sentences],
        mentions=tuple(m for m in report.mentions if m.sentence < sentences),
        events=tuple(e for e in report.events if e.sentence < sentences),
        statements=tuple(
            replace(s, content=tuple(piece for piece in s.content if piece[1] <= end))
            for s in report.statements
            if s.sentence < sentences
        ),
    )


def alpha(pairs: Sequence[tuple[object, object]]) -> float:
    """Return Krippendorff's alpha of two coders' nominal labels of the same units; 1.0 where nothing can differ."""
    counts = Counter(value for pair in pairs for value in pair)
    total = sum(counts.values())
    differ = sum(a != b for a, b in pairs) / max(len(pairs), 1)
    expected = 1 - sum(n * (n - 1) for n in counts.values()) / max(total * (total - 1), 1)
    return 1.0 if expected == 0 else 1 - differ / expected


def measure(settled: Path, blind: Path, listed: int = 0) -> tuple[int, int, dict[str, float]]:
    """Compare two labellings of the same reports.

    Args:
        settled: folder of the settled labels.
        blind: folder of the blind labelling of some of the same reports.
        listed: show so many reports' differences in events.

    Returns:
        Reports and sentences compared, and the agreement by layer.
    """
    first = {report.id: report for report in labels.compile_paths([settled])[0]}
    second, errors, _ = labels.compile_paths([blind])
    for line in errors:
        print("left out:", line)
    result = scoring.Result()
    pairs: dict[str, list[tuple[object, object]]] = {"type": [], "mode": [], "status": [], "country": [], "sector": []}
    reports = sentences = 0
    for other in second:
        own = first.get(other.id)
        if own is None or not own.text.startswith(other.text):
            print(f"left out: {other.id} has no counterpart with the same text")
            continue
        own = beginning(own, len(other.sentences))
        reports, sentences = reports + 1, sentences + len(own.sentences)
        drafts = extraction_of(other)
        scoring.add(result, own, drafts)
        matched = scoring.match_events(own.events, drafts.events, typed=False)
        for i, j in matched:
            one, two = own.events[i], other.events[j]
            pairs["type"].append((one.type, two.type))
            if one.type == two.type:
                pairs["mode"].append((one.mode, two.mode))
            pairs["status"].append((one.status, two.status))
        spans = {(m.start, m.end): m.entity for m in other.mentions}
        mine, theirs = ({e.key: e for e in r.entities} for r in (own, other))
        for mention in own.mentions:
            key = spans.get((mention.start, mention.end))
            if key is not None and "+" not in key and "+" not in mention.entity:
                a, b = mine[mention.entity], theirs[key]
                pairs["country"].append((a.country, b.country))
                pairs["sector"].append((a.sectors[:1], b.sectors[:1]))
        if reports <= listed:
            _differences(own, other, matched)
    links = {
        f"{name} links of agreed events, F1": result.links[name].f1 for name in ("actor", "recipient", "place", "time")
    }
    return reports, sentences, {
        "mentions, exact span, F1": result.mentions.f1,
        "events, trigger overlaps, F1": result.triggers.f1,
        "events, trigger overlaps and same type, F1": result.micro.f1,
        **links,
        "contexts of agreed events, F1": result.contexts.f1,
        "statements, same speaker and half the content, F1": result.statements.f1,
        **{f"{name}, alpha ({len(values)} cases)": alpha(values) for name, values in pairs.items()},
    }  # fmt: skip


def table(figures: dict[str, float]) -> str:
    """Return agreement as a Markdown table."""
    return "\n".join(
        ["| layer | agreement |", "|---|---|", *(f"| {name} | {value:.3f} |" for name, value in figures.items())]
    )


def main() -> None:
    """Print the table and, last, one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settled", type=Path)
    parser.add_argument("blind", type=Path)
    parser.add_argument("--list", type=int, default=0, help="show so many reports' differences in events")
    options = parser.parse_args()
    reports, sentences, figures = measure(options.settled, options.blind, options.list)
    print(f"{reports} reports, {sentences} sentences labelled twice\n\n{table(figures)}")
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


def _differences(own: GoldReport, other: GoldReport, matched: Sequence[tuple[int, int]]) -> None:
    hit, found = {i for i, _ in matched}, {j for _, j in matched}
    print(f"{own.id}")
    spans = [{(m.start, m.end): m for m in report.mentions} for report in (own, other)]
    for name, mine, theirs in (("settled", *spans), ("blind", *spans[::-1])):
        only = [own.text[start:end] for start, end in mine if (start, end) not in theirs]
        if only:
            print(f"  mentions only {name}: {only}")
    said = [{(s.speaker is not None, tuple(s.content)): s for s in report.statements} for report in (own, other)]
    for name, mine_s, theirs_s in (("settled", *said), ("blind", *said[::-1])):
        for key, statement in mine_s.items():
            if key not in theirs_s:
                words = own.text[statement.content[0][0] : statement.content[0][1]][:60]
                print(f"  statement only {name}: {words!r}")
    for name, report, seen in (("settled", own, hit), ("blind", other, found)):
        for number, event in enumerate(report.events):
            if number not in seen:
                print(f"  only {name}: {report.text[slice(*event.trigger)]!r} {event.type}/{event.mode} {event.status}")
    for i, j in matched:
        one, two = own.events[i], other.events[j]
        parties = [
            [
                sorted(report.text[report.mentions[m].start : report.mentions[m].end] for m in side)
                for side in (e.actors, e.recipients)
            ]
            for report, e in ((own, one), (other, two))
        ]
        if parties[0] != parties[1]:
            print(f"  {own.text[slice(*one.trigger)]!r} parties: {parties[0]} ≠ {parties[1]}")
        if (one.type, one.mode, one.status) != (two.type, two.mode, two.status):
            print(
                f"  {own.text[slice(*one.trigger)]!r}: {one.type}/{one.mode} {one.status} ≠ {two.type}/{two.mode} {two.status}"
            )


if __name__ == "__main__":
    main()
