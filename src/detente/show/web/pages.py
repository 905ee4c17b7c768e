"""What each page and data route says: the address's query in, plain values for a template or for JSON out."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup

from detente import plover
from detente.code.coder import bundled_manifest
from detente.errors import OptionError, StoreError
from detente.highlight import STYLES, marked, marks, shown
from detente.measure.level import BANDS, band_name
from detente.measure.network import Network
from detente.measure.series import By, parse_party, period, periods
from detente.records import CodedDocument, Event, to_json
from detente.show.search import Hit, mark_words, parse_words
from detente.show.web import chart, data
from detente.show.web.desk import (
    Desk,
    Measured,
    Pair,
    countries,
    country_name,
    strongest,
)
from detente.show.web.reviews import CORRECTION_COLUMNS, Review, Reviews, Verdict, corrections, now, precision
from detente.show.web.view import Facets, Here, Query, View, country, one_of, some_of, value, values, whole
from detente.store.happenings import Happening

PAGE: Final = 20
"""Happenings, events or sentences on one page of a list."""
_PARAGRAPH: Final = 1500
"""Most characters shown before and after a sentence: a hostile paragraph may be megabytes long."""


def address(**parts: Any) -> str:
    """Return the query part of an address, without empty parts."""
    return urlencode([(k, str(v)) for k, v in parts.items() if v not in (None, "")])


def link(url: str | None) -> str | None:
    """Return an address that may be followed: http or https, else None."""
    if not url or len(url) > 2000:
        return None
    try:
        split = urlsplit(url)
    except ValueError:
        return None
    return url if split.scheme.lower() in ("http", "https") and split.netloc else None


def days(start: dt.date | None, end: dt.date | None) -> str:
    """Return one day or a stretch of days for people."""
    if start is None:
        return "no date"
    if end is None or end == start:
        return f"{start.day} {start:%b %Y}"
    if end.year == start.year and end.month == start.month:
        return f"{start.day}–{end.day} {start:%b %Y}"
    return f"{start.day} {start:%b %Y} – {end.day} {end:%b %Y}"


def kind(type: str, mode: str | None) -> str:
    """Return type and mode for people: SANCTION · expel."""
    return f"{type} · {mode.replace('-', ' ')}" if mode else type


def number(found: float | None, digits: int = 0) -> str:
    """Return a number with thousands apart."""
    return "–" if found is None else f"{found:,.{digits}f}".replace(",", "\u202f")


def shade(mean: float) -> str:
    """Return the class of a level's colour: c-5 (conflict) to c5 (cooperation)."""
    return f"c{max(-5, min(5, round(mean / 1.6))):d}"


