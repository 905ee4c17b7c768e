"""The desk between store and pages: opens versions, computes what views ask for, and remembers it."""

from __future__ import annotations

import csv
import datetime as dt
import math
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

from detente import plover
from detente.code.coder import bundled_manifest
from detente.errors import OptionError, StoreError
from detente.measure.changes import Change, changes
from detente.measure.ledger import Ledger, ledger
from detente.measure.level import ErrorRates, Level, level
from detente.measure.network import Network, Shift, all_happenings, network, partners
from detente.measure.series import Filters, Gathered, Relation, gather, periods, relation
from detente.records import CodedDocument, from_json
from detente.show.search import FOLDER, NAMES, Names, Words
from detente.show.web.view import Facets, View
from detente.store.happenings import Happening
from detente.store.store import Store

T = TypeVar("T")

MOST_PERIODS: Final = 1500
"""Periods that one view may have."""


class Memory:
    """Keeps the latest answers; each is worked out once, however many ask for it at a time.

    Args:
        most: answers kept.
    """

    def __init__(self, most: int = 128) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._working: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, work: Callable[[], T]) -> T:
        """Return the answer kept under a key, or work it out."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: T = self._kept[key]
                return found
            own = self._working.setdefault(key, threading.Lock())
        with own:
            with self._lock:
                if key in self._kept:
                    found = self._kept[key]
                    return found
            try:
                found = work()
            finally:
                with self._lock:
                    self._working.pop(key, None)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            return found


@cache
def countries() -> Mapping[str, str]:
    """Return the names of countries by code, special codes too."""
    text = resources.files("detente.gazetteer").joinpath("data/countries.csv").read_text("utf-8")
    return {row["code"]: row["name"] for row in csv.DictReader(text.splitlines())} | dict(plover.SPECIAL_COUNTRIES)


def country_name(code: str) -> str:
    """Return a country's name, or its code where it has none here."""
    return countries().get(code, code)


@dataclass(frozen=True, slots=True)
class Totals:
    """What the store holds: how many of each, first and last day of a report, and by which coders."""

    documents: int
    sentences: int
    events: int
    statements: int
    first: dt.date | None
    last: dt.date | None
    sources: tuple[tuple[str, int], ...]
    coders: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A relation with the level and the breaks of the direction that is drawn."""

    found: Relation
    levels: tuple[Level, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two countries on the home page and in the matrix.

    Attributes:
        a: country.
        b: country.
        happenings: all of them.
        conflict_share: share of the conflict quads, 0 to 1.
        before: level in the year before the last, drawn to the mean where happenings are few.
        after: level in the last year.
        change: after − before.
        low: lower end of the 90 % interval of the change.
        high: upper end.
        thin: too few happenings in one of the two years.
        years: (year, mean intensity, happenings), the spark line.
    """

    a: str
    b: str
    happenings: int
    conflict_share: float
    before: float | None
    after: float | None
    change: float | None
    low: float | None
    high: float | None
    thin: bool
    years: tuple[tuple[int, float, int], ...]


