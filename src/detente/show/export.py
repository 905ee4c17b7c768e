"""Coded documents → the formats of the field: flat events, PLOVER JSON, POLECAT, ICEWS and GDELT columns.

Every format is a list of columns (`FORMATS`), rows are made one document at a time, and a codebook (JSON Table
Schema, with coder, store version, query and licence) lies beside every file. Columns: docs/exports.md.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

from detente import plover
from detente.errors import InputError, MissingExtraError, OptionError
from detente.records import CodedDocument, Event, Span, to_json
from detente.store.flat import Index, Party
from detente.store.frame import Frame

Kind = Literal["string", "integer", "number", "boolean", "date", "array"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an export: its name, type and what it holds."""

    name: str
    kind: Kind
    meaning: str


# PLOVER 2.0's conversion table from CAMEO roots, reversed. CAMEO 01 (statement) has no PLOVER type; 02 and 10
# are both REQUEST, 09 and 11 both ACCUSE, 18, 19 and 20 all ASSAULT; 08 (yield) is CONCEDE in words and RETREAT
# in deeds; convictions lie in 17 there and in SANCTION here.
CAMEO: Final[Mapping[str, tuple[str, bool]]] = {
    "AGREE": ("03", True),
    "CONSULT": ("04", True),
    "SUPPORT": ("05", True),
    "COOPERATE": ("06", True),
    "AID": ("07", True),
    "CONCEDE": ("08", False),
    "RETREAT": ("08", False),
    "REQUEST": ("10", False),
    "ACCUSE": ("11", False),
    "REJECT": ("12", True),
    "THREATEN": ("13", True),
    "PROTEST": ("14", True),
    "MOBILIZE": ("15", True),
    "SANCTION": ("16", False),
    "COERCE": ("17", False),
    "ASSAULT": ("19", False),
}
"""PLOVER type → CAMEO root code, and whether the two stand for each other one to one."""

_CAMEO_OF_MODE: Final[Mapping[tuple[str, str], str]] = {
    ("ACCUSE", "investigate"): "09",
    ("SANCTION", "convict"): "17",
    ("ASSAULT", "unconventional"): "20",
    **{
        ("ASSAULT", mode): "18"
        for mode in ("abduct", "beat", "torture", "sexual", "targeted", "destroy", "explosives", "suicide-attack")
    },
}


def cameo(event_type: str, mode: str | None = None) -> tuple[str, bool]:
    """Return the CAMEO root code of a PLOVER type and mode, and whether type and root are one to one.

    Where several roots make one type the mode decides if it can, else the root that stands for most of it.
    """
    code, exact = CAMEO[event_type]
    return _CAMEO_OF_MODE.get((event_type, mode or ""), code), exact


_QUAD_CODE: Final = {quad: number for number, quad in enumerate(plover.QUADS, 1)}
_SPECIAL: Final = frozenset(plover.SPECIAL_COUNTRIES) - {"XKX"}


def _sentence(coded: CodedDocument, index: int) -> str:
    return coded.slice(coded.sentences[index]) if 0 <= index < len(coded.sentences) else ""


def _one_line(text: str) -> str:
    # Control characters (tab and newline among them) would break tab-separated files, or a terminal.
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+", " ", text).strip()


def _join(values: Iterable[str | None]) -> str:
    return ";".join(value or "" for value in values)


def _days(coded: CodedDocument, event: Event) -> tuple[str | None, str | None]:
    return (event.date[0].isoformat(), event.date[1].isoformat()) if event.date else (None, None)


