"""The types that pass between rooms. All are frozen; a stage returns a new value and edits none.

    bytes ─read→ Document ─split→ Sentence* ─extract→ Extraction ─resolve→ Entity*, Mention* ─date→ When*
          ⇒ CodedDocument ─store→ table ─measure→ series

Offsets are Unicode code points into `Document.text`, end exclusive: `text[start:end]` is the span, always.
The JSON and Arrow forms of a `CodedDocument` (record version 1) are derived from these types, here only.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from detente import plover
from detente.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

RECORD_VERSION = 1

PartKind = Literal[
    "title", "paragraph", "tweet", "caption", "repeat", "byline", "dateline", "boilerplate", "correction"
]
EntityKind = Literal["person", "country", "organisation", "group", "place", "other"]
StatementKind = Literal["direct", "indirect", "mixed"]


class Span(NamedTuple):
    """Half-open range of code points: `text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One input that could not be used: the file, the record in it (number or id) and the reason."""

    file: str
    record: str | None
    reason: str

    def __str__(self) -> str:
        """Return the one line that is shown: `file:record: reason`."""
        return f"{self.file}:{self.record}: {self.reason}" if self.record else f"{self.file}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a document with one role; `author` and `date` for embedded posts and captions."""

    start: int
    end: int
    kind: PartKind
    author: str | None = None
    date: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One report as read. `text` is never rewritten afterwards: every span slices it.

    `parts` are in order of start. A part of kind tweet, caption or repeat may interrupt a paragraph: then
    the paragraph is two parts or the inner part lies inside it, and sentences are split around it.
    `date_rule` says which metadata gave the date ("json:date", "meta:article:published_time", "option", …).
    `origin` is the file, and the record in it, that it was read from, for who has to name it in a fault; it is no
    part of the report and is not stored.
    """

    id: str
    text: str
    date: dt.date
    title: str | None = None
    source: str | None = None
    url: str | None = None
    author: str | None = None
    language: str = "en"
    parts: tuple[Part, ...] = ()
    truncated: bool = False
    date_rule: str | None = None
    origin: tuple[str, str | None] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence's span and the index into `Document.parts` of the part it lies in (-1: none)."""

    start: int
    end: int
    part: int = -1


@dataclass(frozen=True, slots=True)
class MentionDraft:
    """A span the model marks as an actor, organisation or place, with the model's own guesses.

    `kinds` and `sectors` map a label to its probability (only labels above 0.05 are kept).
    """

    span: Span
    sentence: int
    kinds: tuple[tuple[str, float], ...]
    sectors: tuple[tuple[str, float], ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class EventDraft:
    """What a sentence says happened, in spans and labels; no country, no date yet.

    `actors`, `recipients` and `place` index `Extraction.mentions`. `confidence` is calibrated, 0 to 1.
    """

    sentence: int
    trigger: Span
    type: str
    mode: str | None
    status: plover.Status
    contexts: tuple[str, ...]
    actors: tuple[int, ...]
    recipients: tuple[int, ...]
    place: int | None
    time: Span | None
    confidence: float


@dataclass(frozen=True, slots=True)
class StatementDraft:
    """Content attributed to a source; `speaker` and `addressee` index `Extraction.mentions`."""

    sentence: int
    speaker: int | None
    cue: Span | None
    content: tuple[Span, ...]
    addressee: int | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that the model found in one document, in order of position."""

    mentions: tuple[MentionDraft, ...] = ()
    events: tuple[EventDraft, ...] = ()
    statements: tuple[StatementDraft, ...] = ()


class Rule(StrEnum):
    """What decided which entity a mention is."""

    NAME = "name"
    OFFICE = "office"
    OFFICE_HOLDER = "office-holder"
    DEMONYM = "demonym"
    SEAT = "seat"
    PLACE = "place"
    LEARNED = "learned"
    COREFERENCE = "coreference"
    MEMBERS = "members"
    MODEL = "model"
    USER = "user"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Entity:
    """A person, state, organisation, group or place of one document.

    `country` is ISO 3166-1 alpha-3 or one of `plover.SPECIAL_COUNTRIES`; `sectors` has the primary one first.
    `members` are entity ids, for a mention that stands for several ("the two countries").
    `region`, `latitude` and `longitude` (degrees) are of places only, never a country's centre.
    """

    id: str
    name: str
    kind: EntityKind
    country: str | None = None
    sectors: tuple[str, ...] = ()
    title: str | None = None
    members: tuple[str, ...] = ()
    wikidata: str | None = None
    region: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class LearnedRole:
    """A role that a report gave a person ("China's Vice Foreign Minister Le Yucheng"), with the report's day."""

    name: str
    country: str
    sectors: tuple[str, ...]
    title: str
    date: dt.date


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity's exact words in the text, and the rule that linked them."""

    id: str
    start: int
    end: int
    text: str
    entity: str
    rule: Rule = Rule.NONE


Granularity = Literal["day", "week", "month", "quarter", "season", "year", "decade", "period", "none"]
Basis = Literal["stated", "relative", "document", "unresolved"]
TimeKind = Literal["exact", "approximate", "range", "unresolved"]


@dataclass(frozen=True, slots=True)
class When:
    """Resolved time: first and last day (None if unresolved), how fine, and what it rests on."""

    start: dt.date | None
    end: dt.date | None
    granularity: Granularity
    basis: Basis
    kind: TimeKind


@dataclass(frozen=True, slots=True)
class Event:
    """One coded event. `actors`, `recipients`, `location` are mention ids; `date` first and last day."""

    id: str
    type: str
    mode: str | None
    contexts: tuple[str, ...]
    status: plover.Status
    attributed: bool
    statement: str | None
    actors: tuple[str, ...]
    recipients: tuple[str, ...]
    location: str | None
    date: tuple[dt.date, dt.date] | None
    date_text: Span | None
    date_kind: TimeKind | None
    trigger: Span
    sentence: int
    quad: plover.Quad
    intensity: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Statement:
    """One coded statement. `speaker` and `addressee` are mention ids; `content` its pieces in order."""

    id: str
    speaker: str | None
    cue: Span | None
    content: tuple[Span, ...]
    addressee: str | None
    venue: str | None
    kind: StatementKind
    confidence: float


@dataclass(frozen=True, slots=True)
class CodedDocument:
    """A document with everything coded from it: record version 1."""

    document: Document
    sentences: tuple[Span, ...]
    entities: tuple[Entity, ...]
    mentions: tuple[Mention, ...]
    events: tuple[Event, ...]
    statements: tuple[Statement, ...]
    coder: str

    def slice(self, span: Span) -> str:
        """Return the words of a span."""
        return self.document.text[span.start : span.end]

    def entity(self, mention_id: str) -> Entity:
        """Return the entity of a mention id.

        Raises:
            KeyError: no such mention or entity in this document.
        """
        for mention in self.mentions:
            if mention.id == mention_id:
                for entity in self.entities:
                    if entity.id == mention.entity:
                        return entity
        raise KeyError(mention_id)

    def _repr_html_(self) -> str:
        """Show the report with its spans highlighted, in a notebook."""
        from detente import highlight

        return highlight.to_html(self)


def _plain(value: Any) -> Any:
    if isinstance(value, Span):
        return [value.start, value.end]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return str(value)
    return value


def to_json(coded: CodedDocument) -> dict[str, Any]:
    """Return a coded document as record version 1: plain lists, dicts, strings and numbers.

    Key order is fixed, so `json.dumps` of the result is the same bytes for the same coding.
    """
    document = _plain(coded.document)
    head = ("id", "date", "title", "source", "url", "author", "language", "text", "truncated", "date_rule", "parts")
    return {
        "version": RECORD_VERSION,
        **{name: document[name] for name in head},
        **{
            name: _plain(getattr(coded, name)) for name in ("sentences", "entities", "mentions", "events", "statements")
        },
        "coder": coded.coder,
    }


def _date(value: str | dt.date | None) -> dt.date | None:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def _span(value: Any) -> Span | None:
    if value is None:
        return None
    return Span(value["start"], value["end"]) if isinstance(value, dict) else Span(int(value[0]), int(value[1]))


def from_json(record: dict[str, Any]) -> CodedDocument:
    """Build a coded document from record version 1 (as `to_json` gives it, or as the store returns it).

    Raises:
        InputError: the record has another version or lacks a field.
    """
    try:
        if record.get("version", RECORD_VERSION) != RECORD_VERSION:
            raise InputError(f"record version {record['version']} is not {RECORD_VERSION}")
        date = _date(record["date"])
        if date is None:
            raise InputError("record has no date")
        document = Document(
            id=record["id"],
            text=record["text"],
            date=date,
            title=record.get("title"),
            source=record.get("source"),
            url=record.get("url"),
            author=record.get("author"),
            language=record.get("language") or "en",
            parts=tuple(
                Part(p["start"], p["end"], p["kind"], p.get("author"), _date(p.get("date"))) for p in record["parts"]
            ),
            truncated=bool(record["truncated"]),
            date_rule=record.get("date_rule"),
        )
        return CodedDocument(
            document=document,
            sentences=tuple(s for s in map(_span, record["sentences"]) if s is not None),
            entities=tuple(
                Entity(**{**e, "sectors": tuple(e["sectors"] or ()), "members": tuple(e.get("members") or ())})
                for e in record["entities"]
            ),
            mentions=tuple(Mention(**{**m, "rule": Rule(m.get("rule", "none"))}) for m in record["mentions"]),
            events=tuple(_event(e) for e in record["events"]),
            statements=tuple(_statement(s) for s in record["statements"]),
            coder=record["coder"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not a record of version {RECORD_VERSION}: {error!r}") from error


def _event(row: dict[str, Any]) -> Event:
    date = row["date"]
    days = tuple(d for d in map(_date, date) if d is not None) if date else ()
    trigger = _span(row["trigger"])
    if trigger is None:
        raise InputError(f"event {row.get('id')} has no trigger")
    return Event(
        **{
            **row,
            "contexts": tuple(row["contexts"]),
            "actors": tuple(row["actors"]),
            "recipients": tuple(row["recipients"]),
            "date": (days[0], days[1]) if days else None,
            "date_text": _span(row["date_text"]),
            "date_kind": row.get("date_kind"),
            "trigger": trigger,
        }
    )


def _statement(row: dict[str, Any]) -> Statement:
    pieces = tuple(s for s in map(_span, row["content"]) if s is not None)
    return Statement(**{**row, "cue": _span(row["cue"]), "content": pieces})


def arrow_schema() -> pa.Schema:
    """Return the Arrow schema of record version 1; spans are lists of two int32, dates are date32."""
    import pyarrow as pa

    text, flag, real, whole = pa.string(), pa.bool_(), pa.float64(), pa.int32()
    span = pa.list_(whole)
    texts = pa.list_(text)

    def rows(**columns: pa.DataType) -> pa.ListType:
        return pa.list_(pa.struct([pa.field(name, kind) for name, kind in columns.items()]))

    return pa.schema(
        [
            pa.field("version", whole),
            pa.field("id", text, nullable=False),
            pa.field("date", pa.date32(), nullable=False),
            pa.field("title", text),
            pa.field("source", text),
            pa.field("url", text),
            pa.field("author", text),
            pa.field("language", text),
            pa.field("text", text, nullable=False),
            pa.field("truncated", flag),
            pa.field("date_rule", text),
            pa.field("parts", rows(start=whole, end=whole, kind=text, author=text, date=pa.date32())),
            pa.field("sentences", pa.list_(span)),
            pa.field(
                "entities",
                rows(
                    id=text, name=text, kind=text, country=text, sectors=texts, title=text, members=texts,
                    wikidata=text, region=text, latitude=real, longitude=real,
                ),
            ),
            pa.field("mentions", rows(id=text, start=whole, end=whole, text=text, entity=text, rule=text)),
            pa.field(
                "events",
                rows(
                    id=text, type=text, mode=text, contexts=texts, status=text, attributed=flag, statement=text,
                    actors=texts, recipients=texts, location=text, date=pa.list_(pa.date32()), date_text=span,
                    date_kind=text, trigger=span, sentence=whole, quad=text, intensity=real, confidence=real,
                ),
            ),
            pa.field(
                "statements",
                rows(
                    id=text, speaker=text, cue=span, content=pa.list_(span), addressee=text, venue=text,
                    kind=text, confidence=real,
                ),
            ),
            pa.field("coder", text),
        ]
    )  # fmt: skip


def to_arrow(coded: list[CodedDocument]) -> pa.Table:
    """Return coded documents as one Arrow table of `arrow_schema`, a row a document, in the given order."""
    import pyarrow as pa

    rows = []
    for item in coded:
        row = to_json(item)
        row["date"] = item.document.date
        for part, source in zip(row["parts"], item.document.parts, strict=True):
            part["date"] = source.date
        for event, original in zip(row["events"], item.events, strict=True):
            event["date"] = list(original.date) if original.date else None
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=arrow_schema())


@dataclass(frozen=True, slots=True)
class Options:
    """How to code. Made once, from keywords, flags or a file; never a global.

    Attributes:
        min_confidence: events and statements below this calibrated confidence (0 to 1) are left out.
        threads: threads of the encoder; 0 takes all cores.
        territories: how Taiwan, Hong Kong and the like are coded (docs/actors.md).
        actors: the user's own gazetteer tables, each read after the bundled ones.
    """

    min_confidence: float = 0.0
    threads: int = 0
    territories: Literal["plover", "sovereign", "separate"] = "plover"
    actors: tuple[str, ...] = field(default=())
