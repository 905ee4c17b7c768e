"""A coded document as HTML: its text with actors, triggers, recipients, speakers and contents marked.

Everything of the text is escaped; no script, no address and no style of it is taken over. Colours are those of
Okabe and Ito (2008), told apart by people who see few of them, and every mark also has its own line style.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from detente.records import CodedDocument, Event, Span

STYLES: Final = {
    "trigger": ("#D55E00", "solid"),
    "actor": ("#0072B2", "solid"),
    "recipient": ("#009E73", "double"),
    "speaker": ("#CC79A7", "solid"),
    "cue": ("#CC79A7", "dotted"),
    "content": ("#CC79A7", "dashed"),
    "time": ("#E69F00", "dotted"),
    "place": ("#56B4E9", "dotted"),
}
"""Role → colour and line style of its mark."""

_UNSHOWN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A span with the role it plays and the words shown when a pointer rests on it."""

    span: Span
    role: str
    note: str


def marks(coded: CodedDocument) -> list[Mark]:
    """Return the marks of a document: of every event its trigger, parties, place and time; of every statement its parts."""
    mentions = {mention.id: Span(mention.start, mention.end) for mention in coded.mentions}
    found: list[Mark] = []
    for event in coded.events:
        what = describe(event)
        found.append(Mark(event.trigger, "trigger", f"{event.id} {what}"))
        for role, ids in (("actor", event.actors), ("recipient", event.recipients)):
            for name in ids:
                entity = coded.entity(name)
                who = " ".join(part for part in (entity.name, entity.country, *entity.sectors) if part)
                found.append(Mark(mentions[name], role, f"{role} of {event.id}: {who}"))
        if event.location is not None:
            found.append(Mark(mentions[event.location], "place", f"place of {event.id}"))
        if event.date_text is not None:
            days = "unresolved" if event.date is None else " to ".join(dict.fromkeys(d.isoformat() for d in event.date))
            found.append(Mark(event.date_text, "time", f"time of {event.id}: {days}"))
    for statement in coded.statements:
        if statement.speaker is not None:
            entity = coded.entity(statement.speaker)
            found.append(Mark(mentions[statement.speaker], "speaker", f"speaker of {statement.id}: {entity.name}"))
        if statement.cue is not None:
            found.append(Mark(statement.cue, "cue", f"cue of {statement.id}"))
        found += [Mark(span, "content", f"content of {statement.id}") for span in statement.content]
    return found


def describe(event: Event) -> str:
    """Return an event's type, mode, status and confidence in a few words."""
    kind = event.type + (f"/{event.mode}" if event.mode else "")
    return f"{kind}, {event.status}{', attributed' if event.attributed else ''}, {event.confidence:.2f}"


def shown(text: str) -> str:
    """Return text fit to be shown: without control characters, direction overrides and lone surrogates."""
    return _UNSHOWN.sub("\ufffd", text)


def marked(text: str, start: int, end: int, found: Iterable[Mark]) -> str:
    """Return `text[start:end]` as escaped HTML with its marks; overlapping marks share their pieces.

    Args:
        text: the whole text.
        start: first code point.
        end: last code point, exclusive.
        found: marks in code points of the whole text.
    """
    inside = [mark for mark in found if mark.span.start < end and start < mark.span.end]
    cuts = sorted({start, end, *(max(start, m.span.start) for m in inside), *(min(end, m.span.end) for m in inside)})
    pieces = []
    for low, high in pairwise(cuts):
        here = [mark for mark in inside if mark.span.start <= low and high <= mark.span.end]
        words = html.escape(shown(text[low:high]))
        if here:
            roles = dict.fromkeys(mark.role for mark in here)
            note = html.escape(shown("; ".join(dict.fromkeys(mark.note for mark in here))))
            words = f'<span class="{" ".join(f"d-{role}" for role in roles)}" title="{note}">{words}</span>'
        pieces.append(words)
    return "".join(pieces)


def to_html(coded: CodedDocument) -> str:
    """Return a fragment for a notebook: legend, the text paragraph by paragraph, and a table of the events."""
    found = marks(coded)
    document = coded.document
    rules = "".join(
        f".detente .d-{role}{{border-bottom:2px {line} {colour};"
        f"{f'background:{colour}2a' if role in ('trigger', 'actor', 'recipient') else ''}}}"
        for role, (colour, line) in STYLES.items()
    )
    legend = " ".join(f'<span class="d-{role}">{role}</span>' for role in STYLES)
    body = (
        "".join(f"<p>{marked(document.text, part.start, part.end, found)}</p>" for part in document.parts)
        or f"<p>{marked(document.text, 0, len(document.text), found)}</p>"
    )
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(shown(cell))}</td>" for cell in _row(coded, event)) + "</tr>"
        for event in coded.events
    )
    head = "".join(f"<th>{name}</th>" for name in ("", "date", "event", "status", "actors", "recipients", "trigger"))
    title = html.escape(shown(document.title or document.id))
    return (
        f'<div class="detente"><style>{rules}</style><p><b>{title}</b> {document.date.isoformat()} · {legend}</p>'
        f"{body}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(coded: CodedDocument, event: Event) -> list[str]:
    def names(ids: Iterable[str]) -> str:
        return ", ".join(f"{coded.entity(i).name} ({coded.entity(i).country or '–'})" for i in ids)

    days = "" if event.date is None else " to ".join(dict.fromkeys(day.isoformat() for day in event.date))
    kind = event.type + (f"/{event.mode}" if event.mode else "")
    return [
        event.id, days, kind, event.status, names(event.actors), names(event.recipients), coded.slice(event.trigger)
    ]  # fmt: skip