_FLAT: Final = (
    Column("document", "string", "id of the document"),
    Column("event", "string", "id of the event in its document"),
    Column("date", "date", "first day of the event; empty if it has none"),
    Column("date_end", "date", "last day of the event"),
    Column("date_kind", "string", "exact, approximate, range or unresolved"),
    Column("date_text", "string", "the words that give the time"),
    Column("published", "date", "date of the document"),
    Column("type", "string", "PLOVER event type"),
    Column("mode", "string", "PLOVER mode"),
    Column("quad", "string", "quad class"),
    Column("intensity", "number", "PLOVER conflict–cooperation intensity, −10 to +10"),
    Column("status", "string", "actual, planned, hypothetical, denied or historical"),
    Column("attributed", "boolean", "asserted by a quoted or paraphrased source"),
    Column("contexts", "string", "PLOVER contexts, joined by ;"),
    Column("actor_names", "string", "actors' canonical names, joined by ;"),
    Column("actor_countries", "string", "actors' countries in the same order"),
    Column("actor_sectors", "string", "actors' primary sectors in the same order"),
    Column("actor_texts", "string", "actors' words in the text, in the same order"),
    Column("recipient_names", "string", "recipients' canonical names, joined by ;"),
    Column("recipient_countries", "string", "recipients' countries in the same order"),
    Column("recipient_sectors", "string", "recipients' primary sectors in the same order"),
    Column("recipient_texts", "string", "recipients' words in the text, in the same order"),
    Column("place", "string", "where it happened"),
    Column("place_country", "string", "the place's country"),
    Column("place_region", "string", "the place's province or state"),
    Column("latitude", "number", "degrees north of the place"),
    Column("longitude", "number", "degrees east of the place"),
    Column("trigger", "string", "the words that carry the act"),
    Column("trigger_start", "integer", "code point in the text at which the trigger starts"),
    Column("trigger_end", "integer", "code point at which it ends, exclusive"),
    Column("sentence_index", "integer", "number of the sentence in the document, from 0"),
    Column("sentence", "string", "the sentence"),
    Column("statement", "string", "id of the statement the event stands in"),
    Column("speaker", "string", "who makes that statement"),
    Column("confidence", "number", "calibrated probability that the event is right, 0 to 1"),
    Column("source", "string", "the document's source"),
    Column("url", "string", "the document's address"),
    Column("title", "string", "the document's title"),
    Column("coder", "string", "coder and model version"),
)


def flat_rows(coded: CodedDocument) -> Iterator[Row]:
    """Yield one row an event, parties inline; several of a side are joined by semicolons, in one order."""
    index = Index(coded)
    statements = {statement.id: statement for statement in coded.statements}
    for event in coded.events:
        actors, recipients = index.sides(event)
        statement = statements.get(event.statement or "")
        speakers = index.parties([statement.speaker]) if statement is not None and statement.speaker else ()
        place = index.entities[index.mentions[event.location].entity] if event.location else None
        first, last = _days(coded, event)
        row: Row = {
            "document": coded.document.id,
            "event": event.id,
            "date": first,
            "date_end": last,
            "date_kind": event.date_kind,
            "date_text": coded.slice(event.date_text) if event.date_text else None,
            "published": coded.document.date.isoformat(),
            "type": event.type,
            "mode": event.mode,
            "quad": event.quad,
            "intensity": event.intensity,
            "status": event.status,
            "attributed": event.attributed,
            "contexts": ";".join(event.contexts),
        }
        for role, side in (("actor", actors), ("recipient", recipients)):
            row[f"{role}_names"] = _join(party.name.replace(";", ",") for party in side)
            row[f"{role}_countries"] = _join(party.country for party in side)
            row[f"{role}_sectors"] = _join(party.sector for party in side)
            row[f"{role}_texts"] = _join(party.text.replace(";", ",") for party in side)
        yield {
            **row,
            "place": place.name if place else None,
            "place_country": place.country if place else None,
            "place_region": place.region if place else None,
            "latitude": place.latitude if place else None,
            "longitude": place.longitude if place else None,
            "trigger": coded.slice(event.trigger),
            "trigger_start": event.trigger.start,
            "trigger_end": event.trigger.end,
            "sentence_index": event.sentence,
            "sentence": _sentence(coded, event.sentence),
            "statement": event.statement,
            "speaker": _join(party.name for party in speakers) or None,
            "confidence": event.confidence,
            "source": coded.document.source,
            "url": coded.document.url,
            "title": coded.document.title,
            "coder": coded.coder,
        }


_PLOVER: Final = tuple(
    Column(name, "string", meaning)
    for name, meaning in (
        ("id", "document and event id"),
        ("has_event", "always true: sentences without events are not written"),
        ("date", "the event's first day, or else the document's date"),
        ("enddate", "the event's last day, where it lasts"),
        ("actor", "list of actors: actor_text, country, sector, other, name, wiki"),
        ("recipient", "list of recipients, likewise"),
        ("event", "PLOVER type"),
        ("event_loc", "place: name, country, region, lat, lon"),
        ("event_text", "the trigger"),
        ("quad_code", "1 verbal cooperation … 4 material conflict"),
        ("event_scale", "intensity, −10 to +10"),
        ("mode", "PLOVER mode"),
        ("context", "list of PLOVER contexts"),
        ("link", "ids of events of the same sentence"),
        ("text", "the sentence"),
        ("text_info", "document id, sentence number, offsets, status, attributed, confidence"),
        ("cite_info", "source, address, title and date of the document"),
        ("coder", "coder and model version"),
        ("comment", "empty"),
    )
)