class Desk:
    """Answers the pages' questions about one store.

    Args:
        path: the store.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._now = Store(path)
        self._old: OrderedDict[int, Store] = OrderedDict()
        self._lock = threading.Lock()
        self._memory = Memory()
        # A large pair's happenings take a hundred megabytes; views of them, little.
        self._pairs_kept = Memory(12)
        self._words = Words(None if "://" in self.path else Path(path) / FOLDER)
        self._old_words = Memory(2)

    @property
    def version(self) -> int | None:
        """The store's newest version; None while it holds nothing."""
        return self._now.version

    def store(self, version: int | None = None) -> Store:
        """Return the store at a version, by default the newest.

        Raises:
            StoreError: there is no such version.
        """
        if version is None or version == self._now.version:
            return self._now
        with self._lock:
            if version not in self._old:
                self._old[version] = Store(self.path, as_of=version)
                while len(self._old) > 4:
                    self._old.popitem(last=False)
            self._old.move_to_end(version)
            return self._old[version]

    def keep(self, version: int | None, key: Hashable, work: Callable[[], T]) -> T:
        """Return what was worked out for a version under a key, or work it out."""
        return self._memory.get((self.store(version).version, key), work)

    def rows(self, query: str, parameters: Sequence[Any] = (), version: int | None = None) -> list[dict[str, Any]]:
        """Answer one SELECT with parameters as dicts."""
        found: list[dict[str, Any]] = self.store(version).sql(query, list(parameters)).to_pylist()
        return found

    def kept_rows(
        self, query: str, parameters: Sequence[Hashable] = (), version: int | None = None
    ) -> list[dict[str, Any]]:
        """Answer as `rows` does, from memory where the same was asked of the same version."""
        return self.keep(version, (query, tuple(parameters)), lambda: self.rows(query, parameters, version))

    def totals(self, version: int | None = None) -> Totals:
        """Return what the store holds."""
        return self.keep(version, "totals", lambda: self._totals(version))

    def _totals(self, version: int | None) -> Totals:
        row = self.rows(
            "SELECT count(*) AS documents, coalesce(sum(len(sentences)), 0)::bigint AS sentences,"
            " coalesce(sum(len(events)), 0)::bigint AS events, coalesce(sum(len(statements)), 0)::bigint AS statements,"
            " min(date) AS first, max(date) AS last FROM records",
            version=version,
        )[0]
        sources, coders = (
            tuple(
                (item[name], item["n"])
                for item in self.rows(
                    f"SELECT {name}, count(*) AS n FROM records WHERE {name} IS NOT NULL GROUP BY {name}"
                    f" ORDER BY n DESC, {name} LIMIT 200",
                    version=version,
                )
            )
            for name in ("source", "coder")
        )
        return Totals(**row, sources=sources, coders=coders)

    def span(self, facets: Facets) -> tuple[dt.date, dt.date]:
        """Return the first and last day that a view covers: by default those of the reports.

        Raises:
            StoreError: the store holds no report.
        """
        totals = self.totals(facets.version)
        if totals.first is None or totals.last is None:
            raise StoreError(f"{self.path}: holds no report yet; `detente load {self.path} FILE…` adds some")
        first, last = facets.from_ or totals.first, facets.to or totals.last
        if first > last:
            raise OptionError(f"the view begins on {first} and ends before, on {last}; the store's reports end there")
        return first, last

    def relation(self, view: View) -> Relation:
        """Return the relation that a view asks for.

        Raises:
            OptionError: a part makes no sense, or the view would have too many periods.
        """
        return self.keep(view.facets.version, view.counted(), lambda: self._relation(view))

    def _relation(self, view: View) -> Relation:
        facets = view.facets
        if facets.type or facets.mode:
            every = self.relation(replace(view, facets=replace(facets, type=(), mode=())))
            return every.only(lambda h: facets.wants(h.type, h.mode))
        first, last = self.span(facets)
        rough = {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}[view.by]
        if (last - first).days // rough > MOST_PERIODS:
            raise OptionError(
                f"{first} to {last} has too many {view.by}s for one view; choose longer periods or less time"
            )
        a, b = view.parties
        return relation(
            self.store(facets.version), a, b, by=view.by, status=facets.status, contexts=facets.context,
            sources=facets.source, attributed=facets.asserted, min_confidence=facets.min_confidence / 100,
            from_=first, to=last, gathered=self.gathered(view),
        )  # fmt: skip

    def gathered(self, view: View) -> Gathered:
        """Return all happenings of a view's pair that its filters let through, whatever their status, type and day."""
        filters, version, parties = filters_of(view.facets), self.store(view.facets.version), view.parties

        def all_() -> Gathered:
            return self._pairs_kept.get((version.version, parties), lambda: gather(version, *parties))

        if filters == Filters():
            return all_()
        return self._pairs_kept.get((version.version, parties, filters), lambda: all_().filtered(filters))

    def measured(self, view: View) -> Measured:
        """Return the relation with the level and the breaks of the direction that is drawn."""
        key = ("measured", view.counted(), view.direction)

        def work() -> Measured:
            found = self.relation(view)
            errors = ErrorRates.from_manifest(bundled_manifest().get("errors", {}))
            return Measured(found, level(found, view.series, errors=errors), changes(found, view.series, errors=errors))

        return self.keep(view.facets.version, key, work)

    def counts(self, view: View) -> dict[str, list[tuple[str, int]]]:
        """Return how many happenings of a relation have each value of a facet (`facet_counts`)."""
        key = ("counts", view.counted())
        return self.keep(view.facets.version, key, lambda: facet_counts(self.relation(view)))

    def values(self, version: int | None = None) -> dict[str, list[tuple[str, int]]]:
        """Return how many events of the store have each type, mode, issue and status, and the sources of its reports."""

        def work() -> dict[str, list[tuple[str, int]]]:
            found: dict[str, list[tuple[str, int]]] = {}
            for name, column, table in (
                ("type", "type", "events"),
                ("mode", "type || '/' || mode", "events"),
                ("context", "context", "(SELECT unnest(contexts) AS context FROM events)"),
                ("status", "status", "events"),
            ):
                rows = self.rows(
                    f"SELECT {column} AS name, count(*) AS n FROM {table} GROUP BY 1 HAVING name IS NOT NULL"
                    " ORDER BY n DESC, name",
                    version=version,
                )
                found[name] = [(row["name"], row["n"]) for row in rows]
            return found | {"source": list(self.totals(version).sources)}

        return self.keep(version, "values", work)

    def words(self, version: int | None = None) -> Words:
        """Return the store's sentences, searchable; the index of the newest version lies beside the store."""
        store = self.store(version)
        if store is self._now:
            self._words.follow(store)
            return self._words

        def work() -> Words:
            found = Words(None)
            found.follow(store)
            return found

        return self._old_words.get(store.version, work)

    def names(self, version: int | None = None) -> Names:
        """Return the store's persons and bodies, searchable."""
        return self.keep(version, "names", lambda: Names(self.rows(NAMES, version=version)))

    def order(self, view: View) -> tuple[Happening, ...]:
        """Return the happenings of the direction that is drawn, those most worth showing first."""

        def work() -> tuple[Happening, ...]:
            found = self.relation(view)
            ids = [key for point in found.series[view.series] for key in point.ids]
            return tuple(strongest(found, ids, len(ids)))

        return self.keep(view.facets.version, ("order", view.counted(), view.direction), work)

    def told(self, view: View) -> int:
        """Return how many reports tell of a relation's happenings."""

        def work() -> int:
            found = self.relation(view)
            ids = [key for point in found.series["joint"] for key in point.ids]
            return len({report.document for key in ids for report in found.happenings[key].reports})

        return self.keep(view.facets.version, ("told", view.counted()), work)

    def network(self, first: dt.date, last: dt.date, facets: Facets) -> Network:
        """Return all pairs of a period."""
        filters, store = filters_of(facets), self.store(facets.version)
        begin, end = self.span(facets)

        def joined() -> Mapping[str, Happening]:
            return all_happenings(store, begin, end, filters=filters, status=facets.status)

        def work() -> Network:
            every = self.keep(facets.version, ("joined", begin, end, filters, facets.status), joined)
            if facets.type or facets.mode:
                every = {key: one for key, one in every.items() if facets.wants(one.type, one.mode)}
            return network(store, first, last, happenings=every)

        key = ("network", first, last, begin, end, filters, facets.status, facets.type, facets.mode)
        return self.keep(facets.version, key, work)

    def pairs(self, facets: Facets) -> tuple[Pair, ...]:
        """Return all pairs of the store, those that changed most in the last year first, thin ones last."""
        return self.keep(facets.version, ("pairs", facets), lambda: self._pairs(facets))

    def years(self, facets: Facets) -> tuple[tuple[dt.date, dt.date], tuple[dt.date, dt.date]]:
        """Return the year before the last and the last year of a view, counted back from its last day."""
        _, last = self.span(facets)
        mid = last - dt.timedelta(365)
        return (mid - dt.timedelta(364), mid), (mid + dt.timedelta(1), last)

    def _pairs(self, facets: Facets) -> tuple[Pair, ...]:
        first, last = self.span(facets)
        whole = self.network(first, last, facets)
        then, now = (self.network(*year, facets) for year in self.years(facets))
        shifts: dict[tuple[str, str], Shift] = {}
        for country in sorted({c for one in (then, now) for pair in one.joint for c in pair}):
            for shift in partners(then, now, country):
                shifts[min(country, shift.country), max(country, shift.country)] = shift
        found = []
        for (a, b), tie in whole.joint.items():
            shift_ = shifts.get((a, b))
            by_year: dict[int, list[float]] = defaultdict(list)
            for key in tie.ids:
                by_year[whole.happenings[key].day.year].append(whole.happenings[key].intensity)
            found.append(
                Pair(
                    a,
                    b,
                    tie.happenings,
                    tie.share_of_conflict,
                    shift_.before if shift_ else None,
                    shift_.after if shift_ else None,
                    shift_.change if shift_ else None,
                    shift_.low if shift_ else None,
                    shift_.high if shift_ else None,
                    shift_ is None or shift_.thin,
                    tuple((year, sum(v) / len(v), len(v)) for year, v in sorted(by_year.items())),
                )
            )
        return tuple(
            sorted(found, key=lambda p: (p.thin, -abs(p.change or 0) if not p.thin else -p.happenings, p.a, p.b))
        )

    def ledger(self, view: View) -> Ledger:
        """Return the ledger of positions of a pair."""
        facets = view.facets
        filters, store, (a, b) = filters_of(facets), self.store(facets.version), view.parties
        key = ("ledger", a, b, filters, facets.from_, facets.to)
        return self.keep(
            facets.version, key,
            lambda: ledger(
                store, a, b, filters=filters, from_=facets.from_, to=facets.to, gathered=self.gathered(view)
            ),
        )  # fmt: skip

    def documents(self, ids: Iterable[str], version: int | None = None) -> dict[str, CodedDocument]:
        """Return coded documents by id, those that are there."""
        wanted = tuple(sorted(set(ids)))
        if not wanted:
            return {}
        # The derived columns are half of a row, and no record needs them.
        query = "SELECT * EXCLUDE (digest, links, statement_links) FROM records WHERE id IN"
        query += f" ({', '.join('?' * len(wanted))})"
        return self.keep(
            version,
            ("documents", wanted),
            lambda: {row["id"]: from_json(row) for row in self.rows(query, wanted, version)},
        )


