"""A coded document → the row the store keeps: record version 1, and what flat views need beside it.

The added columns are derived from the record, so that a view needs no search through nested lists:
`digest` of the text, `links` (who acts, on whom, where, in which sentence; one entry an event, in the events'
order) and `statement_links` (who speaks, to whom, in which sentence; one entry a statement).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from detente import plover
from detente.errors import InputError
from detente.records import CodedDocument, Entity, Event, Mention, Span, Statement, arrow_schema, to_arrow

if TYPE_CHECKING:
    import pyarrow as pa

_INT32 = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Party:
    """One who acts, is acted on or speaks: a mention and the entity it stands for.

    `group` names the group whose mention this is, where the party is one of its members.
    """

    mention: str
    text: str
    entity: str
    name: str
    kind: str
    country: str | None
    sector: str | None
    sectors: tuple[str, ...]
    title: str | None
    wikidata: str | None
    group: str | None


class Index:
    """A coded document's mentions and entities by id.

    Args:
        coded: the document; it is not changed.
    """

    def __init__(self, coded: CodedDocument) -> None:
        self.coded = coded
        self.mentions: dict[str, Mention] = {mention.id: mention for mention in coded.mentions}
        self.entities: dict[str, Entity] = {entity.id: entity for entity in coded.entities}

    def parties(self, mention_ids: Sequence[str]) -> tuple[Party, ...]:
        """Return the parties that mentions stand for, a group's members in its place, each entity once."""
        found: dict[str, Party] = {}
        for mention_id in mention_ids:
            mention = self.mentions[mention_id]
            whole = self.entities[mention.entity]
            for entity in self._leaves(whole, frozenset()):
                group = whole.name if entity.id != whole.id else None
                found.setdefault(entity.id, _party(mention, entity, group))
        return tuple(found.values())

    def sides(self, event: Event) -> tuple[tuple[Party, ...], tuple[Party, ...]]:
        """Return an event's actors and recipients; of a group that is acted on, those members who do not act themselves."""
        actors = self.parties(event.actors)
        acting = {party.entity for party in actors}
        recipients = self.parties(event.recipients)
        return actors, tuple(p for p in recipients if p.group is None or p.entity not in acting)

    def _leaves(self, entity: Entity, above: frozenset[str]) -> Iterator[Entity]:
        members = [self.entities[m] for m in entity.members if m in self.entities and m not in above and m != entity.id]
        if not members:
            yield entity
        for member in members:
            yield from self._leaves(member, above | {entity.id})

    def sentence_of(self, position: int) -> int:
        """Return the index of the sentence that holds a code point, or -1."""
        for index, span in enumerate(self.coded.sentences):
            if span.start <= position < span.end:
                return index
        return -1


def _party(mention: Mention, entity: Entity, group: str | None) -> Party:
    return Party(
        mention=mention.id,
        text=mention.text,
        entity=entity.id,
        name=entity.name,
        kind=entity.kind,
        country=entity.country,
        sector=entity.sectors[0] if entity.sectors else None,
        sectors=entity.sectors,
        title=entity.title,
        wikidata=entity.wikidata,
        group=group,
    )