def _plover_party(party: Party) -> Row:
    row: Row = {"actor_text": party.text, "name": party.name}
    if party.country:
        row["country"] = "KOS" if party.country == "XKX" else party.country
    if party.sector:
        row["sector"] = party.sector
    if len(party.sectors) > 1:
        row["other"] = list(party.sectors[1:])
    if party.title:
        row["title"] = party.title
    if party.wikidata:
        row["wiki"] = party.wikidata
    return row


def plover_rows(coded: CodedDocument) -> Iterator[Row]:
    """Yield one PLOVER 2.0 JSON object an event (manual, section on the JSON format); optional fields left out.

    Kosovo is KOS there. What PLOVER has no field for (status, attribution, confidence, offsets) stands in
    `text_info`, as the manual allows.
    """
    index = Index(coded)
    document = coded.document
    by_sentence: dict[int, list[str]] = {}
    for event in coded.events:
        by_sentence.setdefault(event.sentence, []).append(f"{document.id}_{event.id}")
    for event in coded.events:
        key = f"{document.id}_{event.id}"
        first, last = event.date or (document.date, document.date)
        actors, recipients = index.sides(event)
        span = coded.sentences[event.sentence] if event.sentence < len(coded.sentences) else Span(0, 0)
        row: Row = {
            "id": key,
            "has_event": True,
            "date": first.isoformat(),
            "enddate": last.isoformat() if last != first else None,
            "actor": [_plover_party(party) for party in actors],
            "recipient": [_plover_party(party) for party in recipients] or None,
            "event": event.type,
            "event_text": coded.slice(event.trigger),
            "quad_code": _QUAD_CODE[event.quad],
            "event_scale": event.intensity,
            "mode": event.mode,
            "context": list(event.contexts) or None,
            "link": [other for other in by_sentence[event.sentence] if other != key] or None,
            "text": _sentence(coded, event.sentence),
            "text_info": {
                "document": document.id,
                "sentence": event.sentence,
                "start": span.start,
                "end": span.end,
                "status": event.status,
                "attributed": event.attributed,
                "confidence": event.confidence,
                "date_basis": "event" if event.date else "document",
            },
            "cite_info": {
                name: value
                for name, value in (
                    ("source", document.source),
                    ("url", document.url),
                    ("title", document.title),
                    ("date", document.date.isoformat()),
                )
                if value
            },
            "coder": coded.coder,
        }
        if event.location:
            place = index.entities[index.mentions[event.location].entity]
            row["event_loc"] = {
                name: value
                for name, value in (
                    ("name", place.name),
                    ("country", place.country),
                    ("region", place.region),
                    ("lat", place.latitude),
                    ("lon", place.longitude),
                )
                if value is not None
            }
        yield {name: value for name, value in row.items() if value is not None}


def _pairs(actors: Sequence[Party], recipients: Sequence[Party]) -> list[tuple[Party | None, Party | None]]:
    """Return the actor–recipient pairs of an event; a mutual act gives each ordered pair of its actors."""
    if not recipients and len(actors) > 1:
        return [(a, b) for a in actors for b in actors if a is not b]
    return [(a, b) for a in actors or (None,) for b in recipients or (None,)]


def _number(text: str, digits: int = 15) -> int:
    """Return a whole number that stands for an id: the same id gives the same one, on every machine."""
    found = int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return int(found % 10**digits)


def _columns(text: str) -> tuple[Column, ...]:
    """Read `name:kind` columns, one a line."""
    found = []
    for line in text.strip().splitlines():
        name, kind, meaning = (part.strip() for part in line.split("|"))
        found.append(Column(name, kind, meaning))  # type: ignore[arg-type]
    return tuple(found)


_POLECAT: Final = _columns("""
Event ID | string | document, event and number of the actor–recipient pair
Event Date | date | the event's first day, or else the document's date
Event Type | string | PLOVER type
Event Mode | string | PLOVER mode
Intensity | number | PLOVER intensity, −10 to +10
Quad Code | string | quad class
Contexts | string | PLOVER contexts, joined by ;
Actor Name | string | canonical name
Actor Country | string | ISO 3166-1 alpha-3, or a code of who belongs to no state
Actor COW | integer | Correlates of War country code; not coded, empty
Primary Actor Sector | string | first sector
Actor Sectors | string | all sectors, joined by ;
Actor Title | string | office or role
Actor Name Raw | string | the words in the text
Wikipedia Actor ID | string | Wikidata id where the gazetteer has one
Recipient Name | string | as for the actor
Recipient Country | string | as for the actor
Recipient COW | integer | not coded, empty
Primary Recipient Sector | string | as for the actor
Recipient Sectors | string | as for the actor
Recipient Title | string | as for the actor
Recipient Name Raw | string | as for the actor
Wikipedia Recipient ID | string | as for the actor
Placename | string | where it happened
City | string | not told apart, empty
District | string | not coded, empty
Province | string | the place's region
Country | string | the place's country
Latitude | number | degrees north
Longitude | number | degrees east
GeoNames ID | integer | not coded, empty
Raw Placename | string | the words in the text
Feature Type | string | not coded, empty
Source | string | the document's source
Publication Date | date | the document's date
Story People | string | persons of the document, joined by ;
Story Organizations | string | organisations of the document, joined by ;
Story Locations | string | places of the document, joined by ;
Language | string | language of the document
Version | string | coder and model version
""")