def weight(happening: Happening) -> float:
    """Return how much a happening is worth showing: its strength, how sure it is, and how many report it."""
    return abs(happening.intensity) * happening.confidence * (1 + math.log(happening.documents))


def strongest(found: Relation, ids: Iterable[str], count: int) -> list[Happening]:
    """Return the happenings most worth showing, strongest first."""
    listed = [found.happenings[key] for key in ids]
    return sorted(listed, key=lambda h: (-weight(h), h.day, h.id))[:count]


def filters_of(facets: Facets) -> Filters:
    """Return those facets that choose among reports; the others choose among happenings."""
    return Filters(facets.context, facets.source, facets.asserted, facets.min_confidence / 100)


def facet_counts(found: Relation) -> dict[str, list[tuple[str, int]]]:
    """Return how many happenings of a relation have each type, mode, issue, status and source, most first."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("type", "mode", "context", "status", "source")}
    contexts, sources = (found.rows.values_of(name) for name in ("contexts", "source"))
    for happening in found.happenings.values():
        counts["type"][happening.type] += 1
        counts["status"][happening.status] += 1
        if happening.mode:
            counts["mode"][f"{happening.type}/{happening.mode}"] += 1
        keys = [(report.document, report.event) for report in happening.reports]
        counts["context"].update({context for key in keys for context in contexts[key] or ()})
        counts["source"].update({source for key in keys if (source := sources[key])})
    return {name: sorted(count.items(), key=lambda item: (-item[1], item[0])) for name, count in counts.items()}


def slots(first: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
    """Return the years from the one of the first day to that of the last."""
    return periods(first, last, "year")
