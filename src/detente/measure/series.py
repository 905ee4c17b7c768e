"""A pair of parties → its series, directed and joint, period by period (formulas: docs/measures.md)."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from detente import plover
from detente.errors import OptionError
from detente.store.frame import Frame
from detente.store.happenings import Happening, Report, Settings, join
from detente.store.store import Store, as_day

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

By = Literal["day", "week", "month", "quarter", "year"]

SPOKEN_OF: Final[tuple[plover.Status, ...]] = ("planned", "hypothetical", "denied")
"""Statuses of acts that are spoken of and were not done."""

_PLACEABLE: Final = {"day": 7, "week": 7, "month": 31, "quarter": 92, "year": 366}


@dataclass(frozen=True, slots=True)
class Point:
    """One period of one series.

    Attributes:
        start: first day.
        end: last day.
        happenings: happenings placed in the period.
        reports: documents that report them.
        quads: happenings by quad class, in the order of `plover.QUADS`.
        types: happenings by event type, those that occur.
        cooperation: sum of the intensities above 0.
        conflict: sum of the intensities below 0, without the sign.
        net: cooperation − conflict.
        mean: mean intensity of a happening, −10 to +10; None without one.
        share_of_conflict: happenings of the two conflict quads ÷ happenings; None without one.
        read: documents read that were published in the period.
        naming: of those, documents that name both parties.
        sources: sources active in the period.
        ids: the happenings' ids, to be opened with `Relation.evidence`.
    """

    start: dt.date
    end: dt.date
    happenings: int
    reports: int
    quads: tuple[int, int, int, int]
    types: Mapping[str, int]
    cooperation: float
    conflict: float
    net: float
    mean: float | None
    share_of_conflict: float | None
    read: int
    naming: int
    sources: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """The series of a pair: "a→b", "b→a" and "joint", done (`series`) and spoken of (`spoken`, by status).

    `happenings` are all that stand behind the points, `unplaced` those whose time is told too coarsely for a
    period of this length ("over the last two years"); they count in no point.
    """

    a: str
    b: str
    by: By
    status: tuple[str, ...]
    series: Mapping[str, tuple[Point, ...]]
    spoken: Mapping[str, Mapping[str, tuple[Point, ...]]]
    happenings: Mapping[str, Happening]
    unplaced: tuple[str, ...]
    version: int | None
    rows: Mapping[tuple[str, str], Mapping[str, Any]] = field(repr=False)

    def evidence(self, ids: str | Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Return the reports behind happenings, each with its sentence, source and address.

        Args:
            ids: happening ids, or one; None for all.
        """
        wanted = [ids] if isinstance(ids, str) else list(self.happenings) if ids is None else list(ids)
        return [
            {"happening": key, **self.rows[report.document, report.event]}
            for key in wanted
            for report in self.happenings[key].reports
        ]

    def _rows(self) -> Iterator[dict[str, Any]]:
        every = [("done", self.series), *self.spoken.items()]
        for status, series in every:
            for direction, points in series.items():
                for point in points:
                    row = asdict(point)
                    quads = dict(zip((quad.replace(" ", "_") for quad in plover.QUADS), row.pop("quads"), strict=True))
                    row["types"] = dict(point.types)
                    row["ids"] = list(point.ids)
                    yield {"status": status, "direction": direction, **row, **quads}

    def arrow(self) -> pa.Table:
        """Return one row a status, direction and period; `ids` a list, types left out."""
        import pyarrow as pa

        whole, real, text = pa.int64(), pa.float64(), pa.string()
        schema = pa.schema(
            [
                ("status", text),
                ("direction", text),
                ("start", pa.date32()),
                ("end", pa.date32()),
                *((name, whole) for name in ("happenings", "reports")),
                *((quad.replace(" ", "_"), whole) for quad in plover.QUADS),
                *((name, real) for name in ("cooperation", "conflict", "net", "mean", "share_of_conflict")),
                *((name, whole) for name in ("read", "naming", "sources")),
                ("ids", pa.list_(text)),
            ]
        )
        rows = [{name: value for name, value in row.items() if name != "types"} for row in self._rows()]
        return pa.Table.from_pylist(rows, schema=schema)

    def table(self) -> Frame:
        """Return the series as a `Frame`."""
        return Frame(self.arrow())

    def pandas(self) -> pd.DataFrame:
        """Return the series as a pandas data frame."""
        return self.table().pandas()

    def polars(self) -> pl.DataFrame:
        """Return the series as a Polars data frame."""
        return self.table().polars()

    def to_json(self) -> str:
        """Return the series as one JSON object, the same text for the same store version and options."""
        rows = list(self._rows())
        for row in rows:
            row["start"], row["end"] = row["start"].isoformat(), row["end"].isoformat()
        head = {"a": self.a, "b": self.b, "by": self.by, "status": list(self.status), "version": self.version}
        return json.dumps({**head, "unplaced": list(self.unplaced), "points": rows}, ensure_ascii=False)