def polecat_rows(coded: CodedDocument) -> Iterator[Row]:
    """Yield POLECAT's 40 columns, a row for each actor–recipient pair of an actual event."""
    index = Index(coded)
    story = {
        kind: ";".join(dict.fromkeys(_one_line(e.name).replace(";", ",") for e in coded.entities if e.kind == kind))
        for kind in ("person", "organisation", "place")
    }
    for event in _actual(coded):
        place = index.entities[index.mentions[event.location].entity] if event.location else None
        pairs = _pairs(*index.sides(event))
        for number, pair in enumerate(pairs, 1):
            row: Row = {
                "Event ID": f"{coded.document.id}_{event.id}_{number}",
                "Event Date": _day(coded, event).isoformat(),
                "Event Type": event.type,
                "Event Mode": event.mode,
                "Intensity": event.intensity,
                "Quad Code": event.quad.upper(),
                "Contexts": ";".join(event.contexts),
            }
            for role, party in zip(("Actor", "Recipient"), pair, strict=True):
                row |= {
                    f"{role} Name": party.name if party else None,
                    f"{role} Country": party.country if party else None,
                    f"{role} COW": None,
                    f"Primary {role} Sector": party.sector if party else None,
                    f"{role} Sectors": ";".join(party.sectors) if party else None,
                    f"{role} Title": party.title if party else None,
                    f"{role} Name Raw": party.text if party else None,
                    f"Wikipedia {role} ID": party.wikidata if party else None,
                }
            yield row | {
                "Placename": place.name if place else None,
                "City": None,
                "District": None,
                "Province": place.region if place else None,
                "Country": place.country if place else None,
                "Latitude": place.latitude if place else None,
                "Longitude": place.longitude if place else None,
                "GeoNames ID": None,
                "Raw Placename": index.mentions[event.location].text if event.location else None,
                "Feature Type": None,
                "Source": coded.document.source,
                "Publication Date": coded.document.date.isoformat(),
                "Story People": story["person"],
                "Story Organizations": story["organisation"],
                "Story Locations": story["place"],
                "Language": coded.document.language,
                "Version": coded.coder,
            }


def _actual(coded: CodedDocument) -> Iterator[Event]:
    # These formats have no column for status: an act that was not done would read as done.
    return (event for event in coded.events if event.status == "actual")


def _day(coded: CodedDocument, event: Event) -> dt.date:
    return event.date[0] if event.date else coded.document.date


_ICEWS: Final = _columns("""
Event ID | integer | number made from document, event and pair
Event Date | date | the event's first day, or else the document's date
Source Name | string | actor's canonical name
Source Sectors | string | actor's sectors, joined by ,
Source Country | string | actor's country, ISO 3166-1 alpha-3
Event Text | string | PLOVER type and mode; ~ marks a CAMEO root that does not stand for the type one to one
CAMEO Code | string | CAMEO root code, two digits
Intensity | number | PLOVER intensity (ICEWS has Goldstein's)
Target Name | string | recipient's canonical name
Target Sectors | string | recipient's sectors, joined by ,
Target Country | string | recipient's country
Story ID | integer | number made from the document id
Sentence Number | integer | from 1
Publisher | string | the document's source
City | string | the place's name
District | string | not coded, empty
Province | string | the place's region
Country | string | the place's country
Latitude | number | degrees north
Longitude | number | degrees east
""")