def digest(text: str) -> str:
    """Return 32 hexadecimal digits that identify a text (BLAKE2b of its UTF-8, 128 bits)."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def faults(coded: CodedDocument) -> Iterator[str]:
    """Yield every way in which a coded document breaks the record's promises; nothing if it is whole.

    Checked: spans lie in the text and slice to the words they claim, ids are unique and resolve, types, modes
    and statuses are the ontology's, confidences are probabilities, strings can be written as UTF-8.
    """
    document = coded.document
    length = len(document.text)
    if not document.id:
        yield "the document has an empty id"
    if length > _INT32:
        yield f"the text has {length} characters; {_INT32} is the limit"
    for name in ("id", "text", "title", "source", "url", "author", "language", "date_rule"):
        value = getattr(document, name)
        if value is not None and not _encodable(value):
            yield f"{name} holds a lone surrogate, which is no character"

    def outside(span: Span | None) -> bool:
        return span is not None and not 0 <= span.start <= span.end <= length

    entities = [entity.id for entity in coded.entities]
    mentions = [mention.id for mention in coded.mentions]
    statements = [statement.id for statement in coded.statements]
    for name, ids in (
        ("entity", entities),
        ("mention", mentions),
        ("statement", statements),
        ("event", [event.id for event in coded.events]),
    ):
        if len(set(ids)) != len(ids):
            yield f"{name} ids stand twice"
    known_entities, known_mentions, known_statements = set(entities), set(mentions), set(statements)
    for part in document.parts:
        if outside(Span(part.start, part.end)):
            yield f"part {part.start}–{part.end} lies outside the text"
    for sentence in coded.sentences:
        if outside(sentence):
            yield f"sentence {sentence.start}–{sentence.end} lies outside the text"
    for entity in coded.entities:
        if not _encodable(entity.name):
            yield f"entity {entity.id} has a name with a lone surrogate"
        for member in entity.members:
            if member not in known_entities:
                yield f"entity {entity.id} has the unknown member {member}"
    for mention in coded.mentions:
        if outside(Span(mention.start, mention.end)):
            yield f"mention {mention.id} lies outside the text"
        elif document.text[mention.start : mention.end] != mention.text:
            yield f"mention {mention.id} does not slice to its words"
        if mention.entity not in known_entities:
            yield f"mention {mention.id} stands for the unknown entity {mention.entity}"
    for event in coded.events:
        yield from _event_faults(event, length, len(coded.sentences), known_mentions, known_statements)
    for statement in coded.statements:
        if any(outside(span) for span in (statement.cue, *statement.content)):
            yield f"statement {statement.id} has a span outside the text"
        for mention_id in (statement.speaker, statement.addressee):
            if mention_id is not None and mention_id not in known_mentions:
                yield f"statement {statement.id} names the unknown mention {mention_id}"


def _event_faults(event: Event, length: int, sentences: int, mentions: set[str], statements: set[str]) -> Iterator[str]:
    if event.type not in plover.QUAD:
        yield f"event {event.id} has the unknown type {event.type}"
    elif event.mode is not None and event.mode not in plover.MODES[event.type]:
        yield f"event {event.id} has the unknown mode {event.type}/{event.mode}"
    if event.status not in plover.STATUSES:
        yield f"event {event.id} has the unknown status {event.status}"
    if not 0 <= event.confidence <= 1:
        yield f"event {event.id} has confidence {event.confidence}, which is no probability"
    if not 0 <= event.sentence < sentences:
        yield f"event {event.id} lies in the unknown sentence {event.sentence}"
    for span in (event.trigger, event.date_text):
        if span is not None and not 0 <= span.start <= span.end <= length:
            yield f"event {event.id} has a span outside the text"
    for mention in (*event.actors, *event.recipients, *([event.location] if event.location else [])):
        if mention not in mentions:
            yield f"event {event.id} names the unknown mention {mention}"
    if event.statement is not None and event.statement not in statements:
        yield f"event {event.id} stands in the unknown statement {event.statement}"
    if event.date is not None and event.date[0] > event.date[1]:
        yield f"event {event.id} ends before it begins"


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _event_link(index: Index, event: Event) -> dict[str, Any]:
    place = None
    if event.location is not None:
        mention = index.mentions[event.location]
        entity = index.entities[mention.entity]
        place = {
            "text": mention.text,
            "name": entity.name,
            "country": entity.country,
            "region": entity.region,
            "latitude": entity.latitude,
            "longitude": entity.longitude,
        }
    actors, recipients = index.sides(event)
    return {
        "event": event.id,
        "actors": [asdict(party) for party in actors],
        "recipients": [asdict(party) for party in recipients],
        "place": place,
    }


def _statement_link(index: Index, statement: Statement) -> dict[str, Any]:
    first = statement.content[0] if statement.content else statement.cue
    return {
        "statement": statement.id,
        "speakers": [asdict(party) for party in index.parties([statement.speaker] if statement.speaker else [])],
        "addressees": [asdict(party) for party in index.parties([statement.addressee] if statement.addressee else [])],
        "sentence": index.sentence_of(first.start) if first is not None else -1,
    }


def store_schema() -> pa.Schema:
    """Return the Arrow schema of the store's table: record version 1 and the derived columns."""
    import pyarrow as pa

    text = pa.string()
    party = pa.struct(
        [
            *((name, text) for name in ("mention", "text", "entity", "name", "kind", "country", "sector")),
            ("sectors", pa.list_(text)),
            *((name, text) for name in ("title", "wikidata", "group")),
        ]
    )
    place = pa.struct(
        [
            *((name, text) for name in ("text", "name", "country", "region")),
            ("latitude", pa.float64()),
            ("longitude", pa.float64()),
        ]
    )
    schema = arrow_schema()
    for column in (
        pa.field("digest", text),
        pa.field(
            "links",
            pa.list_(
                pa.struct(
                    [("event", text), ("actors", pa.list_(party)), ("recipients", pa.list_(party)), ("place", place)]
                )
            ),
        ),
        pa.field(
            "statement_links",
            pa.list_(
                pa.struct(
                    [
                        ("statement", text),
                        ("speakers", pa.list_(party)),
                        ("addressees", pa.list_(party)),
                        ("sentence", pa.int32()),
                    ]
                )
            ),
        ),
    ):
        schema = schema.append(column)
    return schema


def rows(coded: Sequence[CodedDocument]) -> pa.Table:
    """Return coded documents as rows of `store_schema`, in the given order.

    Raises:
        InputError: a document breaks the record's promises (`faults`).
    """
    import pyarrow as pa

    for item in coded:
        reason = next(faults(item), None)
        if reason is not None:
            raise InputError(f"{item.document.id}: {reason}")
    schema = store_schema()
    table = to_arrow(list(coded))
    indexes = [Index(item) for item in coded]
    links = [[_event_link(index, event) for event in index.coded.events] for index in indexes]
    spoken = [[_statement_link(index, statement) for statement in index.coded.statements] for index in indexes]
    for name, values in (
        ("digest", [digest(item.document.text) for item in coded]),
        ("links", links),
        ("statement_links", spoken),
    ):
        table = table.append_column(schema.field(name), pa.array(values, type=schema.field(name).type))
    return table.cast(schema)