def period(day: dt.date, by: By) -> tuple[dt.date, dt.date]:
    """Return the first and last day of the period that holds a day; weeks begin on Monday (ISO 8601).

    Raises:
        OptionError: `by` is no period.
    """
    if by == "day":
        return day, day
    if by == "week":
        start = day - dt.timedelta(min(day.weekday(), (day - dt.date.min).days))
        return start, start + dt.timedelta(min(6, (dt.date.max - start).days))
    months = {"month": 1, "quarter": 3, "year": 12}.get(by)
    if months is None:
        raise OptionError(f"by is {by!r}; it must be one of {', '.join(get_args(By))}")
    first = (day.month - 1) // months * months + 1
    start = dt.date(day.year, first, 1)
    after = first + months
    if after > 12 and day.year == dt.MAXYEAR:
        return start, dt.date.max
    return start, dt.date(day.year + (after > 12), (after - 1) % 12 + 1, 1) - dt.timedelta(1)


def periods(first: dt.date, last: dt.date, by: By) -> list[tuple[dt.date, dt.date]]:
    """Return all periods from the one that holds `first` to the one that holds `last`."""
    found = [period(first, by)]
    while found[-1][1] < last:
        found.append(period(found[-1][1] + dt.timedelta(1), by))
    return found


def parse_party(party: str) -> tuple[str, str | None]:
    """Split "CHN" or "CHN:GOV" into country and sector.

    Raises:
        OptionError: it is neither.
    """
    country, _, sector = party.partition(":")
    if len(country) != 3 or not country.isascii() or not country.isalpha() or not country.isupper():
        raise OptionError(f"{party!r} is no party; write a country (CHN) or a sector of it (CHN:GOV)")
    if sector and sector not in plover.SECTORS:
        raise OptionError(f"{sector!r} is no sector; it must be one of {', '.join(plover.SECTORS)}")
    return country, sector or None


def _stands(row: Mapping[str, Any], role: str, party: tuple[str, str | None], groups: Collection[str]) -> bool:
    country, sector = party
    sides = zip(row[f"{role}_names"], row[f"{role}_countries"], row[f"{role}_sectors"], strict=True)
    return any((c == country and sector in (None, s)) or n in groups for n, c, s in sides)


def directions(
    row: Mapping[str, Any],
    a: tuple[str, str | None],
    b: tuple[str, str | None],
    groups_a: Collection[str] = (),
    groups_b: Collection[str] = (),
) -> tuple[bool, bool]:
    """Return whether an event goes from a to b, and from b to a; a mutual act (no recipient) goes both ways."""
    acts_a, acts_b = _stands(row, "actor", a, groups_a), _stands(row, "actor", b, groups_b)
    if not row["recipient_names"]:
        both = acts_a and acts_b and (a != b or len(row["actor_names"]) > 1)
        return both, both
    return (
        acts_a and _stands(row, "recipient", b, groups_b),
        acts_b and _stands(row, "recipient", a, groups_a),
    )