def icews_rows(coded: CodedDocument) -> Iterator[Row]:
    """Yield the 20 columns of the public ICEWS files, a row for each actor–recipient pair of an actual event."""
    index = Index(coded)
    for event in _actual(coded):
        code, exact = cameo(event.type, event.mode)
        place = index.entities[index.mentions[event.location].entity] if event.location else None
        words = event.type.capitalize() + (f" ({event.mode})" if event.mode else "")
        pairs = _pairs(*index.sides(event))
        for number, (actor, recipient) in enumerate(pairs, 1):
            yield {
                "Event ID": _number(f"{coded.document.id}\0{event.id}\0{number}"),
                "Event Date": _day(coded, event).isoformat(),
                "Source Name": actor.name if actor else None,
                "Source Sectors": ",".join(actor.sectors) if actor else None,
                "Source Country": actor.country if actor else None,
                "Event Text": words if exact else f"~{words}",
                "CAMEO Code": code,
                "Intensity": event.intensity,
                "Target Name": recipient.name if recipient else None,
                "Target Sectors": ",".join(recipient.sectors) if recipient else None,
                "Target Country": recipient.country if recipient else None,
                "Story ID": _number(coded.document.id),
                "Sentence Number": event.sentence + 1,
                "Publisher": coded.document.source,
                "City": place.name if place else None,
                "District": None,
                "Province": place.region if place else None,
                "Country": place.country if place else None,
                "Latitude": place.latitude if place else None,
                "Longitude": place.longitude if place else None,
            }


def _gdelt_columns() -> tuple[Column, ...]:
    found = [
        Column("GLOBALEVENTID", "integer", "number made from document, event and pair"),
        Column("SQLDATE", "string", "day of the event, YYYYMMDD"),
        Column("MonthYear", "string", "YYYYMM"),
        Column("Year", "string", "YYYY"),
        Column("FractionDate", "number", "year and fraction of it, (month·30 + day) ÷ 365 as GDELT has it"),
    ]
    for actor in ("Actor1", "Actor2"):
        found += [
            Column(f"{actor}Code", "string", "country and sectors in one"),
            Column(f"{actor}Name", "string", "canonical name, upper case"),
            Column(f"{actor}CountryCode", "string", "ISO 3166-1 alpha-3; empty for who belongs to no state"),
            Column(f"{actor}KnownGroupCode", "string", "UNO, EUR, IGO … for who belongs to no state"),
            Column(f"{actor}EthnicCode", "string", "not coded, empty"),
            Column(f"{actor}Religion1Code", "string", "not coded, empty"),
            Column(f"{actor}Religion2Code", "string", "not coded, empty"),
            *(Column(f"{actor}Type{n}Code", "string", f"PLOVER sector {n}") for n in (1, 2, 3)),
        ]
    found += [
        Column("IsRootEvent", "integer", "1 in the first sentence that holds an event, else 0"),
        Column("EventCode", "string", "CAMEO root code"),
        Column("EventBaseCode", "string", "CAMEO root code"),
        Column("EventRootCode", "string", "CAMEO root code"),
        Column("QuadClass", "integer", "1 verbal cooperation … 4 material conflict"),
        Column("GoldsteinScale", "number", "PLOVER intensity, −10 to +10, not Goldstein's"),
        Column("NumMentions", "integer", "1: the store's happenings count reports"),
        Column("NumSources", "integer", "1"),
        Column("NumArticles", "integer", "1"),
        Column("AvgTone", "number", "not coded, empty"),
    ]
    for geo in ("Actor1Geo", "Actor2Geo", "ActionGeo"):
        found += [
            Column(f"{geo}_Type", "integer", "1 country, 4 place with coordinates, 0 none"),
            Column(f"{geo}_FullName", "string", "name of the place"),
            Column(f"{geo}_CountryCode", "string", "ISO 3166-1 alpha-3 (GDELT has FIPS)"),
            Column(f"{geo}_ADM1Code", "string", "the place's region"),
            Column(f"{geo}_ADM2Code", "string", "not coded, empty"),
            Column(f"{geo}_Lat", "number", "degrees north"),
            Column(f"{geo}_Long", "number", "degrees east"),
            Column(f"{geo}_FeatureID", "string", "not coded, empty"),
        ]
    found += [
        Column("DATEADDED", "string", "the document's date, YYYYMMDDHHMMSS"),
        Column("SOURCEURL", "string", "the document's address, or its id"),
    ]
    return tuple(found)


def _gdelt_actor(prefix: str, party: Party | None) -> Row:
    country = party.country if party else None
    sectors = [*(party.sectors[:3] if party else ()), None, None, None]
    return {
        f"{prefix}Code": "".join([country or "", *(party.sectors[:3] if party else ())]) or None,
        f"{prefix}Name": party.name.upper() if party else None,
        f"{prefix}CountryCode": None if country in _SPECIAL else country,
        f"{prefix}KnownGroupCode": country if country in _SPECIAL else None,
        f"{prefix}EthnicCode": None,
        f"{prefix}Religion1Code": None,
        f"{prefix}Religion2Code": None,
        **{f"{prefix}Type{n}Code": sectors[n - 1] for n in (1, 2, 3)},
    }


