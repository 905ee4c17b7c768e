"""A small builder of coded documents: spans are found by their words, nothing is counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from detente import plover
from detente.records import CodedDocument, Document, Entity, Event, Mention, Rule, Span, Statement


def coded(
    id: str,
    text: str,
    day: str,
    events: Sequence[dict] = (),
    *,
    coder: str = "detente test",
    source: str | None = "Wire",
    groups: dict[str, Sequence[str]] | None = None,
    statements: Sequence[dict] = (),
    countries: dict[str, tuple[str, str]] | None = None,
) -> CodedDocument:
    """Build a document of one sentence; parties are words of the text, `countries` says what they stand for."""
    known = {
        "China": ("CHN", "GOV"), "Beijing": ("CHN", "GOV"), "Washington": ("USA", "GOV"), "America": ("USA", "GOV"),
        "Japan": ("JPN", "GOV"), "Russia": ("RUS", "GOV"), **(countries or {}),
    }  # fmt: skip
    entities: dict[str, Entity] = {}
    mentions: dict[str, Mention] = {}

    def entity(name: str) -> str:
        if name not in entities:
            members = tuple(entity(m) for m in (groups or {}).get(name, ()))
            country, sector = known.get(name, (None, None))
            entities[name] = Entity(
                f"e{len(entities) + 1}", name, "group" if members else "country", country,
                (sector,) if sector else (), None, members,
            )  # fmt: skip
        return entities[name].id

    def mention(words: str) -> str:
        if words not in mentions:
            start = text.index(words)
            key = entity(words)
            mentions[words] = Mention(f"m{len(mentions) + 1}", start, start + len(words), words, key, Rule.NAME)
        return mentions[words].id

    def span(words: str) -> Span:
        start = text.index(words)
        return Span(start, start + len(words))

    made = []
    for number, event in enumerate(events, 1):
        mode = event.get("mode")
        date = event.get("date", day)
        first, _, last = (date or "").partition("..")
        made.append(
            Event(
                f"v{number}",
                event["type"],
                mode,
                tuple(event.get("contexts", ())),
                event.get("status", "actual"),
                event.get("attributed", False),
                event.get("statement"),
                tuple(map(mention, event.get("actors", ()))),
                tuple(map(mention, event.get("recipients", ()))),
                mention(event["place"]) if event.get("place") else None,
                (dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)) if date else None,
                None,
                "exact" if date else None,
                span(event["trigger"]) if event.get("trigger") else Span(0, 1),
                0,
                plover.QUAD[event["type"]],
                plover.intensity(event["type"], mode),
                event.get("confidence", 0.9),
            )
        )
    spoken = [
        Statement(
            f"s{number}",
            mention(s["speaker"]) if s.get("speaker") else None,
            span(s["cue"]) if s.get("cue") else None,
            tuple(map(span, s["content"])),
            None,
            None,
            "indirect",
            0.9,
        )
        for number, s in enumerate(statements, 1)
    ]
    return CodedDocument(
        Document(id, text, dt.date.fromisoformat(day), source=source, url=f"https://example.org/{id}"),
        (Span(0, len(text)),), tuple(entities.values()), tuple(mentions.values()), tuple(made), tuple(spoken), coder,
    )  # fmt: skip