def relation(
    store: Store,
    a: str,
    b: str,
    *,
    by: By = "month",
    status: Sequence[plover.Status] = ("actual",),
    contexts: Sequence[str] = (),
    sources: Sequence[str] = (),
    attributed: bool | None = None,
    min_confidence: float = 0.0,
    from_: dt.date | str | None = None,
    to: dt.date | str | None = None,
    alliances: Mapping[str, Collection[str]] | None = None,
    settings: Settings | None = None,
) -> Relation:
    """Return how a pair stands, period by period, in both directions and jointly.

    Args:
        store: where the events are.
        a: a country ("CHN") or a sector of it ("CHN:GOV").
        b: likewise.
        by: the period: day, week, month, quarter or year.
        status: what counts as done; acts spoken of (`SPOKEN_OF`) are series of their own beside it.
        contexts: only events about one of these issues.
        sources: only documents of these sources, for denominators too (a fixed panel).
        attributed: only events that a quoted source asserts (True), or that the report itself does (False).
        min_confidence: least confidence of an event, 0 to 1.
        from_: first day; by default the first document's or placed happening's.
        to: last day, included; by default the last document's.
        alliances: names that also stand for countries ({"NATO": ["USA", …]}); by default an alliance is itself.
        settings: how reports are joined to happenings.

    Raises:
        OptionError: an option has a value that makes no sense.
    """
    one, two = parse_party(a), parse_party(b)
    if by not in _PLACEABLE:
        raise OptionError(f"by is {by!r}; it must be one of {', '.join(_PLACEABLE)}")
    for value in status:
        if value not in plover.STATUSES:
            raise OptionError(f"status is {value!r}; it must be one of {', '.join(plover.STATUSES)}")
    for context in contexts:
        if context not in plover.CONTEXTS:
            raise OptionError(f"{context!r} is no context; it must be one of {', '.join(plover.CONTEXTS)}")
    groups = [sorted(n for n, codes in (alliances or {}).items() if party[0] in codes) for party in (one, two)]
    version = store.version
    rows = _events(store, (one[0], two[0]), [*groups[0], *groups[1]], sources, contexts, attributed, min_confidence)
    ways = {
        (row["document"], row["event"]): way
        for row in rows
        if any(way := directions(row, one, two, groups[0], groups[1]))
    }
    kept = {(row["document"], row["event"]): row for row in rows if (row["document"], row["event"]) in ways}
    # A status that counts as done is not told again as spoken of.
    done = tuple(status)
    spoken_of = tuple(value for value in SPOKEN_OF if value not in done)
    happenings = {h.id: h for h in join([Report.from_row(row) for row in kept.values()], settings)}
    read = _read(store, one[0], two[0], [*groups[0]], [*groups[1]], sources)
    days, unplaced = _placed(happenings, kept, by)
    first = as_day(from_) if from_ else min((*read, *days.values()), default=None)
    last = as_day(to) if to else max((*read, *days.values()), default=None)
    slots = periods(first, last, by) if first is not None and last is not None and first <= last else []
    counts = _denominators(read, by)

    def series(statuses: Collection[str]) -> dict[str, tuple[Point, ...]]:
        chosen: dict[str, dict[dt.date, list[Happening]]] = {
            f"{a}→{b}": defaultdict(list), f"{b}→{a}": defaultdict(list), "joint": defaultdict(list)
        }  # fmt: skip
        for key, day in days.items():
            happening = happenings[key]
            if happening.status not in statuses or (first and day < first) or (last and day > last):
                continue
            flags = [ways[report.document, report.event] for report in happening.reports]
            start = period(day, by)[0]
            for direction, goes in zip(chosen, (any(f for f, _ in flags), any(t for _, t in flags), True), strict=True):
                if goes:
                    chosen[direction][start].append(happening)
        return {
            direction: tuple(_point(start, end, groups[start], counts[start]) for start, end in slots)
            for direction, groups in chosen.items()
        }

    return Relation(
        a, b, by, done, series(done), {value: series({value}) for value in spoken_of},
        happenings, unplaced, version, kept,
    )  # fmt: skip