def _gdelt_geo(prefix: str, name: str | None, country: str | None, region: str | None, lat: Any, lon: Any) -> Row:
    return {
        f"{prefix}_Type": 0 if name is None else 4 if lat is not None else 1,
        f"{prefix}_FullName": name,
        f"{prefix}_CountryCode": country,
        f"{prefix}_ADM1Code": region,
        f"{prefix}_ADM2Code": None,
        f"{prefix}_Lat": lat,
        f"{prefix}_Long": lon,
        f"{prefix}_FeatureID": None,
    }


def gdelt_rows(coded: CodedDocument) -> Iterator[Row]:
    """Yield the 61 columns of GDELT 2.0 events, a row for each actor–recipient pair of an actual event."""
    index = Index(coded)
    document = coded.document
    first = min((event.sentence for event in coded.events), default=0)
    for event in _actual(coded):
        code = cameo(event.type, event.mode)[0]
        day = _day(coded, event)
        place = index.entities[index.mentions[event.location].entity] if event.location else None
        for number, (actor, recipient) in enumerate(_pairs(*index.sides(event)), 1):
            yield {
                "GLOBALEVENTID": _number(f"{document.id}\0{event.id}\0{number}"),
                "SQLDATE": f"{day:%Y%m%d}" if day.year > 999 else day.isoformat().replace("-", ""),
                "MonthYear": day.isoformat()[:7].replace("-", ""),
                "Year": day.isoformat()[:4],
                "FractionDate": round(day.year + (day.month * 30 + day.day) / 365, 4),
                **_gdelt_actor("Actor1", actor),
                **_gdelt_actor("Actor2", recipient),
                "IsRootEvent": int(event.sentence == first),
                "EventCode": code,
                "EventBaseCode": code,
                "EventRootCode": code,
                "QuadClass": _QUAD_CODE[event.quad],
                "GoldsteinScale": event.intensity,
                "NumMentions": 1,
                "NumSources": 1,
                "NumArticles": 1,
                "AvgTone": None,
                **_gdelt_geo("Actor1Geo", None, None, None, None, None),
                **_gdelt_geo("Actor2Geo", None, None, None, None, None),
                **_gdelt_geo(
                    "ActionGeo",
                    place.name if place else None,
                    place.country if place else None,
                    place.region if place else None,
                    place.latitude if place else None,
                    place.longitude if place else None,
                ),
                "DATEADDED": document.date.isoformat().replace("-", "") + "000000",
                "SOURCEURL": document.url or document.id,
            }


_MENTIONS: Final = _columns("""
GLOBALEVENTID | integer | number of the row of the events file
EventTimeDate | string | day of the event, YYYYMMDDHHMMSS
MentionTimeDate | string | the document's date, YYYYMMDDHHMMSS
MentionType | integer | 1 for a web address, 2 for another citation
MentionSourceName | string | the document's source
MentionIdentifier | string | the document's address, or its id
SentenceID | integer | number of the sentence, from 1
Actor1CharOffset | integer | code point at which the actor's mention starts, −1 if none
Actor2CharOffset | integer | code point at which the recipient's mention starts, −1 if none
ActionCharOffset | integer | code point at which the trigger starts
InRawText | integer | 1: always found in the text as it stands
Confidence | integer | confidence in per cent
MentionDocLen | integer | length of the text in code points
MentionDocTone | number | not coded, empty
MentionDocTranslationInfo | string | empty: not translated
Extras | string | empty
""")


def gdelt_mention_rows(coded: CodedDocument) -> Iterator[Row]:
    """Yield the 16 columns of GDELT 2.0 mentions, a row for each row of `gdelt_rows`."""
    index = Index(coded)
    document = coded.document
    for event in _actual(coded):
        stamp = _day(coded, event).isoformat().replace("-", "") + "000000"
        for number, (actor, recipient) in enumerate(_pairs(*index.sides(event)), 1):
            yield {
                "GLOBALEVENTID": _number(f"{document.id}\0{event.id}\0{number}"),
                "EventTimeDate": stamp,
                "MentionTimeDate": document.date.isoformat().replace("-", "") + "000000",
                "MentionType": 1 if document.url else 2,
                "MentionSourceName": document.source,
                "MentionIdentifier": document.url or document.id,
                "SentenceID": event.sentence + 1,
                "Actor1CharOffset": index.mentions[actor.mention].start if actor else -1,
                "Actor2CharOffset": index.mentions[recipient.mention].start if recipient else -1,
                "ActionCharOffset": event.trigger.start,
                "InRawText": 1,
                "Confidence": round(event.confidence * 100),
                "MentionDocLen": len(document.text),
                "MentionDocTone": None,
                "MentionDocTranslationInfo": None,
                "Extras": None,
            }