def noun(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "signed": chart.signed,
    "shown": shown,
    "country": country_name,
    "number": number,
    "noun": noun,
    "link": link,
    "shade": shade,
    "tup": tuple,
    "issue": lambda text: text.replace("_", " "),
}
STATUS_WORDS: Final = (
    ("actual", "done"), ("planned", "planned"), ("hypothetical", "possible or feared"), ("denied", "denied"),
    ("historical", "past background"),
)  # fmt: skip
GLOBALS: Final[Mapping[str, Any]] = {
    "days": days, "kind": kind, "address": address, "label": chart.label, "roles": tuple(STYLES),
    "pair_address": lambda a, b, facets, **more: View(a, b, facets, **more).address(), "STATUS_WORDS": STATUS_WORDS,
    "shade": shade, "quad": plover.QUAD, "band_name": band_name, "plover": plover, "isinstance": isinstance,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One report of a happening as evidence: its paragraph, marked, and what was coded."""

    row: Mapping[str, Any]
    html: Markup
    before: bool
    after: bool
    part: str
    coded: CodedDocument
    event: Event
    review: Review | None

    @property
    def speaker(self) -> str | None:
        """Who asserts it, where someone does."""
        for statement in self.coded.statements:
            if statement.id == self.event.statement and statement.speaker:
                return self.coded.entity(statement.speaker).name
        return None


@dataclass(frozen=True, slots=True)
class Group:
    """A happening with the reports of it that are shown."""

    happening: Happening
    items: tuple[Item, ...]
    more: int


def paragraph(coded: CodedDocument, event: Event) -> tuple[int, int, str]:
    """Return the stretch of text around an event's sentence that is shown, and the kind of its part."""
    sentence = coded.sentences[event.sentence]
    for part in coded.document.parts:
        if part.start <= sentence.start and sentence.end <= part.end:
            start, end, told = part.start, part.end, part.kind
            break
    else:
        start, end, told = sentence.start, sentence.end, "paragraph"
    low, high = (
        max(start, sentence.start - _PARAGRAPH),
        min(end, sentence.end + _PARAGRAPH, sentence.start + 2 * _PARAGRAPH),
    )
    return low, max(high, min(end, sentence.start + 1)), told


def item(row: Mapping[str, Any], coded: CodedDocument, review: Review | None) -> Item | None:
    """Return a row of evidence with its paragraph, the event's own spans marked; None if the event is gone."""
    event = next((one for one in coded.events if one.id == row["event"]), None)
    if event is None:
        return None
    start, end, told = paragraph(coded, event)
    statements = tuple(one for one in coded.statements if one.id == event.statement)
    own = marks(replace(coded, events=(event,), statements=statements))
    sentence = coded.sentences[event.sentence]
    text = coded.document.text
    pieces = [
        (start, max(start, sentence.start), ""),
        (max(start, sentence.start), min(end, sentence.end), "key"),
        (min(end, sentence.end), end, ""),
    ]
    html = "".join(
        f'<span class="{name}">{marked(text, low, high, own)}</span>' if name else marked(text, low, high, own)
        for low, high, name in pieces
        if low < high
    )
    whole_ = coded.document.parts
    inside = next((p for p in whole_ if p.start <= sentence.start and sentence.end <= p.end), None)
    return Item(
        row, Markup(html), inside is not None and start > inside.start, inside is not None and end < inside.end,
        told, coded, event, review,
    )  # fmt: skip


class Book:
    """All pages of one store.

    Args:
        desk: where the answers come from.
        reviews: where reviews are kept.
        version: detente's version.
    """

    def __init__(self, desk: Desk, reviews: Reviews, version: str) -> None:
        self.desk = desk
        self.reviews = reviews
        self.version = version

    # What every page knows

    @property
    def store_version(self) -> int | None:
        """The store's newest version."""
        return self.desk.version

    @property
    def name(self) -> str:
        """The store's name: the last part of its address."""
        return shown(self.desk.path.rstrip("/").rsplit("/", 1)[-1]) or "store"

    def coders(self, version: int | None) -> list[str]:
        """Return the coders of a version's reports."""
        return [name for name, _ in self.desk.totals(version).coders]

    def live(self, query: Query) -> dict[str, Any]:
        """Return what tells a page that the store has grown."""
        version = self.desk.version
        totals = self.desk.totals()
        return {"version": version, "documents": totals.documents, "events": totals.events, "last": totals.last}

    # Home

    def home(self, query: Query) -> dict[str, Any]:
        """Return the home page: what is here, and which pairs changed."""
        facets = Facets.parse(query)
        totals = self.desk.totals(facets.version)
        pairs: Sequence[Pair] = ()
        years = None
        if totals.documents:
            pairs = self.desk.pairs(facets)
            years = self.desk.years(facets)
        names = {c for pair in pairs for c in (pair.a, pair.b)}
        top = max(pairs, key=lambda p: p.happenings, default=None)
        reach = self._reach(facets)
        return {
            "here": Here("/", facets), "facets": facets, "version": self.desk.store(facets.version).version, "values": self.desk.values(facets.version),
            "totals": totals, "pairs": pairs[:60], "more": max(0, len(pairs) - 60), "years": years,
            "sparks": {(p.a, p.b): Markup(chart.spark(p.years, reach)) for p in pairs[:60]},
            "names": sorted((country_name(code), code) for code in names), "top": (top.a, top.b) if top else (),
        }  # fmt: skip

    def _reach(self, facets: Facets) -> tuple[float, float]:
        """Return the first and the last year of a view, for the spark lines."""
        totals = self.desk.totals(facets.version)
        first, last = facets.from_ or totals.first, facets.to or totals.last
        return (float(first.year), float(last.year)) if first and last else (0.0, 0.0)

    def pairs_json(self, query: Query) -> list[dict[str, Any]]:
        """Return all pairs."""
        facets = Facets.parse(query)
        if not self.desk.totals(facets.version).documents:
            return []
        return [data.pair_row(pair) for pair in self.desk.pairs(facets)]

    def pairs_csv(self, query: Query) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return all pairs, for CSV."""
        return self.pairs_json(query), data.PAIR_COLUMNS, "pairs"

    # A relation

    def relation(self, query: Query, a: str, b: str) -> dict[str, Any]:
        """Return the page of a relation."""
        view = View.parse(a, b, query)
        measured = self.desk.measured(view)
        found = measured.found
        plain_view = View(
            view.a, view.b, Facets(version=view.facets.version), sector_a=view.sector_a, sector_b=view.sector_b
        )
        base = self.desk.relation(plain_view)
        first, last = self.desk.span(view.facets)
        known = [one for one in measured.levels if one.value is not None]
        evidence = self._evidence(view, query)
        totals = self.desk.totals(view.facets.version)
        joint = found.series["joint"]
        return {
            "view": view, "found": found, "levels": measured.levels, "changes": measured.changes,
            "words": [chart.words(change) for change in measured.changes],
            "svg": Markup(self._svg(view, 1040)),
            "now": known[-1] if known else None, "then": known[0] if known else None,
            "first": first, "last": last, "span": (totals.first, totals.last),
            "counts": self.desk.counts(plain_view), "base": base, "totals": totals,
            "happenings": sum(p.happenings for p in joint), "reports": self.desk.told(view),
            "read": sum(p.read for p in joint), "rows": list(zip(measured.levels, *found.series.values(), strict=True)),
            "evidence": evidence, "names": (country_name(a), country_name(b)),
            "years": sorted({p.start.year for p in joint}),
        }  # fmt: skip

    def _svg(self, view: View, width: int, alone: bool = False) -> str:
        measured = self.desk.measured(view)
        names = self.party_names(view)
        first, last = self.desk.span(view.facets)
        return chart.relation_svg(
            measured.found, measured.levels, measured.changes, view.series, names, width=width, count=view.count,
            at=view.at, alone=alone,
            title=f"{names[0]} – {names[1]}, {days(first, last)}: level of relations" if alone else "",
        )  # fmt: skip

    def party_names(self, view: View) -> tuple[str, str]:
        """Return the two parties' names, with their sectors where only these count."""
        one, two = (
            country_name(c) + (f", {plover.SECTORS[s]}" if s else "")
            for c, s in ((view.a, view.sector_a), (view.b, view.sector_b))
        )
        return one, two

    def picture(self, query: Query, a: str, b: str, *, width: int, alone: bool) -> str:
        """Return a relation's chart as SVG."""
        return self._svg(View.parse(a, b, query), width, alone)

    def _chosen(self, view: View) -> tuple[list[Happening], str]:
        """Return the happenings whose evidence a view opens, strongest first, and what they are."""
        found = self.desk.relation(view)
        if view.happening is not None:
            if view.happening not in found.happenings:
                raise StoreError(f"no happening {view.happening[:80]!r} in this relation, with these facets")
            one = found.happenings[view.happening]
            return [one], f"{kind(one.type, one.mode)}, {days(one.day, one.end)}"
        ordered = self.desk.order(view)
        if view.at is None:
            return list(ordered), "the whole view"
        start = period(view.at, view.by)[0]
        ids = {key for p in found.series[view.series] if p.start == start for key in p.ids}
        return [h for h in ordered if h.id in ids], chart.label(start, view.by)

    def _evidence(self, view: View, query: Query) -> dict[str, Any]:
        chosen, told = self._chosen(view)
        page = whole(query, "page", 0, 10**6)
        part = chosen[page * PAGE : (page + 1) * PAGE]
        found = self.desk.relation(view)
        most = 50 if view.happening else 3
        shown_ = {h.id: sorted(h.reports, key=lambda r: (-r.confidence, r.document))[:most] for h in part}
        documents = self.desk.documents((r.document for listed in shown_.values() for r in listed), view.facets.version)
        reviews = self.reviews.latest()
        groups = []
        for happening in part:
            items = []
            for report in shown_[happening.id]:
                coded = documents.get(report.document)
                if coded is not None:
                    row = found.rows[report.document, report.event]
                    made = item(row, coded, reviews.get((report.document, report.event, coded.coder)))
                    if made is not None:
                        items.append(made)
            groups.append(Group(happening, tuple(items), len(happening.reports) - len(items)))
        return {
            "groups": groups, "told": told, "total": len(chosen), "page": page, "pages": -(-len(chosen) // PAGE),
            "reports": len({r.document for h in chosen for r in h.reports}),
        }  # fmt: skip

    def relation_json(self, query: Query, a: str, b: str) -> dict[str, Any]:
        """Return a relation as JSON."""
        view = View.parse(a, b, query)
        return data.relation_json(self.desk, view, self.desk.measured(view))

    def relation_csv(self, query: Query, a: str, b: str) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return a relation's periods, for CSV."""
        view = View.parse(a, b, query)
        measured = self.desk.measured(view)
        rows = [data.flat(row) for row in data.relation_rows(measured.found, measured.levels)]
        return rows, data.RELATION_COLUMNS, f"{a}-{b}-by-{view.by}"

    def evidence_json(self, query: Query, a: str, b: str) -> dict[str, Any]:
        """Return the reports behind a period, a happening or a whole view."""
        view = View.parse(a, b, query)
        chosen, _ = self._chosen(view)
        found = self.desk.relation(view)
        return {"store_version": found.version, "evidence": data.evidence_rows(found.evidence(h.id for h in chosen))}

    def evidence_csv(self, query: Query, a: str, b: str) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return the same, for CSV."""
        rows = cast("list[dict[str, Any]]", self.evidence_json(query, a, b)["evidence"])
        return rows, data.EVIDENCE_COLUMNS, f"{a}-{b}-evidence"

    def point(self, query: Query, a: str, b: str) -> dict[str, Any]:
        """Return one period for the hover: counts, level and band, the three strongest sentences."""
        view = View.parse(a, b, query)
        if view.at is None:
            raise OptionError("at is missing; write a day, such as at=2018-07-06")
        measured = self.desk.measured(view)
        start = period(view.at, view.by)[0]
        found = measured.found
        rows = data.relation_rows(found, measured.levels)
        for row in rows:
            if row["start"] == start:
                point = next(p for p in found.series[view.series] if p.start == start)
                return {
                    **row, "label": chart.label(start, view.by),
                    "strongest": [data.happening_row(h) for h in strongest(found, point.ids, 3)],
                }  # fmt: skip
        raise OptionError(f"{view.at} lies outside the view")

    # The ledger

    def ledger(self, query: Query, a: str, b: str) -> dict[str, Any]:
        """Return the page of the ledger of positions."""
        view = View.parse(a, b, query)
        parse_party(a)
        found = self.desk.ledger(view)
        side = one_of(query, "side", ("", a, b), "")
        stand = one_of(query, "stand", ("", "asks", "promises", "rejects", "threatens"), "")
        listed = [p for p in found.positions if side in ("", p.side) and stand in ("", p.stand)]
        listed.sort(key=lambda p: (-p.times, -p.reports, -p.last.toordinal(), p.side, p.context))
        page = whole(query, "page", 0, 10**6)
        own = tuple((name, text) for name, text in (("side", side), ("stand", stand)) if text)
        return {
            "here": Here(f"/ledger/{a}/{b}", replace(view.facets, status=("actual",), type=(), mode=()), own),
            "version": self.desk.store(view.facets.version).version,
            "facets": view.facets, "values": self.desk.counts(View(a, b, Facets(version=view.facets.version))),
            "view": view, "ledger": found, "side": side, "stand": stand, "total": len(listed),
            "positions": listed[page * 40 : (page + 1) * 40], "page": page, "pages": -(-len(listed) // 40),
            "counts": Counter((p.side, p.stand) for p in found.positions), "names": (country_name(a), country_name(b)),
        }  # fmt: skip

    def ledger_json(self, query: Query, a: str, b: str) -> dict[str, Any]:
        """Return the ledger as JSON."""
        found = self.desk.ledger(View.parse(a, b, query))
        rows = [{**asdict(p), "repeated": p.repeated} for p in found.positions]
        return {"a": a, "b": b, "positions": rows}

    def ledger_csv(self, query: Query, a: str, b: str) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return the ledger, for CSV."""
        rows = []
        for row in self.ledger_json(query, a, b)["positions"]:
            turn = row.pop("changed")
            rows.append({**row, "changed": turn and turn["day"], "changed_to": turn and turn["stand"]})
        columns = (
            "side", "towards", "stand", "context", "first", "last", "times", "reports", "hearsay", "first_wording",
            "last_wording", "speakers", "changed", "changed_to", "ids",
        )  # fmt: skip
        return rows, columns, f"{a}-{b}-ledger"

    # A state

    def state(self, query: Query, a: str) -> dict[str, Any]:
        """Return the page of a state: its partners, its people and bodies, what it did of late."""
        a, facets = country(a), Facets.parse(query)
        first, last = self.desk.span(facets)
        version = facets.version
        pairs = [p for p in self.desk.pairs(facets) if a in (p.a, p.b)]
        here = Here(f"/state/{a}", facets)
        where, parameters = self._where(_Only(facets.status), facets)
        narrow = f" SEMI JOIN (SELECT document, event FROM events WHERE {where}) USING (document, event)"
        actors = self.desk.keep(
            version, ("acting", a, facets),
            lambda: self.desk.rows(
                "SELECT name, any_value(kind) AS kind, mode(title) AS title, mode(sector) AS sector, count(*) AS n"
                f" FROM participants{narrow if here.narrowed else ''}"
                " WHERE country = ? AND role = 'actor' AND kind IN ('person', 'organisation', 'group')"
                " GROUP BY name ORDER BY n DESC, name LIMIT 24",
                [*(parameters if here.narrowed else ()), a], version,
            ),
        )  # fmt: skip
        network = self.desk.network(first, last, facets)
        reach = self._reach(facets)
        late = self.desk.years(facets)[1][0]
        ids = [
            key for pair, tie in network.ties.items() if pair[0] == a
            for key in tie.ids if network.happenings[key].day >= late
        ]  # fmt: skip
        listed = sorted(
            {key: network.happenings[key] for key in ids}.values(),
            key=lambda h: (-abs(h.intensity) * h.confidence, h.id),
        )
        return {
            "here": here, "values": self.desk.values(version), "version": self.desk.store(version).version,
            "code": a, "name": country_name(a), "pairs": pairs, "actors": actors, "facets": facets,
            "sparks": {(p.a, p.b): Markup(chart.spark(p.years, reach)) for p in pairs[:40]},
            "acts": [data.happening_row(h) for h in listed[:8]], "years": self.desk.years(facets),
            "happenings": sum(p.happenings for p in pairs), "known": a in countries(),
        }  # fmt: skip

    def state_json(self, query: Query, a: str) -> dict[str, Any]:
        """Return a state's partners as JSON."""
        a, facets = country(a), Facets.parse(query)
        pairs = self.desk.pairs(facets) if self.desk.totals(facets.version).documents else ()
        return {"state": a, "name": country_name(a), "partners": [data.pair_row(p) for p in pairs if a in (p.a, p.b)]}

    def state_csv(self, query: Query, a: str) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return a state's partners, for CSV."""
        return self.state_json(query, a)["partners"], data.PAIR_COLUMNS, f"{a}-partners"

    # An actor

    def _actor(self, query: Query) -> tuple[str, Facets, list[dict[str, Any]], list[dict[str, Any]]]:
        name = (value(query, "name") or "").strip()
        if not name:
            raise OptionError("name is missing; write a person's or a body's name")
        facets = Facets.parse(query)
        where, parameters = self._where(query, facets)
        key = ("actor", name, where, repr(parameters))
        events, said = self.desk.keep(facets.version, key, lambda: self._acts(name, facets, where, parameters))
        return name, facets, events, said

    def _acts(
        self, name: str, facets: Facets, where: str, parameters: list[Any]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        events = self.desk.rows(
            "SELECT * FROM events WHERE (list_contains(actor_names, ?) OR list_contains(recipient_names, ?))"
            f" AND {where} ORDER BY coalesce(date, published) DESC, document, event LIMIT 5000",
            [name, name, *parameters], facets.version,
        )  # fmt: skip
        conditions, bound = ["list_contains(speaker_names, ?)", "confidence >= ?"], [name, facets.min_confidence / 100]
        if facets.source:
            conditions.append("list_contains(?::varchar[], source)")
            bound.append(list(facets.source))
        for sign, day in ((">=", facets.from_), ("<=", facets.to)):
            if day is not None:
                conditions.append(f"published {sign} ?")
                bound.append(day)
        said = self.desk.rows(
            f"SELECT * FROM statements WHERE {' AND '.join(conditions)} ORDER BY published DESC, document, statement"
            " LIMIT 5000",
            bound, facets.version,
        )  # fmt: skip
        return events, said

    @staticmethod
    def _where(query: Query, facets: Facets) -> tuple[str, list[Any]]:
        conditions: list[str] = ["confidence >= ?"]
        parameters: list[Any] = [facets.min_confidence / 100]
        if some_of(query, "status", plover.STATUSES):
            conditions.append("list_contains(?::varchar[], status)")
            parameters.append(list(facets.status))
        if facets.type or facets.mode:
            conditions.append("(list_contains(?::varchar[], type) OR list_contains(?::varchar[], type || '/' || mode))")
            parameters += [list(facets.type), list(facets.mode)]
        if facets.context:
            conditions.append("list_has_any(contexts, ?::varchar[])")
            parameters.append(list(facets.context))
        if facets.source:
            conditions.append("list_contains(?::varchar[], source)")
            parameters.append(list(facets.source))
        if facets.asserted is not None:
            conditions.append("attributed = ?")
            parameters.append(facets.asserted)
        for sign, day in ((">=", facets.from_), ("<=", facets.to)):
            if day is not None:
                conditions.append(f"coalesce(date, published) {sign} ?")
                parameters.append(day)
        return " AND ".join(conditions), parameters

    def actor(self, query: Query) -> dict[str, Any]:
        """Return the page of a person or body: what it did, what was done to it, what it said."""
        name, facets, events, said = self._actor(query)
        here = Here(
            "/actor", replace(facets, status=cast("Any", some_of(query, "status", plover.STATUSES))), (("name", name),), any_status=True
        )  # fmt: skip
        who = self.desk.kept_rows(
            "SELECT mode(kind) AS kind, country, mode(sector) AS sector, mode(title) AS title, count(*) AS n FROM entities"
            " WHERE name = ? GROUP BY country, lower(title) ORDER BY n DESC, country, title LIMIT 6",
            [name], facets.version,
        )  # fmt: skip
        did = [row for row in events if name in row["actor_names"]]
        page = whole(query, "page", 0, 10**6)
        return {
            "here": here, "facets": here.facets, "values": self.desk.values(facets.version),
            "version": self.desk.store(facets.version).version,
            "name": name, "who": who, "did": did[page * PAGE : (page + 1) * PAGE], "did_total": len(did), "page": page,
            "pages": -(-len(did) // PAGE),
            "suffered": [row for row in events if name in row["recipient_names"] and name not in row["actor_names"]][:PAGE],
            "said": said[:PAGE], "said_total": len(said),
            "types": Counter(row["type"] for row in did).most_common(),
            "towards": Counter(c for row in did for c in row["recipient_countries"] if c).most_common(8),
        }  # fmt: skip

    def actor_json(self, query: Query) -> dict[str, Any]:
        """Return what an actor did and said as JSON."""
        name, _, events, said = self._actor(query)
        keep = (
            "document",
            "statement",
            "published",
            "speaker_names",
            "cue",
            "content",
            "venue",
            "confidence",
            "source",
            "url",
        )
        return {
            "name": name, "events": data.evidence_rows(events),
            "statements": [{key: row[key] for key in keep} for row in said],
        }  # fmt: skip

    def actor_csv(self, query: Query) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return an actor's events, for CSV."""
        return self.actor_json(query)["events"], data.EVIDENCE_COLUMNS[1:], "actor-events"

    # A report

    def _coded(self, query: Query) -> CodedDocument:
        id = value(query, "id")
        if not id:
            raise OptionError("id is missing; write a report's id")
        version = value(query, "version")
        found = self.desk.documents([id], whole(query, "version", 0, 10**8) if version else None).get(id)
        if found is None:
            raise StoreError(f"no report has the id {shown(id)[:100]!r}")
        return found

    def report(self, query: Query) -> dict[str, Any]:
        """Return the page of a report: its text, marked, and everything coded from it."""
        coded = self._coded(query)
        found = marks(coded)
        document = coded.document
        parts = [
            (part.kind, part.author, Markup(marked(document.text, part.start, part.end, found)))
            for part in document.parts
        ] or [("paragraph", None, Markup(marked(document.text, 0, len(document.text), found)))]
        names = {mention.id: coded.entity(mention.id) for mention in coded.mentions}
        reviews = self.reviews.latest()
        return {
            "coded": coded, "document": document, "parts": parts, "names": names,
            "reviews": {e.id: reviews.get((document.id, e.id, coded.coder)) for e in coded.events},
            "opened": value(query, "event"), "open": self.reviews.path is not None,
            "version": self.desk.store(Facets.parse(query).version).version,
        }  # fmt: skip

    def report_json(self, query: Query) -> dict[str, Any]:
        """Return a report as record version 1."""
        return to_json(self._coded(query))

    def report_csv(self, query: Query) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return a report's events, for CSV."""
        id = self._coded(query).document.id
        rows = self.desk.rows("SELECT * FROM events WHERE document = ? ORDER BY len(event), event", [id])
        return data.evidence_rows(rows), data.EVIDENCE_COLUMNS[1:], "report-events"

    # All pairs

    def _matrix(self, query: Query) -> dict[str, Any]:
        facets = Facets.parse(query)
        first, last = self.desk.span(facets)
        usual = "year" if (last - first).days > 1200 else "quarter"
        by = cast("By", one_of(query, "by", ("quarter", "year"), usual))
        network = self.desk.network(first, last, facets)
        pairs = self.desk.pairs(facets)
        order = one_of(query, "order", ("change", "happenings", "conflict"), "change")
        if order == "happenings":
            pairs = tuple(sorted(pairs, key=lambda p: (-p.happenings, p.a, p.b)))
        elif order == "conflict":
            pairs = tuple(
                sorted(pairs, key=lambda p: (-p.conflict_share * (p.happenings >= 5), -p.happenings, p.a, p.b))
            )
        columns = [start for start, _ in periods(first, last, by)[:60]]
        own = tuple((k, v) for k, v, most in (("order", order, "change"), ("by", by, usual)) if v != most)
        return {
            "network": network, "pairs": pairs, "columns": columns, "by": by, "usual": usual, "order": order,
            "facets": facets, "here": Here("/matrix", facets, own), "version": self.desk.store(facets.version).version,
        }  # fmt: skip

    @staticmethod
    def _cells(
        network: Network, pair: Pair, columns: Sequence[dt.date], by: By
    ) -> list[tuple[dt.date, float | None, int]]:
        """Return a pair's mean intensity and happenings in each period."""
        cells: dict[dt.date, list[float]] = {}
        for key in network.joint[pair.a, pair.b].ids:
            happening = network.happenings[key]
            cells.setdefault(period(happening.day, by)[0], []).append(happening.intensity)
        return [(c, sum(v) / len(v), len(v)) if (v := cells.get(c)) else (c, None, 0) for c in columns]

    def matrix(self, query: Query) -> dict[str, Any]:
        """Return the matrix: pairs by period, mean intensity and happenings."""
        made = self._matrix(query)
        rows = [(p, self._cells(made["network"], p, made["columns"], made["by"])) for p in made["pairs"][:50]]
        return {
            **made, "rows": rows, "total": len(made["pairs"]), "years": self.desk.years(made["facets"]),
            "values": self.desk.values(made["facets"].version),
        }  # fmt: skip

    def matrix_json(self, query: Query) -> list[dict[str, Any]]:
        """Return all pairs by period: a row a pair and period in which something happened."""
        if not self.desk.totals(Facets.parse(query).version).documents:
            return []
        made = self._matrix(query)
        return [
            {"a": pair.a, "b": pair.b, "change": pair.change, "start": start, "mean": mean, "happenings": count}
            for pair in made["pairs"]
            for start, mean, count in self._cells(made["network"], pair, made["columns"], made["by"])
            if count
        ]

    def matrix_csv(self, query: Query) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return the same, for CSV."""
        return self.matrix_json(query), ("a", "b", "change", "start", "mean", "happenings"), "matrix"

    def _compared(self, query: Query) -> tuple[Here, By, list[tuple[View, Measured]]]:
        """Return the pairs that are compared, each measured."""
        facets = Facets.parse(query)
        by = cast("By", one_of(query, "by", ("month", "quarter", "year"), "quarter"))
        asked = values(query, "pair")[:12]
        chosen = [pair.partition("-")[::2] for pair in asked]
        if not asked and self.desk.totals(facets.version).documents:
            chosen = [(p.a, p.b) for p in sorted(self.desk.pairs(facets), key=lambda p: (-p.happenings, p.a, p.b))[:6]]
        views = [replace(View.parse(a, b, _Only()), facets=facets, by=by) for a, b in chosen]
        own = (*(() if by == "quarter" else (("by", by),)), *(("pair", pair) for pair in asked))
        return Here("/compare", facets, own), by, [(view, self.desk.measured(view)) for view in views]

    def compare(self, query: Query) -> dict[str, Any]:
        """Return small multiples of some pairs on one scale."""
        here, by, panels = self._compared(query)
        reach = chart.shared([m.levels for _, m in panels])
        every = self.desk.pairs(here.facets) if self.desk.totals(here.facets.version).documents else ()
        return {
            "here": here, "facets": here.facets, "values": self.desk.values(here.facets.version),
            "version": self.desk.store(here.facets.version).version,
            "panels": [
                (view, m.found, Markup(chart.small(m.found, m.levels, reach)),
                 next((one for one in reversed(m.levels) if one.value is not None), None))
                for view, m in panels
            ],
            "chosen": [f"{view.a}-{view.b}" for view, _ in panels], "by": by,
            "pairs": sorted(every, key=lambda p: (-p.happenings, p.a, p.b))[:60],
        }  # fmt: skip

    def compare_json(self, query: Query) -> list[dict[str, Any]]:
        """Return the level of the pairs that are compared, a row a pair and period."""
        return [
            {
                "a": view.a, "b": view.b, "start": level.start, "end": level.end, "level": level.value, "low": level.low,
                "high": level.high, "name": level.name, "happenings": point.happenings, "reports": point.reports,
            }
            for view, m in self._compared(query)[2]
            for level, point in zip(m.levels, m.found.series["joint"], strict=True)
        ]  # fmt: skip

    def compare_csv(self, query: Query) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return the same, for CSV."""
        columns = ("a", "b", "start", "end", "level", "low", "high", "name", "happenings", "reports")
        return self.compare_json(query), columns, "compare"

    def compare_picture(self, query: Query) -> str:
        """Return all pairs that are compared in one picture, SVG."""
        panels = self._compared(query)[2]
        return chart.multiples([(f"{country_name(v.a)} – {country_name(v.b)}", m.found, m.levels) for v, m in panels])

    # Search

    def _search(self, query: Query, limit: int = PAGE) -> dict[str, Any]:
        asked = (value(query, "q") or "").strip()
        page = whole(query, "page", 0, 1000)
        facets = Facets.parse(query)
        order = cast("Any", one_of(query, "order", ("best", "newest"), "best"))
        terms = parse_words(asked)
        total, hits = 0, cast("list[Hit]", [])
        if any(not term.without for term in terms):
            total, hits = self.desk.words(facets.version).search(
                terms, from_=facets.from_, to=facets.to, sources=facets.source, order=order, limit=limit,
                offset=page * limit,
            )  # fmt: skip
        own = (("q", asked), *((("order", order),) if order != "best" else ()))
        kept = Facets(from_=facets.from_, to=facets.to, source=facets.source, version=facets.version)
        return {
            "q": asked, "terms": terms, "hits": hits, "total": total, "page": page, "facets": kept, "order": order,
            "version": self.desk.store(facets.version).version, "here": Here("/search", kept, own if asked else ()),
        }  # fmt: skip

    def search(self, query: Query) -> dict[str, Any]:
        """Return the page of a search: sentences, best first, people and bodies."""
        made = self._search(query)
        asked = made["q"].lower()
        people = self.desk.names(made["facets"].version).search(made["q"]) if made["terms"] else []
        states = [
            (code, name) for code, name in countries().items()
            if asked and ((asked in name.lower() and len(asked) > 2) or asked.upper() == code)
        ][:6]  # fmt: skip
        found = [(hit, Markup(mark_words(hit.sentence[:1200], made["terms"]))) for hit in made["hits"]]
        return {
            **made, "found": found, "people": people, "states": states, "pages": min(1001, -(-made["total"] // PAGE)),
            "sources": self.desk.totals(made["facets"].version).sources,
        }  # fmt: skip

    def search_json(self, query: Query) -> dict[str, Any]:
        """Return a search as JSON, a thousand sentences a page."""
        made = self._search(query, 1000)
        return {"q": made["q"], "total": made["total"], "sentences": [asdict(hit) for hit in made["hits"]]}

    def search_csv(self, query: Query) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return a search, for CSV."""
        return self.search_json(query)["sentences"], tuple(Hit.__dataclass_fields__), "search"

    # How it was made

    def method(self, query: Query) -> dict[str, Any]:
        """Return the methodology page, its figures from the store and the model's card."""
        return {**self.method_json(query), "asked": Facets.parse(query).version, "bands": BANDS, "roles": STYLES}

    def method_json(self, query: Query) -> dict[str, Any]:
        """Return what the store and the model are."""
        version = Facets.parse(query).version
        totals = self.desk.totals(version)
        figures = self.desk.keep(version, "figures", lambda: self._figures(version)) if totals.documents else {}
        manifest = bundled_manifest()
        right, all_ = precision(self._current())
        return {
            "detente": self.version, "store": {"version": self.desk.store(version).version, **asdict(totals)}, "figures": figures,
            "model": {k: manifest.get(k) for k in ("name", "version", "development", "test", "trained", "calibration")},
            "reviews": {"right": right, "reviewed": all_},
        }  # fmt: skip

    def _figures(self, version: int | None) -> dict[str, Any]:
        rows = partial(self.desk.rows, version=version)
        count = rows(
            "SELECT count(*) AS events, avg(confidence) AS confidence, avg(attributed::int) AS attributed,"
            " avg((date IS NOT NULL)::int) AS dated, avg((len(recipient_names) > 0)::int) AS directed,"
            " avg((len(list_filter(actor_countries, lambda c: c IS NOT NULL)) > 0)::int) AS placed FROM events"
        )[0]
        status = rows("SELECT status AS name, count(*) AS n FROM events GROUP BY 1 ORDER BY n DESC, 1")
        types = rows(
            "SELECT type AS name, count(*) AS n, avg(confidence) AS confidence FROM events GROUP BY 1 ORDER BY n DESC, 1"
        )
        rules = rows("SELECT rule AS name, count(*) AS n FROM mentions GROUP BY 1 ORDER BY n DESC, 1")
        deciles = rows(
            "SELECT least(9, floor(confidence * 10))::int AS decile, count(*) AS n FROM events GROUP BY 1 ORDER BY 1"
        )
        return {"events": count, "status": status, "types": types, "rules": rules, "confidence": deciles}

    def method_csv(self, query: Query) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return the figures of the store, the model and the reviews, for CSV."""
        found: list[dict[str, Any]] = []

        def put(path: tuple[str, ...], one: Any) -> None:
            if isinstance(one, Mapping) and {"name", "n"} <= one.keys():
                put((*path, str(one["name"])), one["n"])
            elif isinstance(one, Mapping):
                for name, part in one.items():
                    put((*path, str(name)), part)
            elif isinstance(one, tuple | list):
                for part in one:
                    put((*path, str(part[0])), part[1]) if isinstance(part, tuple) else put(path, part)
            else:
                found.append({"group": "/".join(path[:-1]), "name": path[-1], "value": one})

        put((), self.method_json(query))
        return found, ("group", "name", "value"), "method"

    # Reviews

    def _current(self) -> list[Review]:
        """Return the reviews of events as they are coded now."""
        coders = {name for name, _ in self.desk.totals().coders}
        return [review for review in self.reviews.latest().values() if review.coder in coders]

    def reviewed(self, query: Query) -> dict[str, Any]:
        """Return the page of reviews."""
        listed = list(reversed(self.reviews.latest().values()))
        current = self._current()
        right, all_ = precision(current)
        by_type = {}
        for name in plover.TYPES:
            of = [review for review in current if review.type == name]
            if of:
                by_type[name] = precision(of)
        documents = self.desk.documents(review.document for review in listed[:100])
        rows = []
        for review in listed[:100]:
            coded = documents.get(review.document)
            sentence = (
                next((coded.slice(coded.sentences[e.sentence]) for e in coded.events if e.id == review.event), None)
                if coded
                else None
            )
            rows.append(
                (review, sentence[:500] if sentence else None, coded is not None and coded.coder == review.coder)
            )
        return {"rows": rows, "right": right, "all": all_, "by_type": by_type, "total": len(listed)}

    def reviews_json(self, query: Query) -> list[dict[str, Any]]:
        """Return all reviews with the words they judge: corrections to be handed on."""
        return corrections(self.reviews.latest().values(), self.desk.documents)

    def reviews_csv(self, query: Query) -> tuple[list[dict[str, Any]], Sequence[str], str]:
        """Return all reviews, for CSV."""
        return self.reviews_json(query), CORRECTION_COLUMNS, "reviews"

    def review(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Keep a review of an event.

        Raises:
            OptionError: the form lacks something.
            StoreError: there is no such event.
        """
        document, event_id, verdict = (form.get(name, "") for name in ("document", "event", "verdict"))
        coded = self.desk.documents([document]).get(document)
        event = next((one for one in coded.events if one.id == event_id), None) if coded else None
        if coded is None or event is None:
            raise StoreError("there is no such event to review")
        self.reviews.add(
            Review(
                now(),
                document,
                event.id,
                coded.coder,
                event.type,
                event.mode,
                event.status,
                event.trigger.start,
                event.trigger.end,
                cast("Verdict", verdict),
                form.get("note", "").strip(),
            )
        )
        right, all_ = precision(self._current())
        return {"event": event.id, "verdict": verdict, "right": right, "reviewed": all_}

    def data(self, query: Query) -> dict[str, Any]:
        """Return the page that lists the data routes."""
        return {"routes": data.openapi(self.version)["paths"]}


class _Only:
    """A query that names statuses alone."""

    def __init__(self, statuses: Sequence[str] = ()) -> None:
        self.statuses = list(statuses)

    def getlist(self, key: Any, /) -> list[str]:
        return self.statuses if key == "status" else []