def _events(
    store: Store,
    countries: tuple[str, str],
    groups: Sequence[str],
    sources: Sequence[str],
    contexts: Sequence[str],
    attributed: bool | None,
    min_confidence: float,
) -> list[dict[str, Any]]:
    party = "(list_contains(list_concat(actor_countries, recipient_countries), ?)"
    party += " OR list_has_any(list_concat(actor_names, recipient_names), ?::varchar[]))" if groups else ")"
    where, values = ["confidence >= ?"], [min_confidence]  # type: list[str], list[Any]
    for country in countries:
        where.append(party)
        values += [country, list(groups)] if groups else [country]
    if sources:
        where.append("list_contains(?::varchar[], source)")
        values.append(list(sources))
    if contexts:
        where.append("list_has_any(contexts, ?::varchar[])")
        values.append(list(contexts))
    if attributed is not None:
        where.append("attributed = ?")
        values.append(attributed)
    query = f"SELECT * FROM events WHERE {' AND '.join(where)} ORDER BY document, len(event), event"
    found: list[dict[str, Any]] = store.sql(query, values).to_pylist()
    return found


@dataclass(frozen=True, slots=True)
class _Read:
    documents: int
    naming: int
    sources: frozenset[str]


def _read(
    store: Store, a: str, b: str, groups_a: Sequence[str], groups_b: Sequence[str], sources: Sequence[str]
) -> dict[dt.date, _Read]:
    named = "len(list_filter(entities, lambda e: e.country = ? OR list_contains(?::varchar[], e.name))) > 0"
    where = "WHERE list_contains(?::varchar[], source)" if sources else ""
    query = (
        f"SELECT date, count(*) AS documents, count(*) FILTER ({named} AND {named}) AS naming,"
        f" list(DISTINCT source) AS sources FROM records {where} GROUP BY date ORDER BY date"
    )
    values: list[Any] = [a, list(groups_a), b, list(groups_b)]
    if sources:
        values.append(list(sources))
    return {
        row["date"]: _Read(row["documents"], row["naming"], frozenset(s for s in row["sources"] or () if s))
        for row in store.sql(query, values).to_pylist()
    }


def _placed(
    happenings: Mapping[str, Happening], rows: Mapping[tuple[str, str], Mapping[str, Any]], by: By
) -> tuple[dict[str, dt.date], tuple[str, ...]]:
    """Give each happening the day that places it; those told too coarsely are apart.

    What was done counts when it was done; what is spoken of, when it was spoken of.
    """
    days: dict[str, dt.date] = {}
    unplaced: list[str] = []
    for key, happening in happenings.items():
        if happening.status in SPOKEN_OF:
            days[key] = min(rows[r.document, r.event]["published"] for r in happening.reports)
        elif min((r.end - r.day).days for r in happening.reports) >= _PLACEABLE[by]:
            unplaced.append(key)
        else:
            # The report that tells the day most finely places the happening.
            days[key] = min(happening.reports, key=lambda r: ((r.end - r.day).days, r.day)).day
    return days, tuple(unplaced)


def _denominators(read: Mapping[dt.date, _Read], by: By) -> defaultdict[dt.date, _Read]:
    empty = _Read(0, 0, frozenset())
    found: defaultdict[dt.date, _Read] = defaultdict(lambda: empty)
    for day, one in read.items():
        start = period(day, by)[0]
        old = found[start]
        found[start] = _Read(old.documents + one.documents, old.naming + one.naming, old.sources | one.sources)
    return found


def _point(start: dt.date, end: dt.date, happenings: Sequence[Happening], read: _Read) -> Point:
    quads = Counter(plover.QUAD[h.type] for h in happenings)
    types = Counter(h.type for h in happenings)
    values = [h.intensity for h in happenings]
    cooperation = sum(value for value in values if value > 0)
    conflict = -sum(value for value in values if value < 0) or 0.0
    count = len(happenings)
    return Point(
        start=start,
        end=end,
        happenings=count,
        reports=len({report.document for h in happenings for report in h.reports}),
        quads=(quads[plover.QUADS[0]], quads[plover.QUADS[1]], quads[plover.QUADS[2]], quads[plover.QUADS[3]]),
        types={name: types[name] for name in plover.TYPES if types[name]},
        cooperation=float(cooperation),
        conflict=float(conflict),
        net=float(cooperation - conflict),
        mean=sum(values) / count if count else None,
        share_of_conflict=(quads["verbal conflict"] + quads["material conflict"]) / count if count else None,
        read=read.documents,
        naming=read.naming,
        sources=len(read.sources),
        ids=tuple(h.id for h in happenings),
    )