@dataclass(frozen=True, slots=True)
class Format:
    """One export format: its rows, columns, and how a text file of it looks."""

    rows: Callable[[CodedDocument], Iterator[Row]]
    columns: tuple[Column, ...]
    header: bool
    delimiter: str


def record_rows(coded: CodedDocument) -> Iterator[Row]:
    """Yield the document's record of version 1, one row."""
    yield to_json(coded)


_RECORD: Final = (
    Column("version", "integer", "version of the record, 1"),
    Column("id", "string", "the document's id"),
    Column("date", "date", "the document's date"),
    Column("title", "string", "its title"),
    Column("source", "string", "who published it"),
    Column("url", "string", "its address"),
    Column("author", "string", "its author"),
    Column("language", "string", "its language, ISO 639-1"),
    Column("text", "string", "its text; every span counts code points into it, end exclusive"),
    Column("truncated", "boolean", "the text is cut off"),
    Column("date_rule", "string", "which metadata gave the date"),
    Column("parts", "array", "title, paragraphs, tweets, captions, …: start, end, kind, author, date"),
    Column("sentences", "array", "spans"),
    Column("entities", "array", "persons, states, organisations, groups, places"),
    Column("mentions", "array", "spans that name an entity, and the rule that linked them"),
    Column("events", "array", "coded events; actors, recipients and location are ids of mentions"),
    Column("statements", "array", "coded statements; speaker and addressee are ids of mentions"),
    Column("coder", "string", "package and model that coded it"),
)

FORMATS: Final[Mapping[str, Format]] = {
    "record": Format(record_rows, _RECORD, True, ","),
    "events": Format(flat_rows, _FLAT, True, ","),
    "plover": Format(plover_rows, _PLOVER, True, ","),
    "polecat": Format(polecat_rows, _POLECAT, True, "\t"),
    "icews": Format(icews_rows, _ICEWS, True, "\t"),
    "gdelt": Format(gdelt_rows, _gdelt_columns(), False, "\t"),
    "gdelt-mentions": Format(gdelt_mention_rows, _MENTIONS, False, "\t"),
}
"""Format name → how it is made."""

FILES: Final = ("csv", "jsonl", "parquet", "stata")
"""Kinds of file. CSV is tab-separated, and without a header, where the format's own files are."""


_NESTED: Final = frozenset({"record", "plover"})


def _known(format: str) -> Format:
    if format not in FORMATS:
        raise OptionError(f"format is {format!r}; it must be one of {', '.join(FORMATS)}")
    return FORMATS[format]


def write_csv(coded: Iterable[CodedDocument], stream: IO[str], format: str = "events") -> int:
    """Write a format as CSV, or as tab-separated values where its own files are; return the number of rows.

    Control characters and line breaks inside values become spaces, so that every row is one line.
    """
    found = _known(format)
    if format in _NESTED:
        raise OptionError(f"{format} is nested; write it as jsonl")
    names = [column.name for column in found.columns]
    writer = csv.DictWriter(stream, names, delimiter=found.delimiter, lineterminator="\n")
    if found.header:
        writer.writeheader()
    count = 0
    for item in coded:
        for row in found.rows(item):
            writer.writerow({name: cell(value) for name, value in row.items()})
            count += 1
    return count


def cell(value: Any) -> Any:
    """Return a value as it stands in a text file: on one line, truth in small letters, a list joined by semicolons."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ";".join("" if item is None else str(cell(item)).replace(";", ",") for item in value)
    return _one_line(value) if isinstance(value, str) else value


def write_jsonl(coded: Iterable[CodedDocument], stream: IO[str], format: str = "plover") -> int:
    """Write a format as JSON Lines, one row a line; return the number of rows."""
    found = _known(format)
    count = 0
    for item in coded:
        for row in found.rows(item):
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def frame(coded: Iterable[CodedDocument], format: str = "events") -> Frame:
    """Return a format's rows with their documented column types, as Arrow, pandas or Polars frame (`Frame`).

    Raises:
        OptionError: the format is unknown or nested.
    """
    import pyarrow as pa

    found = _known(format)
    if format in _NESTED:
        raise OptionError(f"{format} is nested; write it as jsonl")
    kinds = {
        "string": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
    }
    dates = [column.name for column in found.columns if column.kind == "date"]
    rows = [row for item in coded for row in found.rows(item)]
    for row in rows:
        for name in dates:
            row[name] = dt.date.fromisoformat(row[name]) if row[name] else None
    return Frame(pa.Table.from_pylist(rows, schema=pa.schema([(c.name, kinds[c.kind]) for c in found.columns])))


def codebook(format: str, **facts: str | int | None) -> dict[str, Any]:
    """Return the JSON Table Schema of a format, with facts to cite: coder, store version, query, licence.

    Source: Frictionless Data, Table Schema, version 1.
    """
    found = _known(format)
    return {
        "title": f"detente export: {format}",
        "fields": [
            {"name": c.name, "type": c.kind, "description": c.meaning}
            | ({"format": "default"} if c.kind == "date" else {})
            | ({"stata": short} if (short := _stata_name(c.name)) != c.name else {})
            for c in found.columns
        ],
        "missingValues": [""],
        "dialect": {"delimiter": found.delimiter, "header": found.header, "lineTerminator": "\n"},
        **({"cameo": {t: {"root": r, "one_to_one": e} for t, (r, e) in CAMEO.items()}} if format in _CAMEO else {}),
        **{name: value for name, value in facts.items() if value is not None},
    }


_CAMEO: Final = frozenset({"icews", "gdelt"})


def export(
    coded: Iterable[CodedDocument],
    path: str | Path,
    *,
    format: str = "events",
    file: Literal["csv", "jsonl", "parquet", "stata"] | None = None,
    **facts: str | int | None,
) -> int:
    """Write a format to a file, and its codebook beside it (`PATH.schema.json`), each whole or not at all.

    Args:
        coded: documents; taken lazily for CSV and JSON Lines.
        path: where to; its ending gives the kind of file unless `file` does.
        format: one of `FORMATS`.
        file: one of `FILES`.
        facts: what the codebook should say beside the columns: coder, store version, query, licence.

    Returns:
        The number of rows written.

    Raises:
        OptionError: format or file is unknown, or they do not go together.
        InputError: the file cannot be written.
        MissingExtraError: Stata files need pandas.
    """
    _known(format)
    target = Path(path)
    endings = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".json": "jsonl", ".parquet": "parquet", ".dta": "stata"}  # fmt: skip
    chosen = file or endings.get(target.suffix.lower())
    if chosen not in FILES:
        raise OptionError(f"{target.name!r} does not say what to write; give file as one of {', '.join(FILES)}")
    book = target.with_name(target.name + ".schema.json")
    halves: list[Path] = []
    try:
        for _ in range(2):
            descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            os.close(descriptor)
            halves.append(Path(name))
        count = _write(coded, halves[0], format, chosen)
        told = json.dumps(codebook(format, rows=count, **facts), ensure_ascii=False, indent=2)
        halves[1].write_text(told + "\n", "utf-8")
        for half, whole in zip(halves, (target, book), strict=True):
            half.chmod(0o666 & ~_umask())
            half.replace(whole)
    except (OSError, UnicodeError) as error:
        raise InputError(f"{target}: cannot be written: {error}") from error
    finally:
        for half in halves:
            half.unlink(missing_ok=True)
    return count


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write(coded: Iterable[CodedDocument], path: Path, format: str, file: str) -> int:
    if file in ("csv", "jsonl"):
        with path.open("w", encoding="utf-8", newline="") as stream:
            return (write_csv if file == "csv" else write_jsonl)(coded, stream, format)
    table = frame(coded, format).arrow()
    if file == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, path)
    else:
        _write_stata(table, path)
    return int(table.num_rows)


def _stata_name(name: str) -> str:
    """Return a column's name in Stata: letters, digits and _, 32 at most, no word that Stata keeps for itself."""
    short = re.sub(r"\W", "_", name)[:32]
    return f"{short}_class" if short == "quad" else short


def _write_stata(table: Any, path: Path) -> None:
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("Stata files need pandas: pip install 'detente[pandas]'") from error
    data = table.to_pandas()
    names: dict[str, str] = {}
    for name in data.columns:
        names[name] = _stata_name(name)
        kind = str(table.schema.field(name).type)
        if kind == "date32[day]":
            data[name] = pd.to_datetime(data[name], errors="coerce")
        elif kind == "string":
            data[name] = data[name].fillna("").map(lambda text: _one_line(text)).astype(object)
        elif kind == "bool":
            data[name] = data[name].astype(float)
        else:
            data[name] = pd.to_numeric(data[name], errors="coerce").astype(float)
    data = data.rename(columns=names)
    long = [column for column in data.columns if data[column].dtype == object]
    dates = {names[f.name]: "td" for f in table.schema if str(f.type) == "date32[day]"}
    data.to_stata(path, write_index=False, version=118, convert_strl=long, convert_dates=dates)
